"""A minute of chaos in every run of the tests, and what its schedule and its workload promise."""

import secrets
from itertools import groupby
from pathlib import Path

import pytest

from schema.discovery import find_products
from tests.chaos.run import run
from tests.chaos.schedule import CALM, PHASE, PRODUCTS, Blow, schedule
from tests.chaos.workload import Order, Workload
from tests.servers.postgres import PostgresServer
from tests.servers.rabbit import RabbitServer
from tests.system.fleet import Servers
from workers.simulator.discovery import find_vendors
from workers.simulator.person import read_person

SECONDS = 60.0

#: When the time of a run begins.
SINCE = "2026-05-29T10:00:00Z"


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
    assert verdict.figures["of them published"] > 0
    assert {
        "cloud_pbx activate succeeded",
        "mobile_line activate succeeded",
    } <= verdict.figures.keys()


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


def test_the_broker_goes_away_in_every_fourth_phase_and_no_other_server_with_it() -> None:
    for phase in phases(schedule(3, 240)):
        away = [blow.target for blow in phase if blow.kind == "server"]
        assert len(away) <= 1
        assert ("rabbit" in away) is (phase[0].at // PHASE % 4 == 1)


def test_a_workload_asks_for_every_verb_of_both_products_and_for_the_same_with_the_same_seed() -> (
    None
):
    orders = drawn(7)
    assert orders == drawn(7)
    assert orders != drawn(8)
    kinds = {order.command["type"] for order in orders if order.command}
    verbs = {f"turnup.{name}.{verb}" for name in PRODUCTS for verb in find_products()[name].verbs}
    assert kinds == verbs


def test_the_simulator_plays_everybody_in_a_workload() -> None:
    vendors = find_vendors()
    people = [person for order in drawn(7) for person in order.people]
    parts = [read_person(dict(person), SINCE, vendors) for person in people]
    deeds = "cancel confirm disable enable mistype remove scan take"
    assert {part.does for part in parts} == set(deeds.split())


def drawn(seed: int) -> list[Order]:
    """What a run of some minutes asks for."""
    workload = Workload(seed, SINCE)
    return [workload.next() for _ in range(600)]


def phases(blows: list[Blow]) -> list[list[Blow]]:
    """The blows of each phase, its beginning first."""
    return [list(each) for _, each in groupby(blows, key=lambda blow: blow.at // PHASE)]
