"""The settings: TURNUP_* variables of the environment or of a `.env` file, all checked at once.

Besides the fields below each product has TURNUP_PLATFORM_<PRODUCT>_URL and _SECRET, and each of its
verbs TURNUP_<PRODUCT>_<VERB>_DEADLINE; they come with the product, without a change here.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import (
    AwareDatetime,
    Field,
    SecretStr,
    ValidationError,
    create_model,
    field_validator,
)
from pydantic_core import ErrorDetails
from pydantic_core.core_schema import ValidationInfo
from pydantic_settings import BaseSettings, DotEnvSettingsSource, SettingsConfigDict

from deploy.kinds import (
    EMBEDDED,
    SQLITE_URL,
    Address,
    BrokerUrl,
    DatabaseUrl,
    DeadlineLimit,
    Keys,
    Length,
    Listen,
    SigningSecret,
    WebUrl,
    without_password,
    written_length,
)
from schema.calendar import Limit
from schema.discovery import find_products
from schema.errors import TurnupError
from schema.lifecycle import Product
from schema.sealing import parse_keys

PREFIX = "TURNUP_"


class SettingsWrong(TurnupError):
    """Raised when settings cannot be used; `lines` has one sentence for each fault."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass(frozen=True, slots=True)
class Platform:
    """Where the platform of a product answers, and the secret that signs what it calls back."""

    url: str | None
    secret: SecretStr | None


class Settings(BaseSettings):
    """What can be set, with its default; `read_settings` adds what the products need."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    database_url: DatabaseUrl = Field(f"{SQLITE_URL}turnup.db", repr=False)
    broker_url: BrokerUrl = Field(EMBEDDED, repr=False)
    secret_keys: Keys | None = None
    #: Who signs our events: the `source` of every CloudEvent that goes out.
    source: str = Field("turnup", min_length=1, max_length=200)
    listen: Listen = Address("127.0.0.1", 8080)
    #: How many operations of each product a worker takes at once.
    room: int = Field(1024, ge=1, le=100_000)
    lease: Length = timedelta(seconds=15)
    renew: Length = timedelta(seconds=5)
    call_timeout: Length = timedelta(seconds=10)
    #: Between a takeover and the first question to a platform.
    settle: Length = timedelta(seconds=3)
    log: Literal["auto", "console", "json"] = "auto"
    #: Where `turnup simulator` listens, what it keeps, and where it calls back.
    simulator_listen: Listen = Address("127.0.0.1", 8081)
    simulator_database: Path = Path("simulator.db")
    simulator_calls: WebUrl = "http://127.0.0.1:8080"
    #: Where the vendors' clock stands in a new file; without it they live by the host's.
    simulator_start: AwareDatetime | None = None

    @field_validator("broker_url")
    @classmethod
    def _fits_the_database(cls, url: str, info: ValidationInfo) -> str:
        """Refuse a broker beside SQLite, which one process owns."""
        if url != EMBEDDED and str(info.data.get("database_url", "")).startswith(SQLITE_URL):
            raise ValueError(
                "SQLite works with the embedded queue only; unset this, "
                f"or set {PREFIX}DATABASE_URL to a PostgreSQL database"
            )
        return url

    @field_validator("renew")
    @classmethod
    def _leaves_a_second_try(cls, renew: timedelta, info: ValidationInfo) -> timedelta:
        """Refuse a lease that one late renewal would lose."""
        lease = info.data.get("lease")
        if lease and renew * 2 > lease:
            raise ValueError(f"must be at most half of {PREFIX}LEASE ({written_length(lease)})")
        return renew

    @field_validator("settle")
    @classmethod
    def _fits_the_lease(cls, settle: timedelta, info: ValidationInfo) -> timedelta:
        """Refuse calls that could outlive the lease under which they began (DESIGN idea 5)."""
        lease, call = info.data.get("lease"), info.data.get("call_timeout")
        if lease and call and call + settle >= lease:
            raise ValueError(
                f"together with {PREFIX}CALL_TIMEOUT ({written_length(call)}) "
                f"it must be less than {PREFIX}LEASE ({written_length(lease)})"
            )
        return settle

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a file."""
        return self.database_url.startswith(SQLITE_URL)

    @property
    def is_embedded(self) -> bool:
        """Whether one process does everything, without a broker."""
        return self.broker_url == EMBEDDED

    @cached_property
    def products(self) -> Mapping[str, Product]:
        """All products by name, with the deadlines of these settings."""
        limits: dict[tuple[str, str], Limit] = {}
        for product in find_products().values():
            for verb in product.verbs:
                if limit := getattr(self, f"{product.name}_{verb}_deadline", None):
                    limits[product.name, verb] = limit
        return find_products(limits)

    @property
    def platforms(self) -> Mapping[str, Platform]:
        """The platform of every product."""
        return {
            name: Platform(
                getattr(self, f"platform_{name}_url"), getattr(self, f"platform_{name}_secret")
            )
            for name in self.products
        }

    def require_one_process(self, role: str) -> None:
        """Raise `SettingsWrong` where `serve` or `run` is asked to work with a broker."""
        if not self.is_embedded:
            raise SettingsWrong(
                f"{PREFIX}BROKER_URL: turnup {role} is one process and needs no broker; unset it, "
                "or start the roles api, worker, waker and relay"
            )

    def require_roles(self, role: str) -> None:
        """Raise `SettingsWrong` where one of several processes is asked to work without servers."""
        lines = []
        if self.is_sqlite:
            lines.append(f"{PREFIX}DATABASE_URL: turnup {role} needs PostgreSQL")
        if self.is_embedded:
            lines.append(f"{PREFIX}BROKER_URL: turnup {role} needs RabbitMQ (amqp://...)")
        if lines:
            raise SettingsWrong(*(f"{line}; one process alone is: turnup serve" for line in lines))

    def require_platforms(self, products: Mapping[str, object]) -> None:
        """Raise `SettingsWrong` for every one of these products whose platform is not named."""
        missing = [name for name in products if self.platforms[name].url is None]
        if missing:
            names = (f"{PREFIX}PLATFORM_{name.upper()}_URL" for name in missing)
            raise SettingsWrong(*(f"{name}: is not set; write https://host/path" for name in names))

    def masked(self) -> dict[str, str]:
        """Return every variable and what holds, without what is secret."""
        names = type(self).model_fields
        shown = {_variable(name): _shown(name, getattr(self, name)) for name in names}
        for product in self.products.values():
            for verb in product.verbs.values():
                shown[_variable(f"{product.name}_{verb.name}_deadline")] = str(verb.limit)
        return shown

    def unknown(self) -> list[str]:
        """Return a sentence for each TURNUP_* variable that nothing reads: a slip of the pen."""
        known = self.masked()
        written = {*os.environ, *DotEnvSettingsSource(type(self)).env_vars}
        strange = sorted({each.upper() for each in written} - known.keys())
        return [_guess(each, known) for each in strange if each.startswith(PREFIX)]

    @classmethod
    def for_products(cls) -> type[Self]:
        """Return the settings with the fields that the installed products need."""
        fields: dict[str, Any] = {}
        for product in find_products().values():
            fields[f"platform_{product.name}_url"] = (WebUrl | None, Field(None, repr=False))
            fields[f"platform_{product.name}_secret"] = (SigningSecret | None, None)
            for verb in product.verbs:
                fields[f"{product.name}_{verb}_deadline"] = (DeadlineLimit | None, None)
        return create_model("Settings", __base__=cls, **fields)


