"""A whole run with every kind of secret, over the real roles; then every place is searched for every one (I8, CO-4)."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pika
import pytest

from tests.servers.rabbit import RabbitServer
from tests.system.client import Refused
from tests.system.conftest import MakeFleet
from tests.system.fleet import BRISK, EVERYBODY, Fleet
from tests.system.orders import Command, customer
from tests.system.process import run_turnup
from tests.system.publisher import QUEUE, channel_to
from tests.system.secrecy import Haul, codes_in, mails_in, matching_ids, tables_of
from tests.system.stage import Stage, on_stage
from tests.system.tracing import Trace
from tests.system.waiting import until
from tests.workers.channels.small_desk import SECRET as DESK_SECRET
from tests.workers.channels.small_desk import SmallDesk, at_work

#: Passwords that only a database and a broker may know.
DATABASE_PASSWORD, BROKER_PASSWORD = "pg-Kq7/wo+9=xZ", "mq-Ht5/va+2=yB"

#: So that a broker's user and the keys of one test are nobody else's.
USER = "secrets"

#: What anybody can look at over HTTP, and on the command line.
PAGES = (
    *("/metrics", "/healthz", "/readyz", "/openapi.json", "/v1/products", "/v1/customers/acme"),
    *("/v1/queues", "/v1/dead-letters", "/v1/operations", "/v1/services", "/v1/tickets"),
)
LOOKS = (
    *(("list", "--json"), ("tickets", "--json"), ("queues", "--json"), ("dead", "list", "--json")),
    *(("doctor",), ("keys", "list"), ("show", "acme/anna"), ("show", "acme/pbx")),
)

LINES = ("anna", "ugo", "ivo")

NUMBERS = [f"+39061234500{number}" for number in range(3)]


def command(kind: str, service: str, **data: object) -> Command:
    """Return a command of either product."""
    identity = f"{kind}-{service}-{json.dumps(data, sort_keys=True)}"[:200]
    named = {"id": identity, "type": f"turnup.{kind}", "subject": f"acme/{service}"}
    return {"specversion": "1.0", "source": "upstream", **named, "data": data}


def acme() -> Command:
    """Return the record of a customer with all that both products need."""
    more = {
        "version": 2,
        "admins": [{"name": "Anna Bianchi", "email": "anna@acme.example"}],
        "entitlements": {"mobile_line": 5},
        "sites": [{"name": "Roma", "emergency_address": "Via Appia 1, Roma"}],
        "numbers": [{"e164": each, "site": "Roma"} for each in NUMBERS],
    }
    made = customer("acme")
    return {**made, "id": "acme-2", "data": {**made["data"], **more}}


@pytest.fixture
def broker_user(rabbit_server: RabbitServer) -> Iterator[str]:
    """The address of the broker for a user with a password of his own."""
    rabbit_server.ctl("add_user", USER, BROKER_PASSWORD)
    rabbit_server.ctl("set_permissions", USER, ".*", ".*", ".*")
    yield rabbit_server.url.replace("guest:guest", f"{USER}:{quote(BROKER_PASSWORD, safe='')}")
    rabbit_server.ctl("delete_user", USER)


def turnup(fleet: Fleet, *arguments: str) -> str:
    """Run a command, and return all that it says."""
    done = run_turnup(*arguments, environment=fleet.environment)
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout + done.stderr


def equip(fleet: Fleet, broker: str, desk: SmallDesk) -> dict[str, str]:
    """Give a fleet every secret that a setting or a key can hold, and return them."""
    password = quote(DATABASE_PASSWORD, safe="")
    fleet.environment |= {
        "TURNUP_DATABASE_URL": fleet.database_url.replace("turnup@", f"turnup:{password}@"),
        "TURNUP_BROKER_URL": broker,
        "TURNUP_MAIL_DIRECTORY": str(fleet.directory / "mails"),
        "TURNUP_DESK_URL": desk.url,
        "TURNUP_DESK_SECRET": DESK_SECRET,
    }
    record = fleet.directory / "acme.jsonl"
    record.write_text(json.dumps(acme()), encoding="utf-8")
    turnup(fleet, "customers", "load", str(record))
    added = [
        json.loads(turnup(fleet, "keys", "add", name, "--role", *role, "--json"))["token"]
        for name, role in (("ops", ("operator",)), ("anna", ("admin", "--customer", "acme")))
    ]
    turnup(fleet, "keys", "add", f"amqp:{USER}", "--role", "operator")
    fleet.door.token = added[0]
    key, signing = fleet.secrets
    return {
        "database password": DATABASE_PASSWORD,
        "broker password": BROKER_PASSWORD,
        "secret key": key,
        "secret key's material": key.rpartition(".")[2],
        "platform's secret": signing,
        "platform's secret without its prefix": signing.removeprefix("whsec_"),
        "desk's secret": DESK_SECRET.removeprefix("whsec_"),
        "operator's API key": added[0],
        "Admin's API key": added[1],
    }


def publish(broker: str, sent: Command) -> None:
    """Publish a command as the broker's user."""
    channel = channel_to(broker)
    named = pika.BasicProperties(user_id=USER, content_type="application/cloudevents+json")
    channel.basic_publish("", QUEUE, json.dumps(sent).encode(), named)
    channel.connection.close()


