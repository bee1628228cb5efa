"""How mails, and another system's ticket, are shown to people."""

from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console, RenderableType

from deploy.display.operation import notices_sent, ticket_whole
from deploy.display.screen import say
from schema.views import NoticeSent, RemoteTicket, Ticket

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def shown(what: RenderableType) -> str:
    """Return what a terminal of 120 columns shows."""
    console = Console(width=120, no_color=True)
    with console.capture() as capture:
        console.print(what)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def mail(state: str, **changes: object) -> NoticeSent:
    """Return a mail."""
    given = {
        "channel": "mail",
        "template": "deletion_code",
        "to": "g***@acme.example",
        "state": state,
        "tries": 1,
    }
    nothing = {"due_at": None, "sent_at": None, "said": None}
    return NoticeSent.model_validate({**given, **nothing, **changes})


def test_mails_are_shown_with_their_state_and_time_and_what_stopped_them() -> None:
    hour = timedelta(hours=1)
    mails = [
        mail("sent", sent_at=NOW - hour, said="taken"),
        mail("waiting", due_at=NOW + hour, tries=3, said="450 busy"),
        mail("dead", said="550 no such user"),
    ]
    assert shown(notices_sent(mails, NOW)).splitlines() == [
        "  deletion code  g***@acme.example  sent     2026-05-04 11:00:00Z  1h ago",
        "  deletion code  g***@acme.example  waiting  3 tries, next 2026-05-04 13:00:00Z  in 1h  450 busy",
        "  deletion code  g***@acme.example  dead       550 no such user",
    ]


def test_a_ticket_is_shown_with_the_number_that_it_has_over_there() -> None:
    there = RemoteTicket(number="INC-7", state="in progress", url="https://desk.example/7", at=NOW)
    ticket = Ticket(
        id="tkt_1",
        operation="op_1",
        desk="provider_support",
        reference="acme/one",
        severity="normal",
        state="open",
        title="late",
        body="all of it",
        opened_at=NOW,
        resolved_at=None,
        remote=there,
        comments=(),
    )
    told = "over there  INC-7, in progress  2026-05-04 12:00:00Z  now  https://desk.example/7"
    assert told in shown(ticket_whole(ticket, NOW))


@pytest.mark.parametrize("terminal", ["", "1"])
def test_what_stands_between_colons_is_no_picture(
    terminal: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", terminal)
    say("the address is 00:50:c2:ab:cd:ef")
    assert capsys.readouterr().out == "the address is 00:50:c2:ab:cd:ef\n"
