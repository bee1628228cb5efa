"""The same in one process: `serve` on SQLite, whose files are searched as they lie on the disk (I8, CO-4)."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schema.store.clock import MoveTime
from schema.store.database import Database
from tests.deploy.orders import written
from tests.servers.process import free_port
from tests.system.client import Client, Refused
from tests.system.process import FAREWELL, TURNUP, run_turnup
from tests.system.secrecy import Haul, codes_in, mails_in, matching_ids
from tests.system.test_secrets import NUMBERS, PAGES, acme, command
from tests.system.waiting import until

#: What `serve` leaves beside its database, but for its key: the database and its lock.
FILES = ("turnup.db", "turnup.db-wal", "turnup.db-shm", "turnup.db.lock")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """What a fresh server is started with; its time stands until it is moved."""
    ours = {name: each for name, each in os.environ.items() if not name.startswith("TURNUP_")}
    values = {
        "DATABASE_URL": f"sqlite:///{tmp_path}/turnup.db",
        "LISTEN": f"127.0.0.1:{free_port()}",
        "SIMULATOR_LISTEN": f"127.0.0.1:{free_port()}",
        "LOG": "json",
    }
    return ours | {f"TURNUP_{name}": value for name, value in values.items()}


@contextmanager
def serving(environment: dict[str, str], log: Path) -> Iterator[Client]:
    """Let a server and its simulated platforms work while the block runs."""
    door = Client(int(environment["TURNUP_LISTEN"].rpartition(":")[2]))
    with log.open("wb") as file:
        server = subprocess.Popen(
            (TURNUP, "serve", "--simulator"),
            env=environment,
            cwd=log.parent,
            stdout=file,
            stderr=file,
        )
    try:
        until(lambda: door.answers("/readyz"), "the server is ready")
        yield door
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(FAREWELL)


def turnup(environment: dict[str, str], *arguments: str) -> str:
    """Run a command, and return all that it says."""
    done = run_turnup(*arguments, environment=environment, within=60)
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout + done.stderr


def live(environment: dict[str, str], door: Client) -> str:
    """Make a code, reveal it, and delete a telephone system; return what was revealed."""
    told = {"user": "Anna", "email": "anna@acme.example", "number": NUMBERS[0]}
    pbx = {"name": "Headquarters", "extensions": 3}
    line = command("mobile_line.activate", "anna", **told)
    door.submit([acme(), line, command("cloud_pbx.activate", "pbx", **pbx)])
    turnup(environment, "clock", "skip", "10m")
    revealed = door.ask("POST", f"/v1/services/{service(door, 'anna')}/reveal", {})
    (asked,) = door.submit([command("cloud_pbx.delete", "pbx")])
    until(lambda: len(codes_of(environment)) == 1, "the code is mailed")
    place = f"/v1/operations/{asked['operation']['id']}/confirm"
    with pytest.raises(Refused):
        door.ask("POST", place, {"code": "00000000"})
    door.ask("POST", place, {"code": codes_of(environment)[0]})
    turnup(environment, "clock", "skip", "1d")
    return str(revealed["value"])


def service(door: Client, reference: str) -> str:
    """Return the id of a service."""
    return str(door.get(f"/v1/services/acme/{reference}")["id"])


def codes_of(environment: dict[str, str]) -> list[str]:
    """Return the confirmation codes that were mailed."""
    mails = Path(environment["TURNUP_DATABASE_URL"].removeprefix("sqlite:///") + ".mail")
    return codes_in(mails_in(mails))


@pytest.mark.slow
def test_I8_no_secret_stands_in_a_sqlite_file_or_a_log(
    environment: dict[str, str], tmp_path: Path
) -> None:
    turnup(environment, "db", "upgrade", "--movable-clock")
    with written(Database(environment["TURNUP_DATABASE_URL"])) as writer:
        assert writer.store(MoveTime(datetime.now(UTC) + timedelta(minutes=1)))
    token = json.loads(turnup(environment, "keys", "add", "ops", "--role", "operator", "--json"))
    haul = Haul()
    with serving(environment, tmp_path / "serve.log") as door:
        door.token = token["token"]
        revealed = live(environment, door)
        for page in PAGES:
            haul.add(f"HTTP {page}", door.text(page))
        for name in FILES[:3]:
            haul.add(name, (tmp_path / name).read_bytes())
    for path in (*(tmp_path / name for name in FILES), tmp_path / "serve.log"):
        haul.add(f"{path.name} at the end", path.read_bytes() if path.exists() else b"")
    vendor = b"".join(each.read_bytes() for each in sorted(tmp_path.glob("turnup.db.simulated*")))
    secrets = {
        "operator's API key": token["token"],
        "secret key": (tmp_path / "turnup.db.key").read_text(encoding="ascii").strip(),
        "activation code": revealed.rpartition("$")[2],
        "confirmation code": codes_of(environment)[0],
    }
    assert secrets["activation code"] in matching_ids(vendor)
    assert len(haul.found["turnup.db-wal"]) > 0
    assert haul.leaks(secrets) == []