def live(stage: Stage, broker: str) -> str:
    """Let everything happen in which a secret is made, mailed, shown, typed or lost; return what was revealed."""
    door = stage.fleet.door
    stage.fleet.vendor.ask("POST", "/faults", lost("confirm_order"))
    for number, line in zip(NUMBERS[:2], LINES[:2], strict=True):
        told = {"user": f"User {line}", "email": f"{line}@acme.example", "number": number}
        door.submit([command("mobile_line.activate", line, **told)])
    told = {"user": "User ivo", "email": "ivo@acme.example", "number": NUMBERS[2]}
    publish(broker, command("mobile_line.activate", "ivo", **told))
    publish(broker, command("mobile_line.activate", "ivo", number="none"))
    door.submit([command("cloud_pbx.activate", "pbx", name="Headquarters", extensions=3)])
    until(lambda: len(codes_here(stage)) >= len(LINES), "a code for each line")
    revealed = door.ask("POST", f"/v1/services/{service(stage, 'anna')}/reveal", {})
    with pytest.raises(Refused):
        door.ask("POST", f"/v1/services/{service(stage, 'anna')}/reveal", {})
    await_state(stage, "ugo", "online")
    door.submit([command("mobile_line.report_lost", "ugo")])
    until(lambda: len(codes_here(stage)) > len(LINES), "a code for the next phone")
    delete_pbx(stage)
    stage.fleet.vendor.ask("POST", "/faults", refused("stop_calls"))
    door.submit([command("mobile_line.delete", "ivo")])
    until(lambda: door.all_of("/v1/tickets"), "a ticket")
    return str(revealed["value"])


def delete_pbx(stage: Stage) -> None:
    """Delete a telephone system: with a wrong code, a replaced one and the right one."""
    door = stage.fleet.door
    await_state(stage, "pbx", "active")
    (first,) = door.submit([command("cloud_pbx.delete", "pbx")])
    until(lambda: len(confirmations(stage)) == 1, "the first code")
    (second,) = door.submit([command("cloud_pbx.delete", "pbx", reason="once more")])
    until(lambda: len(confirmations(stage)) == 2, "the second code")
    older, right = confirmations(stage)
    for outcome, code in ((first, older), (second, "00000000"), (second, older)):
        with pytest.raises(Refused):
            door.ask("POST", f"/v1/operations/{outcome['operation']['id']}/confirm", {"code": code})
    door.ask("POST", f"/v1/operations/{second['operation']['id']}/confirm", {"code": right})
    await_state(stage, "pbx", "deleted")


def lost(action: str) -> dict[str, object]:
    """Return the fault that loses the answer of a mobile line's action, once for each line."""
    return {"product": "mobile_line", "fault": "lost_reply", "action": action, "count": len(LINES)}


def refused(action: str) -> dict[str, object]:
    """Return the fault that refuses an action of a mobile line."""
    return {"product": "mobile_line", "fault": "refuse", "action": action, "count": 1}


def service(stage: Stage, reference: str) -> str:
    """Return the id of a service."""
    return str(stage.fleet.door.get(f"/v1/services/acme/{reference}")["id"])


def await_state(stage: Stage, reference: str, state: str) -> None:
    """Wait until a service is in a state."""
    place = f"/v1/services/acme/{reference}"
    until(lambda: stage.fleet.door.get(place)["state"] == state, f"{reference} is {state}")


