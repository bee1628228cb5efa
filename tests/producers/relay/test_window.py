"""Of each owner record one event is under way at a time, and all others go on."""

from datetime import UTC, datetime

from producers.relay.window import Window
from schema.store.outbox import OutgoingEvent


def an_event(key: int, owner: int, sequence: int = 1) -> OutgoingEvent:
    """Return an event of an operation."""
    return OutgoingEvent(
        id=key,
        kind=0,
        owner=owner,
        number=sequence,
        sequence=sequence,
        event="waiting",
        at=datetime(2026, 3, 1, tzinfo=UTC),
        why=None,
        before=None,
        state="waiting",
        step=None,
        product="cloud_pbx",
        customer="acme",
        reference="pbx",
        service_id=owner,
        operation=None,
        verb="activate",
        deadline_at=None,
        reason=None,
        outcome=None,
        ticket=None,
        actor=None,
        correlation_id=None,
    )


def sent(window: Window) -> list[int]:
    """Send all that may be sent, and return the ids."""
    ids = []
    while event := window.next():
        ids.append(event.id)
    return ids


def a_window(*owners: int, size: int = 100) -> Window:
    """Return a window with events of these owners, numbered from 1."""
    window = Window(size)
    window.add(an_event(key, owner) for key, owner in enumerate(owners, 1))
    return window


def test_the_next_event_of_an_owner_record_waits_for_the_confirm_of_the_one_before() -> None:
    window = a_window(7, 7, 8, 7)
    assert sent(window) == [1, 3]
    assert (window.waiting, window.unconfirmed) == (2, 2)
    assert window.confirm(1, up_to=False) == [1]
    assert sent(window) == [2]
    assert window.confirm(3, up_to=True) == [3, 2]
    assert sent(window) == [4]


def test_an_operation_and_a_service_with_the_same_key_are_two_owner_records() -> None:
    window = a_window(7)
    service = an_event(2, 7)._replace(kind=1)
    window.add([service])
    assert sent(window) == [1, 2]


def test_no_more_than_its_size_is_under_way() -> None:
    window = a_window(1, 2, 3, 4, size=2)
    assert sent(window) == [1, 2]
    window.confirm(2, up_to=True)
    assert sent(window) == [3, 4]


def test_what_was_refused_is_sent_again_before_what_came_later() -> None:
    window = a_window(1, 2, 3, 1, size=2)
    assert sent(window) == [1, 2]
    assert window.refuse(2, up_to=True) == 2
    assert (window.waiting, window.unconfirmed) == (4, 0)
    assert sent(window) == [1, 2]


def test_a_confirmed_event_is_known_until_its_row_is_gone() -> None:
    window = a_window(1, 2)
    sent(window)
    window.confirm(1, up_to=False)
    assert window.known() == {1, 2}
    window.forget([1])
    assert window.known() == {2}


def test_a_new_link_begins_with_nothing_but_what_was_confirmed() -> None:
    window = a_window(1, 1, 2)
    sent(window)
    window.confirm(1, up_to=False)
    window.clear()
    assert window.known() == {1}
    assert (window.waiting, window.unconfirmed, sent(window)) == (0, 0, [])
    window.add([an_event(2, 1)])
    assert sent(window) == [2]
    assert window.confirm(1, up_to=False) == [2]


def test_an_answer_to_an_unknown_tag_changes_nothing() -> None:
    window = a_window(1)
    sent(window)
    assert window.confirm(9, up_to=False) == []
    assert window.refuse(9, up_to=False) == 0
    assert window.unconfirmed == 1
