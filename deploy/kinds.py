"""The kinds of values that settings have: each is read from text, or refused with what would do."""

import binascii
import re
from base64 import b64decode
from datetime import timedelta
from email.headerregistry import Address as MailAddress
from email.utils import parseaddr
from ipaddress import ip_address
from typing import Annotated, NamedTuple
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, PlainValidator, SecretStr
from pydantic_settings import NoDecode

from schema.calendar import Limit, LimitMalformed, parse_limit
from schema.sealing import parse_keys

EMBEDDED = "embedded"
SQLITE_URL = "sqlite:///"
NO_FILE = {"", ":memory:"}
POSTGRESQL_SCHEMES = ("postgresql", "postgresql+psycopg")

LENGTH = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)")
UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}

#: A password between the name and the host, whatever stands in it, or in the query of an address.
PASSWORD = re.compile(r"(://[^:/@]*:).*(?=@)|((?:password|secret|token)=)[^&]*", re.IGNORECASE)


class Address(NamedTuple):
    """Where a server listens."""

    host: str
    port: int

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches it."""
        return self.host == "localhost" or _is_loopback(self.host)

    def __str__(self) -> str:
        """Return it as it is written in the settings."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def read_length(text: object) -> timedelta:
    """Return a length of time such as 300ms, 0.5s, 15m, 2h or 1d; raise `ValueError`."""
    if isinstance(text, timedelta):
        return text
    found = LENGTH.fullmatch(str(text).strip())
    length = float(found[1]) * UNITS[found[2]] if found else timedelta(0)
    if not timedelta(0) < length <= timedelta(days=3660):
        raise ValueError(f"{text!r} is no length of time; write for example 300ms, 15s or 2m")
    return length


def written_length(length: timedelta) -> str:
    """Return a length of time as it is written in the settings."""
    unit = next(name for name in ("d", "h", "m", "s", "ms") if not length % UNITS[name])
    return f"{length // UNITS[unit]}{unit}"


def without_password(address: str) -> str:
    """Return an address with its password hidden."""
    return PASSWORD.sub(lambda found: f"{found[1] or found[2]}***", address)


def _database(text: str) -> str:
    """Return the address of a database that Turnup can use."""
    if text.startswith(SQLITE_URL) and text.removeprefix(SQLITE_URL).strip("/") not in NO_FILE:
        return text
    parts = _parts(text)
    if parts is not None and parts.scheme in POSTGRESQL_SCHEMES and parts.path.strip("/"):
        return text
    raise ValueError(
        f"{without_password(text)!r} is no database; write sqlite:///turnup.db "
        "or postgresql://user:password@host/name"
    )


def _broker(text: str) -> str:
    """Return the address of a broker, or `embedded`."""
    parts = _parts(text)
    if text == EMBEDDED or (parts and parts.scheme in {"amqp", "amqps"} and parts.hostname):
        return text
    raise ValueError(
        f"{without_password(text)!r} is no broker; write embedded, or amqp://user:password@host"
    )


def _web(text: str) -> str:
    """Return the address of a platform, without a slash at its end."""
    parts = _parts(text)
    if parts and parts.scheme in {"http", "https"} and parts.hostname:
        return text.rstrip("/")
    raise ValueError(f"{without_password(text)!r} is no web address; write https://host/path")


def _smtp(text: str) -> str:
    """Return the address of a mail server."""
    parts = _parts(text)
    if parts and parts.scheme in {"smtp", "smtps"} and parts.hostname and not parts.path.strip("/"):
        return text
    raise ValueError(
        f"{without_password(text)!r} is no mail server; write smtp://user:password@host:25, or smtps://host"
    )


def _sender(text: str) -> str:
    """Return who writes mails: an address, with a name before it or without."""
    name, address = parseaddr(text)
    try:
        MailAddress(name, addr_spec=address)
    except ValueError:
        address = ""
    if "@" not in address:
        raise ValueError(f"{text!r} is no address; write Turnup <turnup@example.com>")
    return text


def _listen(text: object) -> Address:
    """Return where to listen."""
    if isinstance(text, Address):
        return text
    parts = _parts(f"//{text}")
    if parts is None or not parts.hostname or parts.port is None or parts.path:
        raise ValueError(f"{text!r} is no address; write host:port, for example 127.0.0.1:8080")
    return Address(parts.hostname, parts.port)


def _listen_here(text: object) -> Address:
    """Return where to listen for this machine only: nobody proves there who he is."""
    address = _listen(text)
    if not address.is_local:
        raise ValueError(f"{text!r} can be reached from other machines; write 127.0.0.1 or ::1")
    return address


def _keys(text: SecretStr) -> SecretStr:
    """Return the secret keys when every one is well formed."""
    parse_keys(text.get_secret_value())
    return text


def _signing_secret(text: SecretStr) -> SecretStr:
    """Return a secret for signatures when it is one of the Standard Webhooks."""
    try:
        material = b64decode(text.get_secret_value().removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        material = b""
    if not 24 <= len(material) <= 64:  # noqa: PLR2004  the standard's own bounds
        raise ValueError("is no signing secret; it is whsec_ and base64 of 24 to 64 bytes")
    return text


def _limit(text: object) -> Limit:
    """Return a deadline's length."""
    try:
        return parse_limit(str(text), "deadline")
    except LimitMalformed as error:
        raise ValueError(str(error).removeprefix("deadline: ")) from error


def _parts(text: str) -> SplitResult | None:
    """Return the parts of an address, or None where it has none."""
    try:
        parts = urlsplit(text.strip())
        _ = parts.port
    except ValueError:
        return None
    return parts


def _is_loopback(host: str) -> bool:
    """Return whether a host is this machine and nobody else's."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


DatabaseUrl = Annotated[str, AfterValidator(_database)]
BrokerUrl = Annotated[str, AfterValidator(_broker)]
WebUrl = Annotated[str, AfterValidator(_web)]
SmtpUrl = Annotated[str, AfterValidator(_smtp)]
Sender = Annotated[str, AfterValidator(_sender)]
Listen = Annotated[Address, NoDecode, PlainValidator(_listen)]
ListenHere = Annotated[Address, NoDecode, PlainValidator(_listen_here)]
Length = Annotated[timedelta, PlainValidator(read_length)]
Keys = Annotated[SecretStr, AfterValidator(_keys)]
SigningSecret = Annotated[SecretStr, AfterValidator(_signing_secret)]
DeadlineLimit = Annotated[Limit, NoDecode, PlainValidator(_limit)]
