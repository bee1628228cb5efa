"""A product's room: what was offered, what is in flight, and what is looked at again."""

from workers.room import Room


def claimed(room: Room, *got: int) -> None:
    """Claim what comes next, and get these."""
    room.next_to_claim(room.size)
    room.enter(got)


def test_no_more_is_claimed_than_fits_in() -> None:
    room = Room(2)
    room.note([1, 2, 3])
    assert room.next_to_claim(10) == (1, 2)
    room.enter([1, 2])
    assert not room.wants()
    room.leave(1, again=False)
    assert room.next_to_claim(10) == (3,)


def test_an_offer_is_remembered_up_to_twice_the_room() -> None:
    room = Room(2)
    room.note(range(10))
    seen: list[int] = []
    while room.wants():
        chosen = room.next_to_claim(2)
        room.enter(chosen)
        seen += chosen
        for key in chosen:
            room.leave(key, again=False)
    assert seen == [0, 1, 2, 3]


def test_what_is_offered_twice_is_claimed_once() -> None:
    room = Room(4)
    room.note([1, 1, 2])
    assert room.next_to_claim(4) == (1, 2)


def test_what_is_offered_while_it_is_in_flight_is_looked_at_again() -> None:
    room = Room(4)
    room.note([1])
    claimed(room, 1)
    room.note([1])
    assert not room.wants()
    room.leave(1, again=False)
    assert room.next_to_claim(4) == (1,)


def test_what_has_news_is_looked_at_again() -> None:
    room = Room(4)
    room.note([1])
    claimed(room, 1)
    room.leave(1, again=True)
    assert room.next_to_claim(4) == (1,)


def test_what_a_claim_did_not_get_leaves_its_place() -> None:
    room = Room(2)
    room.note([1, 2])
    claimed(room, 2)
    assert room.in_flight == {2}


def test_nothing_is_claimed_while_a_claim_is_under_way() -> None:
    room = Room(2)
    room.note([1])
    room.is_claiming = True
    assert not room.wants()
