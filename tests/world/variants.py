"""Variants of a subject: other steps, other limits, other ways."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from schema.calendar import Limit
from tests.world.subjects import Subject
from workers.workflow import Step, Workflow


def with_workflow(subject: Subject, verb: str, change: Callable[[Workflow], Workflow]) -> Subject:
    """Return the subject with another workflow for one verb."""
    workflows = {**subject.home.workflows, verb: change(subject.home.workflows[verb])}
    return replace(subject, home=replace(subject.home, workflows=workflows))


def with_step(subject: Subject, verb: str, name: str, **changes: Any) -> Subject:
    """Return the subject with parts of one step replaced; a `run` keeps the step's name."""

    def change(workflow: Workflow) -> Workflow:
        steps = tuple(_changed(s, changes) if s.name == name else s for s in workflow.steps)
        assert steps != workflow.steps
        return replace(workflow, steps=steps)

    return with_workflow(subject, verb, change)


def without_step(subject: Subject, verb: str, name: str) -> Subject:
    """Return the subject as an older version that lacks a step."""
    return with_workflow(subject, verb, lambda found: replace(found, steps=_others(found, name)))


def with_limit(subject: Subject, verb: str, limit: Limit) -> Subject:
    """Return the subject with another deadline for one verb."""
    return with_verb(subject, verb, limit=limit)


def with_verb(subject: Subject, verb: str, **changes: Any) -> Subject:
    """Return the subject with parts of what one verb promises replaced."""
    verbs = {**subject.product.verbs, verb: replace(subject.product.verbs[verb], **changes)}
    return replace(subject, product=replace(subject.product, verbs=verbs))


def _changed(step: Step, changes: dict[str, Any]) -> Step:
    """Return a step with parts replaced."""
    if "run" in changes:
        changes["run"].__name__ = step.name
    return replace(step, **changes)


def _others(workflow: Workflow, name: str) -> tuple[Step, ...]:
    """Return the steps of a workflow but for one."""
    return tuple(step for step in workflow.steps if step.name != name)


def with_limits(subject: Subject, limits: Mapping[str, int | bool]) -> Subject:
    """Return the subject with other limits, as the settings change them."""
    return replace(subject, product=replace(subject.product, limits=limits))
