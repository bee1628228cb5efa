"""Which customers may have been meant by a name that nobody has, of those whom the asker may see (CO-7)."""

from collections.abc import Sequence
from difflib import get_close_matches

from sqlalchemy import Connection, select

from schema.asker import Asker
from schema.errors import Fault, Refusal
from schema.tables import customer, partnership

#: So many names on either side of the wrong one are looked at: whoever slips keeps the first letters.
NEAR = 20

#: So many are named.
CLOSEST = 3


def unknown_customer(name: str, closest: Sequence[str], said: tuple[str, str]) -> Refusal:
    """Return the refusal of a name that no customer has; `said` is where it stood and what is to be done."""
    pointer, advice = said
    guess = f"did you mean {', '.join(closest)}?" if closest else ""
    detail = "; ".join(filter(None, (f"there is no customer {name}", advice, guess)))
    facts = {"closest": list(closest)} if closest else {}
    return Refusal("unknown_customer", 404, detail, (Fault(pointer, detail),), facts)


def near_customers(connection: Connection, asker: Asker, name: str) -> list[str]:
    """Return up to three names that are much like this one."""
    if asker.role == "admin":
        return get_close_matches(name, [asker.customer or ""], n=CLOSEST)
    is_partner = asker.role == "partner"
    column = partnership.c.customer if is_partner else customer.c.name
    mine = [partnership.c.partner == asker.customer] if is_partner else []
    found: list[str] = []
    for side, order in ((column >= name, column.asc()), (column < name, column.desc())):
        query = select(column).where(side, *mine).order_by(order).limit(NEAR)
        found += connection.scalars(query)
    return get_close_matches(name, found, n=CLOSEST)
