"""How operations may begin, move their services and end, as the model knows it (CO-3, CO-5, CO-10, CO-13)."""

from datetime import datetime, timedelta

from tests.model.plain import Asked, Plain, PlainService
from tests.model.plain_codes import VALID
from tests.model.plain_product import two_business_days

#: An expired code ends its deletion without a ticket; what nobody confirms is late only after that.
LATER = timedelta(minutes=15)


def begin(plain: Plain, key: int) -> None:
    """Note that work on an operation has begun; what was asked for later is allowed only if it still is (CO-13)."""
    asked = plain.asked[key]
    if asked.has_begun:
        return
    asked.has_begun = True
    service = plain.services[asked.ask.reference]
    is_first = asked.ask.verb == asked.ask.product.maker and "new" in service.seen
    takes = {asked.verb.takes.get(state) for state in service.seen}
    assert is_first or "accepted" in takes, f"begun in {service.seen}: {asked}"


def move(plain: Plain, key: int, after: str) -> None:
    """Note that an operation has moved its service: only where its verb may take it."""
    asked = plain.asked[key]
    service, verb = plain.services[asked.ask.reference], asked.verb
    allowed = {verb.during, verb.on_the_way, undone_to(asked)}
    allowed |= {verb.beyond} if asked.is_past else set()
    if asked.given_up is None:
        allowed |= {verb.done_in(service.state), *verb.finds}
    assert after in allowed, f"moved to {after}, not to one of {allowed}: {asked}"
    asked.moved_to = after
    service.move(after)
    if after == "deleted":
        give_back(plain, asked.ask.reference)


def give_back(plain: Plain, reference: str) -> None:
    """Note that a service is deleted: all that it had goes back (CO-10), and its codes are void (ML-8)."""
    service = plain.services[reference]
    service.phone.set_all("void")
    if service.product.has_pool:
        plain.pools[service.product.name].takers.discard(reference)
    plain.things.free(reference)
    for takers in plain.places.values():
        takers.discard(reference)
    plain.numbers = {each: who for each, who in plain.numbers.items() if who != reference}


def undone_to(asked: Asked) -> str | None:
    """Return where an undone operation leaves its service; None where it had not moved it (CO-10)."""
    if asked.before == "new":
        return "deleted"
    return asked.verb.undone or (asked.before if asked.verb.during else None)


def end(plain: Plain, key: int, row: dict[str, object], now: datetime) -> None:
    """Note how an operation ended, if it may have ended so."""
    asked = plain.asked[key]
    asked.ended, asked.reason = str(row["state"]), row["reason"]  # type: ignore[assignment]
    plain.things.end(asked.ask.reference, key, is_kept=asked.ended == "succeeded")
    service = plain.services[asked.ask.reference]
    wanted: set[str | None]
    match asked.ended:
        case "succeeded" if row["outcome"] == "already":
            takes = {asked.verb.takes.get(state) for state in service.seen}
            assert "already" in takes or asked.verb.guard, f"it was not so: {asked}"
            return
        case "succeeded":
            assert asked.given_up is None, f"done in spite of a cancel: {asked}"
            assert not asked.verb.asks_for_code or asked.is_past, f"not confirmed: {asked}"
            done = asked.verb.done
            wanted = {done, *asked.verb.finds} if isinstance(done, str) else set()
        case "cancelled":
            _see_given_up(plain, asked)
            wanted = {undone_to(asked)}
            if asked.verb.hands_over and asked.reason == "superseded":
                wanted = {None, *wanted}
        case _:
            _see_failed(plain, key, now)
            wanted = {undone_to(asked)}
    has_moved = asked.has_begun or asked.before == "new"
    is_there = asked.moved_to in wanted or service.seen & wanted
    is_free = not wanted or None in wanted or not has_moved
    assert is_free or is_there, f"it left its service in {service.seen}: {asked}"


def _see_given_up(plain: Plain, asked: Asked) -> None:
    """See that what ended cancelled was given up, for the reason that it says."""
    if asked.given_up is None:
        others = (
            each for each in plain.asked.values() if each.ask.reference == asked.ask.reference
        )
        replacing = [each for each in others if each.ask.verb in asked.verb.replaced_by]
        assert any(each.is_later for each in replacing), f"nobody wanted it: {asked}"
        asked.given_up = "superseded"
    assert (asked.reason or "") == asked.given_up, asked


def _see_failed(plain: Plain, key: int, now: datetime) -> None:
    """See that an operation failed for something that has happened."""
    asked = plain.asked[key]
    service = plain.services[asked.ask.reference]
    assert not asked.is_past, f"failed past its point of no return: {asked}"
    match asked.reason:
        case "expired":
            code = plain.codes.codes[key]
            assert code.has_expired(now), f"expired too early: {asked}"
        case "state_changed" if asked.has_begun and asked.ask.reference in plain.moved:
            pass
        case "state_changed":
            _see_refused_at_start(plain, asked, service)
        case "rejected":
            assert asked.verb.needs_code, asked
            assert service.phone.stands(now) != "valid", asked
        case _:
            assert asked.ask.product.name in plain.refused, f"nothing was refused: {asked}"


def _see_refused_at_start(plain: Plain, asked: Asked, service: PlainService) -> None:
    """See that what had to wait for its start met something that forbade it then (CO-1, CO-13)."""
    assert not asked.has_begun, f"it was allowed when it began: {asked}"
    refuses = {state for state in service.seen if asked.verb.takes.get(state) != "accepted"}
    others = [each for each in plain.asked.values() if each.ask.reference == asked.ask.reference]
    assert refuses or len(others) > 1 or asked.verb.guard, f"nothing was in its way: {asked}"


def deadlines_of(plain: Plain, key: int) -> list[datetime]:
    """Return the deadlines that an operation has had, as far as none was missed; the last one counts (CO-9)."""
    asked = plain.asked[key]
    found = [asked.verb.limit(asked.ask.starts_at)]
    found += [asked.alarm_at] if asked.alarm_at else []
    if code := plain.codes.codes.get(key):
        found += [each + VALID + LATER for each in sorted(code.mailed)]
        found += [two_business_days(code.used_at)] if code.used_at else []
    elif asked.verb.waits_for_people:
        phone = plain.services[asked.ask.reference].phone
        found += [each.expires_at for each in phone.codes if each.operation != key]
    return found
