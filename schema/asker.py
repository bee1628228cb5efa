"""Who asks, and for whom: operators for every customer, Admins for their own, partners for their customers (CO-7)."""

from dataclasses import dataclass, replace
from typing import Literal

from schema.customer import Customer
from schema.errors import Refusal

Role = Literal["operator", "admin", "partner"]

#: Who asks where nobody is named.
SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody at a door; whoever `is_proven` by a key acts under its name, and no other is believed.

    `customer` is whose Admin he is, or which partner; None for an operator.
    """

    name: str = SYSTEM
    role: Role = "operator"
    customer: str | None = None
    is_proven: bool = False

    def named(self, said: str | None) -> "Asker | Refusal":
        """Return the asker under the name that a request says; only an operator's system says another's."""
        if said is None or said == self.name:
            return self
        if not self.is_proven:
            return replace(self, name=said)
        if self.role == "operator":
            return replace(self, name=f"{self.name} for {said}")
        return forbidden(f"{self.name} asks, and cannot ask as {said}")


#: Somebody without a key, where none is asked for: his word is believed.
ANYBODY = Asker()


def may(asker: Asker, customer: Customer, name: str) -> bool:
    """Return whether somebody may command, and read, what belongs to the customer of this name (CO-7, CP-10)."""
    match asker.role:
        case "operator":
            return True
        case "admin":
            return asker.customer == name
        case "partner":
            return asker.customer in customer.partners


def is_admin(asker: Asker, customer: Customer) -> bool:
    """Return whether somebody who may ask for a customer is one of his Admins, by key or by the name he acts under."""
    name = asker.name.rpartition(" for ")[2].casefold()
    return asker.role == "admin" or name in {each.email.casefold() for each in customer.admins}


def forbidden(detail: str) -> Refusal:
    """Return the refusal of somebody who may not."""
    return Refusal("forbidden", 403, detail)


def not_yours(asker: Asker, customer: str) -> Refusal:
    """Return the refusal of somebody who asks for another's."""
    return forbidden(f"{asker.name} may not ask for {customer}")
