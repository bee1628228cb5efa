"""What the state of a service, and what is under way on it, forbid (CO-1, CO-8)."""

from dataclasses import replace

from schema.command import rfc3339
from schema.errors import Refusal
from schema.ids import public_id
from schema.lifecycle import NEW, Cell, Product, refusal_in
from schema.store.known import Held, UnderWay
from schema.store.moments import moment
from schema.store.order import Order


def refuse_state(order: Order, product: Product, held: Held | None) -> Refusal | None:
    """Return why the service's state or another operation forbids the order (CO-1, CO-8)."""
    verb = product.verbs[order.verb]
    if held is not None and held.product != order.product:
        detail = f"the reference belongs to a service of {held.product}"
        return Refusal("reference_taken", 409, detail, facts={"product": held.product})
    state = held.state if held else None
    is_busy = state is not None and verb.takes.get(state) is Cell.BUSY
    if not is_busy and (refusal := refusal_in(product, verb, state)):
        if held and state == NEW and held.under_way:
            # A service without a state of its own names what it waits for, as one that is busy (CO-10).
            return replace(_busy(product, NEW, held.under_way[0]), reason=refusal.reason)
        return refusal
    for each in held.under_way if held else ():
        lets = each.lets_through(product, order.verb) or each.gives_way(product, order.verb)
        if lets and not is_busy:
            continue
        return _busy(product, state or NEW, each)
    return refusal_in(product, verb, state)


def _busy(product: Product, state: str, under_way: UnderWay) -> Refusal:
    """Return the refusal that names the operation under way and until when it has time (CO-8)."""
    operation, until = public_id("op", under_way.key), rfc3339(moment(under_way.deadline_at))
    detail = (
        f"{under_way.verb} {operation} is under way on this service until {until} at the latest"
    )
    verb = product.verbs.get(under_way.verb)
    waits_for_code = verb is not None and verb.confirmable and under_way.is_waiting
    if waits_for_code and not under_way.is_leaving:
        detail += f"; cancel the {under_way.verb} first"
    facts = {
        "state": state,
        "allowed": list(product.allowed(state)),
        "operation": operation,
        "deadline": until,
    }
    return Refusal("busy", 409, detail, facts=facts)
