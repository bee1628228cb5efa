"""Lines of a file."""

from producers.files import BadLine, EventLine, read_lines


def test_good_lines_are_read_and_bad_ones_named_with_their_number() -> None:
    lines: list[str | bytes] = [
        '{"id": 1}\n',
        "\n",
        "{nonsense\n",
        b'"\xff"\n',
        "NaN",
        "[" * 100_000,
        "9" * 5000,
        "[]",
    ]
    read = list(read_lines(lines))
    assert [each.number for each in read] == [1, 3, 4, 5, 6, 7, 8]
    assert [each.event for each in read if isinstance(each, EventLine)] == [{"id": 1}, []]
    bad = [each.refusal for each in read if isinstance(each, BadLine)]
    assert {refusal.reason for refusal in bad} == {"malformed"}
    assert [refusal.detail.partition(": ")[2] for refusal in bad] == [
        "Expecting property name enclosed in double quotes at column 2",
        "byte 2 is not UTF-8",
        "NaN is no JSON",
        "it is nested too deeply",
        "a number in it is too long",
    ]


def test_a_member_that_is_said_twice_is_refused_by_its_name() -> None:
    (line,) = read_lines([b'{"data": {"name": "a", "name": "b"}}'])
    assert isinstance(line, BadLine)
    assert "'name' is said twice in one object" in line.refusal.detail
