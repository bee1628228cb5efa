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


def test_a_single_command_goes_before_the_rest_of_a_bulk() -> None:
    room = Room(200)
    room.note(range(100))
    room.note(range(100, 200))
    room.note([7_000])
    assert room.next_to_claim(5) == (0, 100, 7_000, 1, 101)


def test_who_is_offered_again_further_in_front_goes_sooner_and_never_later() -> None:
    room = Room(10)
    room.note([1, 2, 3, 4])
    room.note([4, 1])
    assert room.next_to_claim(10) == (1, 4, 2, 3)


def test_of_too_much_the_end_of_a_bulk_is_forgotten_and_not_a_single_command() -> None:
    room = Room(2)
    room.note([1, 2, 3, 4])
    room.note([5])
    room.note([6])
    claimed(room, 1, 5)
    room.leave(1, again=False)
    room.leave(5, again=False)
    assert room.next_to_claim(10) == (6, 2)
    assert not room.wants()
