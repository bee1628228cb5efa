"""A business line on the user's own mobile phone, by eSIM: what can be asked of it, and until when (ML-1 to ML-9)."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from schema.asking import Takes, Wanted
from schema.calendar import days, minutes
from schema.command import Command, Email
from schema.lifecycle import Cell, Moves, Product, Verb, row
from schema.telephone import E164

STATES = ("new", "activation_pending", "online", "offline", "deleted")

Y, N, ALREADY = Cell.YES, Cell.NO, Cell.ALREADY

Text80 = Annotated[str, StringConstraints(min_length=1, max_length=80)]

#: What makes the line work on a phone: an SGP.22 activation code (ML-2), revealed once (ML-3).
ACTIVATION_CODE = "activation_code"

#: What may be done about a code while the line waits for the phone (CO-8).
BESIDE_ACTIVATE = frozenset({"reissue_code", "report_lost", "send_code", "refresh"})

ON_THE_PHONE = (
    "the line is on a phone: first remove it there, then ask for a new code; "
    "for a lost phone use report_lost"
)
CODE_USED = "the code is used: the line is on a phone"


class Activate(Command):
    """Make the line and its code, and wait until the user has it on the phone (ML-1)."""

    user: Text80
    email: Email
    number: E164


class ReissueCode(Command):
    """Make a new code; every earlier one becomes invalid (ML-5)."""

    reason: Literal["does_not_work", "expired", "never_received", "new_phone"] | None = None


class ReportLost(Command):
    """Stop the line on a lost or stolen phone, and make a code for the next one (ML-7)."""

    to_admin_only: bool = False


class SendCode(Command):
    """Mail the code once more, also to a corrected address (ML-3)."""

    email: Email | None = None


class Refresh(Command):
    """Read the line's status from the platform now (ML-9)."""


class Delete(Command):
    """Stop business calls and end the line for good (ML-8)."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None


PRODUCT = Product(
    name="mobile_line",
    title="Mobile line",
    desk="mobile_line",
    states=STATES,
    verbs={
        "activate": Verb(
            Activate,
            #               new  activation_pending online offline deleted
            takes=row(STATES, N, N, N, N, N),
            # Whoever disables the line before we saw it enabled has it on the phone.
            moves=Moves(
                during="activation_pending", done="online", finds=frozenset({"online", "offline"})
            ),
            limit=days(90),
            severity="low",
            creates=True,
            wants=lambda asked: Takes(numbers=(Wanted(asked.fields["number"], "number"),)),
            through=BESIDE_ACTIVATE,
            replaced_by=frozenset({"delete"}),
            steps=("create_line", "order_profile", "make_code", "release_code", "await_phone"),
        ),
        "reissue_code": Verb(
            ReissueCode,
            takes=row(STATES, N, Y, N, N, N),
            moves=Moves(),
            limit=minutes(15),
            reasons={"online": ON_THE_PHONE, "offline": ON_THE_PHONE},
            steps=("order_profile", "cancel_earlier_profile", "make_code", "release_code"),
        ),
        "report_lost": Verb(
            ReportLost,
            takes=row(STATES, N, Y, Y, Y, N),
            moves=Moves(done="activation_pending"),
            limit=minutes(15),
            steps=(
                "stop_calls",
                "order_profile",
                "cancel_earlier_profile",
                "make_code",
                "allow_calls",
                "release_code",
            ),
        ),
        "send_code": Verb(
            SendCode,
            takes=row(STATES, N, Y, N, N, N),
            moves=Moves(),
            limit=minutes(15),
            needs=ACTIVATION_CODE,
            reasons={"online": CODE_USED, "offline": CODE_USED},
            steps=("mail_code",),
        ),
        "refresh": Verb(
            Refresh,
            takes=row(STATES, N, Y, Y, Y, N),
            moves=Moves(finds=frozenset({"activation_pending", "online", "offline"})),
            limit=minutes(15),
            steps=("read_status",),
        ),
        "delete": Verb(
            Delete,
            takes=row(STATES, N, Y, Y, Y, ALREADY),
            moves=Moves(done="deleted"),
            limit=minutes(15),
            steps=("stop_calls", "cancel_earlier_profile", "remove_line"),
        ),
    },
    cancel={"new": Y, "activation_pending": Y, "online": Y, "offline": Y},
    billed=frozenset({"activation_pending", "online", "offline"}),
    shown={
        "number": frozenset({"activation_pending", "online", "offline"}),
        "iccid": frozenset({"activation_pending", "online", "offline"}),
    },
    hears={
        "installed": {},
        "enabled": {"activation_pending": "online", "offline": "online"},
        "disabled": {"activation_pending": "offline", "online": "offline"},
        "removed": {"online": "activation_pending", "offline": "activation_pending"},
        "expired": {},
    },
    heard_of="iccid",
    logs_in_with=("number",),
    renewed_by={ACTIVATION_CODE: "reissue_code"},
    uses={"installed": ACTIVATION_CODE, "enabled": ACTIVATION_CODE, "disabled": ACTIVATION_CODE},
    expires={"expired": ACTIVATION_CODE},
    takes_entitlement=True,
    call_mark="MOBILE_NETWORK",
    rules={
        "ML-1": "activate takes an entitlement, makes a code and waits for the phone",
        "ML-2": "the user gets a QR code, and what Apple and Android phones want instead (SGP.22)",
        "ML-3": "the code is mailed to the user, and revealed to the Admin once",
        "ML-4": "a code works once, for 90 days; expired, a ticket of low severity",
        "ML-5": "reissue_code only while the line is on no phone; every earlier code is void",
        "ML-6": "the platform tells what the phone did; old news and other profiles change nothing",
        "ML-7": "report_lost disables the line on the lost phone, then makes a new code",
        "ML-8": "delete voids codes, returns the entitlement once, and tells the user",
        "ML-9": "the state comes from the user view; the device view means unknown",
        "ML-10": "a call history is read in: marked, matched by number and time, the rest listed",
    },
)