def read_settings() -> Settings:
    """Return the settings; raise `SettingsWrong` with every fault at once."""
    try:
        return Settings.for_products()()
    except ValidationError as error:
        raise SettingsWrong(*(_line(fault) for fault in error.errors())) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsWrong(f".env: cannot be read: {error}") from None


def _variable(name: str) -> str:
    """Return the variable of a field."""
    return f"{PREFIX}{name.upper()}"


def _line(fault: ErrorDetails) -> str:
    """Return one fault as a sentence; pydantic's own say nothing about what was given."""
    if fault["type"] == "value_error":
        said = str(fault["ctx"]["error"])
    else:
        said = f"{fault['input']!r} will not do: {fault['msg'].lower()}"
    return f"{_variable(str(fault['loc'][0]))}: {said}"


def _shown(name: str, value: object) -> str:
    """Return a value as `doctor` shows it."""
    if value is None:
        return ""
    if name == "secret_keys" and isinstance(value, SecretStr):
        return ", ".join(key.id for key in parse_keys(value.get_secret_value()))
    if isinstance(value, SecretStr):
        return "***"
    if isinstance(value, timedelta):
        return written_length(value)
    return without_password(str(value))


def _guess(name: str, known: Mapping[str, str]) -> str:
    """Return what may have been meant by an unknown variable."""
    near = get_close_matches(name, known, n=1)
    return f"{name} is not known" + (f"; did you mean {near[0]}?" if near else "")
