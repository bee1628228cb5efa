"""Turns at a platform: how many calls run and begin, in which order, and what waiting does not cost."""

import asyncio
import selectors
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest

from workers.errors import NotReached
from workers.turns import Limits, Turns, begin_look


class SkippingLoop(asyncio.SelectorEventLoop):
    """A loop on which no time passes but by skipping to the next timer."""

    def __init__(self) -> None:
        super().__init__(Skipping(self))
        self.skipped = 1_000.0

    def time(self) -> float:
        """Return the time."""
        return self.skipped


class Skipping(selectors.SelectSelector):
    """Never waits."""

    def __init__(self, loop: SkippingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        """Let the time pass that was to be waited for."""
        assert timeout is not None, "everybody waits for ever"
        self._loop.skipped += timeout
        return super().select(0)


class Counter:
    """A platform that notes who calls and when, and answers after so many seconds, or when told to."""

    def __init__(self, turns: Turns, takes: float = 0.0) -> None:
        self.turns = turns
        self.takes = takes
        self.came: list[tuple[str, float]] = []
        self.under_way = self.most = 0
        self.began = asyncio.get_running_loop().time()

    async def call(self, name: str, customer: str = "acme", operation: int = 0) -> None:
        """Make one call."""
        async with asyncio.timeout(100_000) as limit:
            begin_look(customer, operation, limit)
            async with self.turns:
                self.came.append((name, round(asyncio.get_running_loop().time() - self.began, 6)))
                self.under_way += 1
                self.most = max(self.most, self.under_way)
                try:
                    await asyncio.sleep(self.takes)
                finally:
                    self.under_way -= 1

    @property
    def names(self) -> list[str]:
        """Who called, in order."""
        return [name for name, _ in self.came]


def run(work: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        return runner.run(work)


async def together(*calls: Coroutine[Any, Any, None]) -> None:
    """Make calls side by side, begun in this order, each in a task of its own."""
    await asyncio.gather(*calls)


def numbered(platform: Counter, count: int, **more: Any) -> Iterator[Coroutine[Any, Any, None]]:
    return (platform.call(str(number), **more) for number in range(count))


@pytest.mark.parametrize("calls", [1, 7, 256])
def test_no_more_calls_run_at_once_than_the_limit_says(calls: int) -> None:
    async def call() -> None:
        platform = Counter(Turns(Limits(calls)), takes=0.5)
        await together(*numbered(platform, 1_000))
        assert platform.most == calls
        assert len(platform.came) == 1_000
        assert platform.came[-1][1] == (1_000 - 1) // calls * 0.5

    run(call())


def test_no_more_calls_begin_in_a_second_than_the_rate_says() -> None:
    async def call() -> None:
        platform = Counter(Turns(Limits(rate=10)))
        await together(*numbered(platform, 50))
        assert [at for _, at in platform.came] == [each / 10 for each in range(50)]

    run(call())


def test_a_burst_goes_at_once_and_is_saved_up_again_in_quiet_times() -> None:
    async def call() -> None:
        platform = Counter(Turns(Limits(rate=10, burst=5)))
        await together(*numbered(platform, 7))
        assert [at for _, at in platform.came] == [0, 0, 0, 0, 0, 0.1, 0.2]
        await asyncio.sleep(0.3)
        platform.came.clear()
        await together(*numbered(platform, 4))
        assert [at for _, at in platform.came] == pytest.approx([0.5, 0.5, 0.5, 0.6])

    run(call())


def test_a_rate_below_one_a_second_is_one() -> None:
    async def call() -> None:
        platform = Counter(Turns(Limits(rate=0.1)))
        await together(*numbered(platform, 3))
        assert [at for _, at in platform.came] == pytest.approx([0, 10, 20])

    run(call())


def test_calls_of_one_operation_have_their_turns_in_order() -> None:
    async def call() -> None:
        platform = Counter(Turns(Limits(calls=2)), takes=1)
        await together(*numbered(platform, 9))
        assert platform.names == list("012345678")

    run(call())


def test_customers_take_turns_however_much_one_of_them_wants() -> None:
    async def call() -> None:
        platform = Counter(Turns(Limits(calls=1)), takes=1)
        few = (platform.call(name, name) for name in ("few", "other"))
        await together(*numbered(platform, 100, customer="many"), *few)
        assert platform.names[:5] == ["0", "1", "few", "other", "2"]

    run(call())


def test_operations_that_have_begun_end_before_a_later_one_has_its_first_turn() -> None:
    async def call() -> None:
        platform = Counter(Turns(Limits(calls=1)), takes=1)

        async def steps(operation: int) -> None:
            for step in "abc":
                await platform.call(f"{operation}{step}", operation=operation)

        await together(*(steps(operation) for operation in range(1, 4)))
        assert platform.names == ["1a", "2a", "1b", "2b", "1c", "2c", "3a", "3b", "3c"]

    run(call())


def test_who_is_cancelled_while_it_waits_takes_nobodys_turn() -> None:
    async def call() -> None:
        platform = Counter(Turns(Limits(calls=1, rate=1)), takes=1)
        tasks = [asyncio.create_task(each) for each in numbered(platform, 4)]
        await asyncio.sleep(0.5)
        tasks[0].cancel()  # runs
        tasks[1].cancel()  # waits
        tasks[2].cancel()  # the same
        await asyncio.wait(tasks)
        assert platform.came == [("0", 0), ("3", 1)]
        await platform.call("after")
        assert platform.names[-1] == "after"

    run(call())


def test_a_turn_that_comes_to_who_is_cancelled_just_then_goes_to_the_next() -> None:
    async def call() -> None:
        turns = Turns(Limits(calls=1))
        platform = Counter(turns)
        async with turns:
            late = asyncio.create_task(platform.call("late"))
            following = asyncio.create_task(platform.call("following"))
            await asyncio.sleep(0)
        late.cancel()
        await asyncio.wait({late, following})
        assert late.cancelled()
        assert platform.names == ["following"]

    run(call())


def test_waiting_for_a_turn_is_no_time_of_a_look() -> None:
    async def call() -> None:
        turns = Turns(Limits(calls=1))

        async def look(name: str, takes: float) -> str:
            async with asyncio.timeout(30) as limit:
                begin_look(name, 0, limit)
                await asyncio.sleep(10)
                async with turns:
                    await asyncio.sleep(takes)
            return name

        looks = [asyncio.create_task(look(str(number), 19)) for number in range(20)]
        assert await asyncio.gather(*looks) == [str(number) for number in range(20)]
        first, second = (
            asyncio.create_task(look(name, takes)) for name, takes in (("a", 19), ("b", 21))
        )
        assert await first == "a"
        with pytest.raises(TimeoutError):
            await second

    run(call())


def test_two_calls_of_one_look_that_wait_at_once_stop_its_limit_once() -> None:
    async def call() -> None:
        turns = Turns(Limits(calls=1))

        async def ask(takes: float) -> None:
            async with turns:
                await asyncio.sleep(takes)

        async def look() -> float | None:
            async with asyncio.timeout(30) as limit:
                begin_look("acme", 0, limit)
                await asyncio.gather(ask(1), ask(2))
                return limit.when()

        began = asyncio.get_running_loop().time()
        async with turns:
            looking = asyncio.create_task(look())
            await asyncio.sleep(100)
        assert await looking == began + 100 + 1 + 30

    run(call())


def test_when_the_worker_ends_who_waits_is_sent_away_and_who_runs_is_not() -> None:
    async def call() -> None:
        platform = Counter(Turns(Limits(calls=2)), takes=1)
        tasks = [asyncio.create_task(each) for each in numbered(platform, 5)]
        await asyncio.sleep(0.5)
        platform.turns.close()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(each) for each in found] == [type(None)] * 2 + [NotReached] * 3
        await platform.call("nobody is before it")
        async with platform.turns, platform.turns:
            with pytest.raises(NotReached):
                await platform.call("it would have to wait")

    run(call())


@pytest.mark.parametrize(
    ("limits", "room"),
    [
        (Limits(), 1024),
        (Limits(calls=1), 4),
        (Limits(rate=1000), 1024),
        (Limits(rate=10, burst=5), 45),
        (Limits(rate=0.01), 2),
    ],
)
def test_no_more_is_in_flight_than_keeps_the_platform_busy(limits: Limits, room: int) -> None:
    assert limits.room == room
