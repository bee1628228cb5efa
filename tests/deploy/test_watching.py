"""The dashboard and the alert rules speak of metrics that there are."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from deploy.contract import PUBLISHED
from producers.metrics import BY_PRODUCT, exposition
from schema.store.counts import ACCEPTED, MISSED, RETRIED, Counted
from schema.store.figures import Figures, Heap, Presence, Standing
from tests.deploy.views import BEGIN, at

NAME = re.compile(r"\bturnup_[a-z_]+")
LABELLED = re.compile(r"(turnup_[a-z_]+)\{([^}]*)\}")

#: Each thing that is counted, once, so that every metric has a sample.
COUNTED = (
    Counted("line", "open", ACCEPTED),
    Counted("line", "open", MISSED),
    Counted("line", "open", RETRIED, "bug"),
    Counted("line", "open", "succeeded", "on_time"),
)


@pytest.fixture
def shown() -> dict[str, set[str]]:
    """Every metric with the names of its labels."""
    roles = dict.fromkeys(("worker", "waker", "relay"), Presence(1, at(hours=1) - BEGIN))
    counts, unsent = dict.fromkeys(COUNTED, 1), {"desk": Heap(1, BEGIN)}
    figures = Figures(at(hours=1), {"line": Standing()}, counts, unsent, 1, roles)
    text = exposition(figures, {"line": None}, {"turnup.commands": 1}).decode()
    samples = [one for each in text_string_to_metric_families(text) for one in each.samples]
    return {each.name: set(each.labels) for each in samples}


def rules() -> list[dict[str, Any]]:
    """Return the alert rules."""
    (group,) = yaml.safe_load((PUBLISHED / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return list(group["rules"])


def expressions() -> Iterator[str]:
    """Yield all that Prometheus is asked by the rules and by the dashboard."""
    yield from (each["expr"] for each in rules())
    board = json.loads((PUBLISHED / "dashboard.json").read_text(encoding="utf-8"))
    yield from (one["expr"] for each in board["panels"] for one in each["targets"])
    yield from (each["query"] for each in board["templating"]["list"])


def test_rules_and_dashboard_ask_only_for_metrics_that_there_are(
    shown: dict[str, set[str]],
) -> None:
    asked = {name for each in expressions() for name in NAME.findall(each)}
    assert asked
    assert asked <= set(shown)
    for expression in expressions():
        for name, labels in LABELLED.findall(expression):
            assert set(re.findall(r"(\w+)=", labels)) <= shown[name]


def test_the_dashboard_shows_every_metric(shown: dict[str, set[str]]) -> None:
    board = (PUBLISHED / "dashboard.json").read_text(encoding="utf-8")
    assert set(NAME.findall(board)) == set(shown)


def test_every_alert_says_what_to_do_about_it() -> None:
    for each in rules():
        assert each["labels"]["severity"] in {"page", "warn"}
        assert {"summary", "description"} <= set(each["annotations"])


def test_metrics_are_named_as_prometheus_names_them(shown: dict[str, set[str]]) -> None:
    assert all(name.startswith("turnup_") for name in shown)
    assert not any(name.endswith(("_ms", "_count", "_minutes")) for name in shown)
    assert len({name for name, _, _ in BY_PRODUCT}) == len(BY_PRODUCT)
