"""A client that goes away in the middle of its request is nothing that anybody has to look into."""

import socket
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from deploy.ending import Ending
from deploy.http import bound_to, served
from deploy.kinds import Address
from producers.desk import DeskEvents
from producers.http.app import create_app
from producers.http.doors import Doors
from schema.store.writer import Writer
from tests.producers.conftest import SECRET
from tests.system.waiting import until

PATHS = ("/v1/commands", "/v1/platforms/cloud_pbx/events", "/v1/desk/events")


@pytest.mark.parametrize("path", PATHS)
def test_a_client_that_hangs_up_in_the_middle_of_a_body_is_one_quiet_line(
    doors: Doors, writer: Writer, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    app = create_app(replace(doors, desk=DeskEvents(writer, SECRET)))
    bound = bound_to(Address("127.0.0.1", 0))
    with capture_logs() as told, served(app, bound, Ending()):
        send_half(bound.getsockname(), path)
        until(lambda: told or caplog.records, "a line")
    assert told == [{"event": "request_broken_off", "log_level": "info", "path": path}]
    assert caplog.records == []


def send_half(place: tuple[str, int], path: str) -> None:
    """Send the head of a request and half of its body, and hang up."""
    with socket.create_connection(place) as connection:
        head = f"POST {path} HTTP/1.1\r\nHost: turnup\r\nContent-Length: 100\r\n\r\n"
        connection.sendall(head.encode() + b" " * 50)
