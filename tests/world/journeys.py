"""How a service comes into each of its states, by the verbs that its product publishes."""

from collections import deque
from datetime import timedelta

from schema.lifecycle import NEW, Cell
from schema.tables import service
from tests.world.subjects import Subject
from tests.world.world import World

#: Longer than anything takes that is on its way, and shorter than a code lasts.
A_DAY = timedelta(days=1)


def reach(world: World, state: str) -> str:
    """Bring the service `one` into a state; answer how: `done`, `held` or `waiting` (a verb under way), or `set`."""
    subject = next(iter(world.subjects.values()))
    if state == NEW:
        world.submit(subject.maker)
        return "held"
    if way := subject.ways.get(state):
        way(world)
        assert world.rows.service()["state"] == state
        return "done"
    path = _path(subject, state)
    if path is not None:
        for step in path:
            take(world, subject, step)
        assert world.rows.service()["state"] == state, path
        return "done"
    for name, verb in subject.product.verbs.items():
        if verb.moves.during == state:
            _hold(world, subject, name)
            return "held"
        if verb.creates and state in verb.moves.at.values():
            _let_wait(world, subject, name)
            return "waiting"
    _set(world, subject, state)
    return "set"


def hold_in(world: World, state: str) -> None:
    """Have a verb under way on the service `one`, in a state in which it can be cancelled."""
    subject = next(iter(world.subjects.values()))
    verbs = subject.product.verbs
    if state == NEW or any(verb.moves.during == state for verb in verbs.values()):
        how = reach(world, state) if state == NEW else _begin(world, subject, state)
        assert how == "held"
        return
    if (how := reach(world, state)) == "waiting":
        return
    assert how == "done"
    world.platform.fault(subject.name, "outage")
    begun = (n for n, v in verbs.items() if v.takes.get(state) is Cell.YES and not v.moves.during)
    world.submit(next(begun))
    world.work()


def take(world: World, subject: Subject, step: str) -> None:
    """Ask for a verb, or let a person make the platform tell a kind of signal; do all that follows."""
    if step in subject.product.verbs:
        world.submit(step)
    else:
        world.person(step)
    world.settle(A_DAY)


def _begin(world: World, subject: Subject, state: str) -> str:
    """Begin the verb during which a service is in a state."""
    verbs = subject.product.verbs
    _hold(world, subject, next(n for n, v in verbs.items() if v.moves.during == state))
    return "held"


def _path(subject: Subject, state: str) -> list[str] | None:
    """Return the shortest row of verbs and signals after which a service is in a state, and at rest."""
    verbs = subject.product.verbs
    first = verbs[subject.maker].moves.done_in(NEW)
    ways = deque([([subject.maker], first)])
    seen = {first}
    while ways:
        path, at = ways.popleft()
        if at == state:
            return path
        for name, verb in verbs.items():
            then = verb.moves.done_in(at) or at
            if verb.takes.get(at or "") is Cell.YES and then not in seen:
                seen.add(then)
                ways.append(([*path, name], then))
        for kind in subject.people:
            heard = subject.product.hears[kind].get(at or "")
            if heard and heard not in seen:
                seen.add(heard)
                ways.append(([*path, kind], heard))
    return None


def _hold(world: World, subject: Subject, name: str) -> None:
    """Begin a verb, and keep its first call from being answered."""
    verb = subject.product.verbs[name]
    if not verb.creates:
        begins = next(s for s, cell in verb.takes.items() if cell is Cell.YES and s != NEW)
        reach(world, begins)
    world.platform.fault(subject.name, "outage")
    world.submit(name)
    world.work()
    assert world.rows.service()["state"] == verb.moves.during


def _let_wait(world: World, subject: Subject, name: str) -> None:
    """Begin a verb that waits for people, who do nothing."""
    world.platform.fault(subject.name, "never")
    world.submit(name)
    world.work()


def _set(world: World, subject: Subject, state: str) -> None:
    """Put a service by hand where no verb leads yet, under a verb that has begun."""
    during = next(v.moves.during for v in subject.product.verbs.values() if v.moves.during)
    _hold(
        world,
        subject,
        next(n for n, v in subject.product.verbs.items() if v.moves.during == during),
    )
    world.do(
        lambda transaction: transaction.connection.execute(service.update().values(state=state))
    )
