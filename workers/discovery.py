"""Finds what is done for each product: the packages on the path of `workers.products`.

A product's home has `workflow.py` with `WORKFLOWS`, and `platform.py` with `connect(transport)`, with `LISTS` if its
platform has lists that doors look at, and with `read_state` if it can be asked how a service is (CO-14); one that
writes to people has `notices.py` with `NOTICES`.
"""

import importlib
import importlib.util
import pkgutil
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from schema.lifecycle import snake_case
from workers.notices import NoticeText
from workers.workflow import Read, Workflow

#: By name and not by import: the engine knows no product.
HOME = "workers.products"


@dataclass(frozen=True, slots=True)
class Home:
    """What the workers know of one product: a workflow for each verb, platform, mails, how to read its lists."""

    product: str
    workflows: Mapping[str, Workflow]
    connect: Callable[[Any], Any]
    notices: Mapping[str, NoticeText] = field(default_factory=dict)
    lists: Mapping[str, Callable[[Any], Awaitable[Any]]] = field(default_factory=dict)
    read_state: Read | None = None

    @property
    def final_verbs(self) -> frozenset[str]:
        """The verbs that cannot go back from their first step on."""
        return frozenset(
            verb for verb, each in self.workflows.items() if each.is_past_return(each.steps[0].name)
        )


def find_homes(only: Iterable[str] | None = None) -> dict[str, Home]:
    """Return the homes of all products, or of those named."""
    home = importlib.import_module(HOME)
    names = sorted(each.name for each in pkgutil.iter_modules(home.__path__))
    return {name: _home(name) for name in names if only is None or name in only}


def _home(product: str) -> Home:
    """Return one product's home."""
    package = f"{HOME}.{product}"
    workflows: Iterable[Workflow] = importlib.import_module(f"{package}.workflow").WORKFLOWS
    verbs = {snake_case(each.command.__name__): each for each in workflows}
    platform = importlib.import_module(f"{package}.platform")
    lists = getattr(platform, "LISTS", {})
    read_state = getattr(platform, "read_state", None)
    return Home(product, verbs, platform.connect, _notices(f"{package}.notices"), lists, read_state)


def _notices(module: str) -> Mapping[str, NoticeText]:
    """Return what a product writes to people, if it does."""
    if importlib.util.find_spec(module) is None:
        return {}
    notices: Mapping[str, NoticeText] = importlib.import_module(module).NOTICES
    return notices
