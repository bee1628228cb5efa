"""What `turnup doctor` finds on the other end of a line: the broker, mail server and gateway, the platforms."""

import http.client
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from urllib.parse import urlsplit

from deploy.broker import BrokerUnreachable, require_broker
from deploy.commands.finding import Finding
from deploy.day.played import NO_SIMULATOR, Played
from deploy.settings import PREFIX, UNSIGNED, Settings
from producers.amqp.depths import Depth, looked_into
from producers.amqp.topology import COMMANDS, REJECTED
from workers.channels.mail import server_of

#: How a client of AMQP 0-9-1 begins, and the kind of frame that a broker answers with.
AMQP_GREETING = b"AMQP\x00\x00\x09\x01"
AMQP_METHOD = b"\x01"
PATIENCE = 3.0

#: How a mail server answers a greeting that it takes.
GREETED = 250

#: From here on an answer says that the platform itself is ill.
FAILED = 500


def broker(settings: Settings) -> Iterator[Finding]:
    """Look whether an AMQP broker answers, and lets us in."""
    if settings.is_embedded:
        yield Finding("broker", "ok", "embedded")
        return
    parts = urlsplit(settings.broker_url)
    is_secret = parts.scheme == "amqps"
    host, port = parts.hostname or "", parts.port or (5671 if is_secret else 5672)
    ill = _unfit(host, port, is_secret=is_secret)
    if ill is None:
        try:
            require_broker(settings.broker_url, PATIENCE)
        except BrokerUnreachable as error:
            ill = f"answers, but lets us not in: {error.why}"
    if ill is not None:
        yield Finding("broker", "wrong", f"{host}:{port} {ill}")
        return
    yield Finding("broker", "ok", f"{host}:{port} answers, and lets us in")
    yield from _commands(settings.broker_url)


def _unfit(host: str, port: int, *, is_secret: bool) -> str | None:
    """Return why no broker is there, None where one answers: its client would only say that it failed."""
    try:
        with socket.create_connection((host, port), PATIENCE) as plain:
            answer = _greeted(plain, host if is_secret else None)
    except OSError as error:
        return f"does not answer: {error.strerror or error}"
    return None if answer == AMQP_METHOD else "answers, but speaks no AMQP 0-9-1"


def _commands(url: str) -> Iterator[Finding]:
    """Look whether commands lie at the broker that nobody takes, and what could not be accepted."""
    found = looked_into(url, (COMMANDS, REJECTED))
    waiting, dead = (found.get(name, Depth(0, 0)) for name in (COMMANDS, REJECTED))
    if waiting.messages and not waiting.consumers:
        told = f"{waiting.messages} wait in {COMMANDS}, and nobody takes them: start turnup intake"
        yield Finding("commands", "wrong", told)
    if dead.messages:
        told = f"{dead.messages} could not be accepted: turnup dead list"
        yield Finding("commands", "warning", told)


def _greeted(plain: socket.socket, tls_host: str | None) -> bytes:
    """Return the first byte of the answer to a greeting."""
    if tls_host is None:
        plain.sendall(AMQP_GREETING)
        return plain.recv(1)
    with ssl.create_default_context().wrap_socket(plain, server_hostname=tls_host) as secret:
        secret.sendall(AMQP_GREETING)
        return secret.recv(1)


def mail_server(settings: Settings) -> Iterator[Finding]:
    """Look whether the mail server takes us for somebody, where one is set; nothing is sent."""
    if settings.smtp_url is None:
        return
    host, port, is_safe = server_of(settings.smtp_url)
    kind = smtplib.SMTP_SSL if is_safe else smtplib.SMTP
    try:
        with kind(host, port, timeout=PATIENCE) as server:
            code, said = server.ehlo()
    except OSError as error:
        why = f"does not answer: {error.strerror or str(error) or type(error).__name__}"
        yield Finding("mail", "wrong", f"{host}:{port} {why}")
        return
    if code == GREETED:
        yield Finding("mail", "ok", f"{host}:{port} answers, and greets us")
    else:
        first = said.decode(errors="replace").split("\n", 1)[0][:200]
        yield Finding("mail", "wrong", f"{host}:{port} answers {code} {first}")


def gateway(settings: Settings) -> Iterator[Finding]:
    """Look whether the gateway of short messages answers, where one is set; nothing is sent."""
    if settings.sms_url is not None:
        yield _answers("sms", "the gateway", settings.sms_url)


def platforms(settings: Settings) -> Iterator[Finding]:
    """Look whether every product's platform answers a question that changes nothing."""
    is_played = settings.is_embedded and _is_simulator(settings)
    for name, platform in settings.platforms.items():
        if platform.url is None:
            yield _unset(name, settings, is_played=is_played)
            continue
        yield replace(_answers("platform", name, platform.url), product=name)
        if platform.secret is None:
            told = f"{PREFIX}PLATFORM_{name.upper()}_SECRET is not set: {UNSIGNED}"
            yield Finding("platform", "warning", told)


def _unset(name: str, settings: Settings, *, is_played: bool) -> Finding:
    """Return what it means that no address of a product's platform is set."""
    if is_played:
        told = f"{name} is played at {settings.simulator_listen}"
        return Finding("platform", "ok", told, name)
    told = f"{PREFIX}PLATFORM_{name.upper()}_URL is not set"
    if settings.is_embedded:
        return Finding("platform", "warning", f"{told}: only turnup serve --simulator does without")
    return Finding("platform", "wrong", f"{told}: no worker of {name} starts without it")


def _is_simulator(settings: Settings) -> bool:
    """Return whether somebody plays the vendors where `serve --simulator` does."""
    with closing(Played(f"http://{settings.simulator_listen}", PATIENCE)) as played:
        try:
            played.time()
        except NO_SIMULATOR:
            return False
    return True


def _answers(what: str, name: str, url: str) -> Finding:
    """Ask for the address itself: whatever is answered, somebody is there."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    place = f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
    connection = kind(parts.hostname or "", parts.port, timeout=PATIENCE)
    try:
        connection.request("GET", parts.path or "/")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return Finding(what, "wrong", f"{name} at {place} does not answer: {why}")
    finally:
        connection.close()
    if status >= FAILED:
        return Finding(what, "warning", f"{name} at {place} answers with status {status}")
    return Finding(what, "ok", f"{name} at {place} answers")
