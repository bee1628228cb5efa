"""A minute of chaos in every run of the tests, and what its schedule promises."""

import secrets
from itertools import groupby
from pathlib import Path

import pytest

from tests.chaos.run import run
from tests.chaos.schedule import CALM, PHASE, Blow, schedule
from tests.servers.postgres import PostgresServer
from tests.servers.rabbit import RabbitServer
from tests.system.fleet import Servers

SECONDS = 60.0


@pytest.mark.slow
@pytest.mark.timeout(420)
def test_a_minute_of_chaos_breaks_no_invariant(
    postgres_server: PostgresServer, rabbit_server: RabbitServer, tmp_path: Path
) -> None:
    seed = secrets.randbelow(1_000_000)
    print(f"seed {seed}")
    servers = Servers(postgres_server, rabbit_server)
    try:
        verdict = run(servers, tmp_path, seed, SECONDS, print)
    finally:
        servers.start()
    assert verdict.broken == [], f"python -m tests.chaos --seconds 60 --seed {seed}"
    assert verdict.figures["operations"] > 0


def test_a_schedule_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    assert schedule(7, 120) == schedule(7, 120)
    assert schedule(7, 120) != schedule(8, 120)
    assert schedule(7, 60) == [blow for blow in schedule(7, 120) if blow.at < 60]


@pytest.mark.parametrize("seed", range(20))
def test_nobody_sleeps_where_the_vendors_ignore_keys(seed: int) -> None:
    for phase in phases(schedule(seed, 300)):
        start, *blows = phase
        end = start.at + PHASE
        kinds = {blow.kind for blow in blows}
        assert "freeze" not in kinds or start.target == "zombie"
        assert "kill" not in kinds or start.target == "mortal"
        assert all(start.at <= blow.at <= end - CALM for blow in blows)
        assert all(blow.at + blow.lasts <= end for blow in blows if blow.kind == "freeze")


def phases(blows: list[Blow]) -> list[list[Blow]]:
    """The blows of each phase, its beginning first."""
    return [list(each) for _, each in groupby(blows, key=lambda blow: blow.at // PHASE)]
