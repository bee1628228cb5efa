"""The comparison with the peers: its table of peers is whole, and a result becomes a table and a picture."""

from dataclasses import replace
from io import StringIO
from xml.etree import ElementTree as ET

from rich.console import Console

from tests.bench.peers.measuring import PeerFailed, Run, in_turn
from tests.bench.peers.plot import draw
from tests.bench.peers.report import fastest_first, show
from tests.bench.peers.table import PEERS, PROGRAMS

RUN = Run(3_000, 900.0, 300.0, 4.0, {"client": 4.0}, 150.0, {"client": 150.0}, 12.0, 34.0)

RUNS = {
    "a <slow> peer": [RUN, replace(RUN, completed_per_second=200.0), RUN],
    "Turnup, SQLite": [replace(RUN, completed_per_second=3_000.0, cpu_per_operation=0.5)],
}


def test_every_peer_has_a_program_and_pins_what_it_needs() -> None:
    for peer in PEERS:
        assert (PROGRAMS / f"{peer.program}.py").exists()
        lines = peer.requirements.read_text(encoding="utf-8").split()
        assert lines
        assert all("==" in line for line in lines)


def test_every_program_belongs_to_a_peer() -> None:
    pinned = {path.stem for path in PROGRAMS.glob("*.txt")}
    assert pinned == {peer.program for peer in PEERS}


def test_no_two_peers_share_a_name() -> None:
    assert len({peer.name for peer in PEERS}) == len(PEERS)


def test_the_systems_stand_in_the_order_of_their_speed_with_their_spread() -> None:
    found = fastest_first(RUNS)
    assert list(found) == ["Turnup, SQLite", "a <slow> peer"]
    assert found["a <slow> peer"]["completed_per_second"].told() == "300 [200-300]"


def test_the_table_says_who_was_not_measured_and_why() -> None:
    console = Console(file=StringIO(), width=120)
    show(console, fastest_first(RUNS), {"another": "needs [another] Python"})
    assert isinstance(console.file, StringIO)
    told = console.file.getvalue()
    assert "300 [200-300]" in told
    assert "another: not measured: needs [another] Python" in told


def test_the_picture_has_a_bar_for_each_figure_as_long_as_it_is_large() -> None:
    picture = ET.fromstring(draw(fastest_first(RUNS), "two cores & more"))  # noqa: S314  our own
    bars = [each for each in picture.iter() if each.tag.endswith("rect")]
    ours, slow = [float(each.get("width", 0)) for each in bars[:2]]
    assert len(bars) == 4
    assert round(ours / slow) == 10
    texts = [each.text for each in picture.iter() if each.tag.endswith("text")]
    assert "a <slow> peer" in texts
    assert "two cores & more" in texts


def test_who_fails_is_left_out_with_his_reason_and_the_others_go_on_in_turn() -> None:
    told: list[str] = []
    answers = iter([RUN])

    def fail_the_second_time() -> Run:
        if run := next(answers, None):
            return run
        raise PeerFailed("the end of a log")

    runs, failed = in_turn({"one": fail_the_second_time, "two": lambda: RUN}, 3, told.append)
    assert runs == {"two": [RUN, RUN, RUN]}
    assert failed == {"one": "the end of a log"}
    assert [line.split(":")[0] for line in told] == [
        "round 1, one",
        "round 1, two",
        "round 2, one",
        "round 2, two",
        "round 3, two",
    ]
