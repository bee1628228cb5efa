"""`turnup dead` where there is no broker."""

import pytest

from tests.deploy.test_cli import refused


@pytest.mark.parametrize(
    "command", [("list",), ("show", "dead_1"), ("requeue", "dead_1"), ("drop", "dead_1")]
)
def test_without_a_broker_one_line_says_that_nothing_comes_by_amqp(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TURNUP_BROKER_URL", "embedded")
    told = refused("dead", *command, code=2)
    assert told.startswith("TURNUP_BROKER_URL: turnup dead needs RabbitMQ")