def confirmations(stage: Stage) -> list[str]:
    """Return the confirmation codes that were mailed."""
    return codes_in(mails_in(stage.fleet.directory / "mails"))


def codes_here(stage: Stage) -> list[str]:
    """Return the matching ids of the activation codes that the users were mailed."""
    mailed = " ".join(
        part.get_content()
        for mail in mails_in(stage.fleet.directory / "mails")
        for part in mail.walk()
        if part.get_content_type() == "text/plain"
    )
    return [each for each in vendors_codes(stage.fleet.directory) if each in mailed]


def vendors_codes(directory: Path) -> list[str]:
    """Return the matching ids that the vendor has made."""
    files = sorted(directory.glob("simulator.db*"))
    return matching_ids(b"".join(each.read_bytes() for each in files).replace(b'\\"', b'"'))


def collect(stage: Stage, desk: SmallDesk, traced: dict[str, bytes]) -> Haul:
    """Return all that the run has left behind but for the recipients' side: mails, and what the vendors keep."""
    haul, fleet = Haul(), stage.fleet
    for page in PAGES:
        haul.add(f"HTTP {page}", fleet.door.text(page))
    for kind in ("operations", "services"):
        for each in fleet.door.all_of(f"/v1/{kind}"):
            haul.add(f"{kind} and histories", fleet.door.get(f"/v1/{kind}/{each['id']}"))
            haul.add(f"{kind} and histories", fleet.door.get(f"/v1/{kind}/{each['id']}/history"))
    for look in LOOKS:
        haul.add(f"turnup {' '.join(look)}", turnup(fleet, *look))
    haul.add("public events", stage.mailbox.read())
    haul.add("tickets at the desk", desk.bodies)
    for queue, text in traced.items():
        haul.add(f"messages of {queue}", text)
    for table, text in tables_of(fleet.database_url).items():
        haul.add(f"table {table}", text)
    return haul


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_I8_no_secret_of_a_whole_run_is_told_anywhere(
    make_fleet: MakeFleet, rabbit_server: RabbitServer, broker_user: str
) -> None:
    fleet = make_fleet(**BRISK)
    with at_work(SmallDesk()) as desk, Trace(rabbit_server, "trace") as trace:
        secrets = equip(fleet, broker_user, desk)
        with on_stage(fleet, names=(*EVERYBODY, "intake")) as stage:
            revealed = live(stage, broker_user)
            until(lambda: desk.bodies, "a ticket at the desk")
            made = vendors_codes(fleet.directory)
            secrets |= {f"activation code {number}": each for number, each in enumerate(made)}
            codes = confirmations(stage)
            secrets |= {f"confirmation code {number}": each for number, each in enumerate(codes)}
            haul = collect(stage, desk, trace.read())
    for process in fleet.processes:
        haul.add(f"log of {process.name}", process.text())
    assert len(codes) == 2
    assert len(made) == len(LINES) + 1
    assert any(revealed.endswith(f"${each}") for each in made)
    assert "messages of publish.turnup.events" in haul.found
    assert haul.found["table secret"].count(b"\n") == len(made)
    leaks = haul.leaks(secrets)
    assert not leaks, "\n".join(leaks)


FORMS: dict[str, Callable[[str], str]] = {
    "text": lambda secret: secret,
    "JSON": lambda secret: json.dumps({"a": secret}),
    "URL": lambda secret: f"http://u:{quote(secret, safe='')}@host",
    "base64": lambda secret: base64.b64encode(f"xy{secret}z".encode()).decode(),
    "base64url": lambda secret: base64.urlsafe_b64encode(f"x{secret}".encode()).decode(),
    "hex": lambda secret: secret.encode().hex().upper(),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("secret", ["K2-1TNR-42AB", DATABASE_PASSWORD, 'a"b\\c/d?e>f', "01234567"])
def test_I8_a_secret_is_found_in_every_form(form: str, secret: str) -> None:
    haul = Haul()
    haul.add("a log", "nothing of it")
    assert haul.leaks({"secret": secret}) == []
    haul.add("a log", f'{{"event": "{FORMS[form](secret)}"}}')
    told = haul.leaks({"secret": secret})
    assert told, form
    assert not any(secret in each for each in told)
