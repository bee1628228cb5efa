"""Whose a SIP device is, as the platform names it: users who share it, or the workspace that it stands in (SD-1)."""

from collections.abc import Iterable

from workers.workflow import Work


def owners_of(work: Work) -> tuple[str, ...]:
    """Return whose the device is."""
    if workspace := work.service.facts.get("workspace"):
        return (owner_of_workspace(work, workspace),)
    return owners_of_users(work, work.service.facts["users"])


def owners_of_users(work: Work, users: Iterable[str]) -> tuple[str, ...]:
    """Return users as owners, in one order."""
    return tuple(sorted(f"user:{work.service.customer}~{user}" for user in users))


def owner_of_workspace(work: Work, reference: str) -> str:
    """Return a workspace as owner."""
    return f"workspace:{workspace_name(work, reference)}"


def workspace_name(work: Work, reference: str) -> str:
    """Return what the platform calls a workspace; `~` stands in no customer's name and in no reference."""
    return f"{work.service.customer}~{reference}"
