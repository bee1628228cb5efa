"""`/effects` tells what really happened, once for each time, whatever dies."""

import asyncio
import time
from http.client import HTTPConnection
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest

from tests.workers.simulator.world import PATIENCE, SERVICE, START, Listener, World
from workers.simulator.clock import Standing
from workers.simulator.simulator import Simulator
from workers.simulator.store import FileInUseError, Store, WrongFileError
from workers.simulator.thread import SimulatorThread


def test_effects_are_told_in_order(world: World) -> None:
    path = world.created()
    world.change("PUT", f"{path}/access", {"allowed": False}, key="close")
    assert world.effects() == [
        {
            "seq": seq,
            "at": "2026-05-29T08:00:00.000000Z",
            "product": "cloud_pbx",
            "action": action,
            "service": SERVICE,
            "key": key,
        }
        for seq, action, key in [(1, "create_instances", "key-0"), (2, "refuse_access", "close")]
    ]


def test_effects_are_told_by_product_and_service_and_after_a_number(world: World) -> None:
    path = world.created()
    world.change("PUT", f"{path}/access", {"allowed": False})
    assert [effect["seq"] for effect in world.effects("?after=1")] == [2]
    assert len(world.effects(f"?product=cloud_pbx&service={SERVICE}")) == 2
    assert world.effects("?service=acme/elsewhere") == world.effects("?product=paging") == []


@pytest.mark.parametrize("query", ["?product=fax", "?after=first", "?colour=red"])
def test_a_wrong_question_is_refused(world: World, query: str) -> None:
    assert world.call("GET", f"/effects{query}").status == 422


def test_more_effects_than_fit_a_page_are_told_all(world: World) -> None:
    path = world.created()
    for _ in range(520):
        world.change("PUT", f"{path}/access", {"allowed": False})
    assert [effect["seq"] for effect in world.effects()] == list(range(1, 522))


def test_a_repeat_with_the_same_key_gets_the_first_answer_and_no_effect(world: World) -> None:
    first, second = world.create("once"), world.create("once")
    assert (first.status, first.body) == (second.status, second.body)
    assert world.actions() == ["create_instances"]


def test_the_same_key_with_another_body_is_refused(world: World) -> None:
    path = world.created()
    world.change("PUT", f"{path}/access", {"allowed": False}, key="once")
    answer = world.change("PUT", f"{path}/access", {"allowed": True}, key="once")
    assert (answer.status, answer.body["error"]) == (422, "idempotency_key_reused")
    assert world.actions() == ["create_instances", "refuse_access"]


def test_another_key_is_another_effect_though_nothing_changes(world: World) -> None:
    path = world.created()
    for _ in range(2):
        world.change("PUT", f"{path}/access", {"allowed": False})
    assert world.actions() == ["create_instances", "refuse_access", "refuse_access"]


def test_a_call_that_was_refused_has_no_effect_and_may_be_made_again(world: World) -> None:
    body = {"name": "", "extensions": 0}
    answer = world.change("POST", "/cloud_pbx/instances", body, key="once")
    assert answer.status == 422
    assert {one["field"] for one in answer.body["problems"]} == {"name", "extensions"}
    assert world.effects() == []
    assert world.create().status == 201


def test_a_body_is_taken_literally_and_nothing_unknown_with_it(world: World) -> None:
    body = {"name": "Headquarters", "extensions": "3", "colour": "red"}
    answer = world.change("POST", "/cloud_pbx/instances", body)
    assert {one["field"] for one in answer.body["problems"]} == {"extensions", "colour"}


def test_a_changing_call_names_its_service_and_reference(world: World) -> None:
    answer = world.call("POST", "/cloud_pbx/instances", {"name": "x", "extensions": 1})
    assert answer.status == 422
    assert {one["field"] for one in answer.body["problems"]} == {"X-Reference", "X-Service"}


def test_every_answer_of_a_vendor_carries_an_id(world: World) -> None:
    path = world.created()
    answers = [
        world.create("once"),
        world.create("once"),
        world.call("GET", path),
        world.call("GET", "/cloud_pbx/nowhere"),
        world.change("PUT", f"{path}/power", {}),
    ]
    ids = [answer.headers["X-Request-Id"] for answer in answers]
    assert len(set(ids)) == len(ids)


def test_kill_9_between_acting_and_answering_keeps_the_effect(
    database: Path, listener: Listener
) -> None:
    spawn = get_context("spawn")
    near, far = spawn.Pipe()
    process = spawn.Process(target=serve, args=(database, far), daemon=True)
    process.start()
    world = World(near.recv(), listener)
    world.fault("latency", value=60)
    calling = Thread(target=call_in_vain, args=(world,))
    calling.start()
    while not world.effects():
        pass
    process.kill()
    process.join()
    calling.join()
    with SimulatorThread(database, {}, Standing(START)) as simulator:
        world = World(simulator.url, listener)
        world.call("DELETE", "/faults")
        assert world.actions() == ["create_instances"]
        assert world.create("once").status == 201
        assert world.actions() == ["create_instances"]


def call_in_vain(world: World) -> None:
    """Call, and get no answer."""
    with pytest.raises(ConnectionError):
        world.create("once")


def serve(database: Path, connection: Connection) -> None:
    """Run a simulator until killed."""

    async def run() -> None:
        simulator = Simulator(database, {}, Standing(START))
        connection.send(await simulator.start())
        await simulator.run()

    asyncio.run(run())


def test_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    other.write_text("a letter to grandmother, long enough to be read as a page\n" * 100)
    with pytest.raises(WrongFileError), SimulatorThread(other, {}, Standing(START)):
        pass
    assert other.read_text().startswith("a letter")


def test_a_file_in_use_is_refused(database: Path) -> None:
    with (
        SimulatorThread(database, {}, Standing(START)),
        pytest.raises(FileInUseError),
        SimulatorThread(database, {}, Standing(START)),
    ):
        pass


def test_500_calls_cost_less_than_a_second_of_one_core(world: World) -> None:
    path = f"{world.created()}/access"
    connection = HTTPConnection(urlsplit(world.url).netloc, timeout=PATIENCE)
    used = time.process_time()
    for number in range(500):
        headers = {"Idempotency-Key": str(number), "X-Reference": "op_1", "X-Service": SERVICE}
        connection.request("PUT", path, b'{"allowed": false}', headers)
        assert connection.getresponse().read()
    assert time.process_time() - used < 1.0
    connection.close()
    assert len(world.effects()) == 501


def test_CO_4_what_the_vendors_keep_nobody_else_reads_from_its_first_byte_on(
    tmp_path: Path,
) -> None:
    store = Store(tmp_path / "vendors")
    modes = {each.name: each.stat().st_mode & 0o777 for each in tmp_path.iterdir()}
    store.close()
    assert modes == {"vendors": 0o600, "vendors-wal": 0o600}
