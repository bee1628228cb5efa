"""What is done about a user's groups; those that wait for his activation are facts of the service (BU-5)."""

from collections.abc import Iterable
from typing import Any

from schema.products.business_user import JoinGroup, LeaveGroup
from workers.products.business_user.platform import Member, UserPlatform
from workers.workflow import Absent, Answer, Done, Facts, Outcome, Present, Work


async def join_group(work: Work, platform: UserPlatform) -> Outcome:
    """Take the user into the group, or keep that he joins it once he is activated."""
    member = _wanted(work)
    if _is_put_off(work):
        return Done({"deferred": _kept([*_without(work, "deferred", member), member])})
    await platform.join(work, (member,))
    return Done(_joined(work, (member,)))


async def has_joined(work: Work, platform: UserPlatform) -> Answer:
    """Ask whether the user is in the group."""
    member = _wanted(work)
    if _is_put_off(work) or member not in (await platform.show(work)).groups:
        return Absent()
    return Present(_joined(work, (member,)))


async def leave_joined_group(work: Work, platform: UserPlatform) -> Outcome:
    """Take the user out of the group again, or give him back what he was there."""
    member = _wanted(work)
    if before := _before(work, member):
        await platform.join(work, before)
    else:
        await platform.leave(work, member.kind, member.group)
    return Done()


async def join_deferred_groups(work: Work, platform: UserPlatform) -> Outcome:
    """Take the user into the groups that have waited for his activation."""
    waiting = _members(work, "deferred")
    if waiting:
        await platform.join(work, waiting)
    return Done(_joined(work, waiting))


async def are_deferred_groups_joined(work: Work, platform: UserPlatform) -> Answer:
    """Ask whether the user is in all groups that have waited for his activation."""
    waiting = _members(work, "deferred")
    is_there = set(waiting) <= set((await platform.show(work)).groups)
    return Present(_joined(work, waiting)) if is_there else Absent()


async def leave_group(work: Work, platform: UserPlatform) -> Outcome:
    """Take the user out of the group, or withdraw that he was to join it."""
    member = _left(work)
    if not _is_withdrawn(work):
        await platform.leave(work, member.kind, member.group)
    return Done(_without_it(work))


async def has_left(work: Work, platform: UserPlatform) -> Answer:
    """Ask whether the user is not in the group."""
    member = _left(work)
    groups = () if _is_withdrawn(work) else (await platform.show(work)).groups
    is_there = any(each.is_of(member.kind, member.group) for each in groups)
    return Absent() if is_there or _is_withdrawn(work) else Present(_without_it(work))


async def join_left_group(work: Work, platform: UserPlatform) -> Outcome:
    """Take the user back into the group that he was in."""
    if before := _before(work, _left(work)):
        await platform.join(work, before)
    return Done()


def _wanted(work: Work) -> Member:
    """Return the membership that a command asks for."""
    command = work.command
    assert isinstance(command, JoinGroup)  # noqa: S101  the workflow's table says so
    return Member(command.kind, command.group, command.role)


def _left(work: Work) -> Member:
    """Return the membership that a command ends."""
    command = work.command
    assert isinstance(command, LeaveGroup)  # noqa: S101  the workflow's table says so
    return Member(command.kind, command.group)


def _is_put_off(work: Work) -> bool:
    """Return whether the user joins once he is activated; where he is already nothing waits."""
    command = work.command
    assert isinstance(command, JoinGroup)  # noqa: S101  the workflow's table says so
    is_to_wait = command.when_activated and work.service.state == "pending"
    return is_to_wait and not _before(work, _wanted(work))


def _is_withdrawn(work: Work) -> bool:
    """Return whether the user has not joined the group yet, and only was to."""
    member = _left(work)
    return any(each.is_of(member.kind, member.group) for each in _members(work, "deferred"))


def _joined(work: Work, members: tuple[Member, ...]) -> Facts:
    """Return what the service keeps of its groups once the user has joined some; they do not wait any more."""
    groups, deferred = _members(work, "groups"), _members(work, "deferred")
    for member in members:
        groups = (*(m for m in groups if not m.is_of(member.kind, member.group)), member)
        deferred = tuple(m for m in deferred if not m.is_of(member.kind, member.group))
    return {"groups": _kept(groups), "deferred": _kept(deferred)}


def _before(work: Work, member: Member) -> list[Member]:
    """Return what the user was in a group before, if he was in it."""
    return [each for each in _members(work, "groups") if each.is_of(member.kind, member.group)]


def _without_it(work: Work) -> Facts:
    """Return what the service keeps of its groups once the user has left one."""
    member = _left(work)
    return {name: _kept(_without(work, name, member)) for name in ("groups", "deferred")}


def _without(work: Work, name: str, member: Member) -> list[Member]:
    """Return the groups that the user is in, or is to be in, but for one."""
    return [each for each in _members(work, name) if not each.is_of(member.kind, member.group)]


def _members(work: Work, name: str) -> tuple[Member, ...]:
    """Return the groups that the user is in, or is to be in."""
    return tuple(Member(**each) for each in work.service.facts.get(name, ()))


def _kept(members: Iterable[Member]) -> list[dict[str, Any]]:
    """Return memberships as the service keeps them."""
    return [each.as_json() for each in members]
