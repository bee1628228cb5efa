"""People of a script: who does what for a service, and when; what `POST /people` may say."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from workers.simulator.clock import as_text
from workers.simulator.faults import Duration, as_timedelta
from workers.simulator.problems import checked, problem
from workers.simulator.rows import Json, Part
from workers.simulator.vendor import Action, Vendor

Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Service = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,80}/[A-Za-z0-9._-]{1,80}$")]

#: The code of a mail that asks to be confirmed: eight digits on a line of their own.
CONFIRMATION = r"(?m)^\s*([0-9]{8})\s*$"

#: What people do at Turnup's own door, and what they have to find in a mail for it.
AT_OUR_DOOR: Mapping[str, str] = {
    "confirm": CONFIRMATION,
    "mistype": CONFIRMATION,
    "cancel": "",
    "reveal": "",
}

#: Who is said to do this does nothing: what people else do by themselves does not happen.
NOTHING = "nothing"


class Person(BaseModel):
    """Who does what for a service, and when: at a time, after a mail, or after what was asked of the vendor."""

    model_config = ConfigDict(extra="forbid", strict=True, title="turnup.simulator.person.data")
    service: Service = Field(description="`<customer>/<service reference>`")
    who: Text = Field(description="His mail address, or what he is called")
    does: Text = Field(
        description="confirm (by the code in the mail), mistype (confirm by a wrong one), cancel, reveal, "
        "nothing, or what a vendor lets people do, such as scan, take, say_failed"
    )
    mail: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        None, description="He waits for this mail to him about the service that has what he needs"
    )
    call: Text | None = Field(
        None, description="He waits until Turnup has asked this of the vendor for the service"
    )
    after: Duration = Field(0, description="How much later he does it: 20m, 4h, 2d, or seconds")
    at: Annotated[AwareDatetime, Field(strict=False)] | None = Field(
        None, description="From when on he counts, or waits; else from the time of the line, or now"
    )


@dataclass(frozen=True)
class Deed:
    """Something that people can do: at our door, or at that of a vendor."""

    name: str
    #: What is looked for in the mail; the group in it is the code. Empty: nothing is needed.
    reads: str
    #: The vendor and the action; None at our own door.
    product: str | None = None
    action: Action | None = None

    def code_in(self, text: str) -> str | None:
        """Find what is needed in a mail; None if it is not there, the empty text if nothing is needed."""
        if not self.reads:
            return ""
        found = re.search(self.reads, text)
        return found.group(1) if found else None


def deeds(vendors: Mapping[str, Vendor]) -> dict[str, Deed]:
    """Tell everything that people can do, by name."""
    found = {name: Deed(name, reads) for name, reads in {**AT_OUR_DOOR, NOTHING: ""}.items()}
    for product, vendor in vendors.items():
        for action in vendor.actions:
            if action.is_for_people:
                found[action.name] = Deed(action.name, action.reads, product, action)
    return found


def read_person(body: Json, now: str, vendors: Mapping[str, Vendor]) -> Part:
    """Read the body of `POST /people`; raise ProblemsError with everything that is wrong."""
    problems = _wrong_deed(body, vendors) + _wrong_call(body, vendors)
    person = checked(lambda: Person.model_validate(body), problems)
    at = as_text(person.at) if person.at else now
    after = as_timedelta(person.after).total_seconds()
    told = (person.service, person.who, person.does)
    return Part(*told, at=at, after=after, mails=person.mail, call=person.call)


def _wrong_deed(body: Json, vendors: Mapping[str, Vendor]) -> list[Json]:
    does, known = body.get("does"), deeds(vendors)
    if not isinstance(does, str):
        return []
    if does not in known:
        return [problem("does", f"nobody can do this; one of {', '.join(sorted(known))}")]
    if does in AT_OUR_DOOR and known[does].reads and body.get("mail") is None:
        return [problem("mail", f"whoever does {does} needs a mail with the code: 1 for the first")]
    return []


def _wrong_call(body: Json, vendors: Mapping[str, Vendor]) -> list[Json]:
    call = body.get("call")
    if call is None:
        return []
    known = {each.name for vendor in vendors.values() for each in vendor.actions if each.has_effect}
    found: list[Any] = []
    if body.get("mail") is not None:
        found.append(problem("call", "a person waits for a mail or for a call, not for both"))
    if isinstance(call, str) and call not in known:
        found.append(problem("call", f"no vendor is asked this; one of {', '.join(sorted(known))}"))
    return found
