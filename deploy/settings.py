"""The settings: TURNUP_* variables of the environment or of a `.env` file, all checked at once.

Besides the fields below each product has TURNUP_PLATFORM_<PRODUCT>_URL and _SECRET, limits (`deploy.limits`), and for
each verb TURNUP_<PRODUCT>_<VERB>_DEADLINE (`deploy.promises`); they come with the product, without a change here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

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
from pydantic_settings import BaseSettings, SettingsConfigDict

from deploy import limits
from deploy.kinds import (
    EMBEDDED,
    SQLITE_URL,
    Address,
    BrokerUrl,
    DatabaseUrl,
    Keys,
    Length,
    Listen,
    ListenHere,
    Sender,
    SigningSecret,
    SmtpUrl,
    WebUrl,
    written_length,
)
from deploy.promises import changes, fields_of, with_limits
from deploy.slips import unknown
from schema.calendar import CalendarUnknown
from schema.discovery import find_products
from schema.errors import TurnupError
from schema.lifecycle import Product

PREFIX = "TURNUP_"

#: What stands beside a database and is called after it: the directories of mails and of short messages, and what
#: played platforms keep.
MAIL_END, SMS_END, SIMULATED_END = ".mail", ".sms", ".simulated"

#: What becomes of a platform's signals where its secret is not known.
UNSIGNED = "what it calls back is refused, and nobody learns that something is done there"


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


class Settings(BaseSettings, hide_input_in_errors=True):
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
    #: How many operations of each product a worker takes at once; fewer where its platform is limited.
    room: int = Field(1024, ge=1, le=100_000)
    lease: Length = timedelta(seconds=15)
    renew: Length = timedelta(seconds=5)
    call_timeout: Length = timedelta(seconds=10)
    #: Between a takeover and the first question to a platform.
    settle: Length = timedelta(seconds=3)
    #: Where mails go: a directory (by default beside the database), or a mail server.
    mail_directory: Path | None = None
    smtp_url: SmtpUrl | None = Field(None, repr=False)
    mail_from: Sender = "Turnup <turnup@localhost>"
    #: Where short messages go: a directory (by default beside the database), or an HTTP gateway; and the secret that
    #: signs both ways.
    sms_directory: Path | None = None
    sms_url: WebUrl | None = Field(None, repr=False)
    sms_secret: SigningSecret | None = None
    sms_from: str = Field(
        "Turnup", min_length=1, max_length=16, pattern=r"^(\+?[0-9]+|[A-Za-z0-9 .-]{1,11})$"
    )
    #: The ticket system that is told about tickets, and the secret that signs both ways.
    desk_url: WebUrl | None = Field(None, repr=False)
    desk_secret: SigningSecret | None = None
    #: Where people and programs reach our door, as links in tickets say it.
    public_url: WebUrl | None = None
    log: Literal["auto", "console", "json"] = "auto"
    #: Where `turnup simulator` listens, where it calls back, and its file (by default beside the database).
    simulator_listen: ListenHere = Address("127.0.0.1", 8081)
    simulator_database: Path | None = None
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

    @field_validator("mail_from")
    @classmethod
    def _is_somebody(cls, sender: str, info: ValidationInfo) -> str:
        """Refuse to write to real people as nobody."""
        if info.data.get("smtp_url") and sender == cls.model_fields["mail_from"].default:
            raise ValueError(f"must be an address of yours where {PREFIX}SMTP_URL is set")
        return sender

    @field_validator("desk_secret", "sms_secret")
    @classmethod
    def _signs_for_somebody(
        cls, secret: SecretStr | None, info: ValidationInfo
    ) -> SecretStr | None:
        """Refuse a desk or gateway that could not tell what is ours from others', and a secret for nobody."""
        url = str(info.field_name).replace("secret", "url")
        if (secret is None) != (info.data.get(url) is None):
            raise ValueError(f"belongs together with {variable(url)}: set both, or none")
        return secret

    @property
    def mails(self) -> Path:
        """The directory of mails."""
        return self.mail_directory or self._beside(MAIL_END)

    @property
    def messages(self) -> Path:
        """The directory of short messages."""
        return self.sms_directory or self._beside(SMS_END)

    @property
    def letters(self) -> tuple[Path, Path]:
        """The directories in which played people find what is written to them."""
        return self.mails, self.messages

    @property
    def simulated(self) -> Path:
        """The file of the played platforms."""
        return self.simulator_database or self._beside(SIMULATED_END)

    def _beside(self, end: str) -> Path:
        """Return a path that is called after the database."""
        if self.is_sqlite:
            return Path(f"{self.database_url.removeprefix(SQLITE_URL)}{end}")
        return Path(f"{urlsplit(self.database_url).path.strip('/')}{end}")

    def played(self) -> Self:
        """Return the same settings for a day that is only played: nothing of it reaches real people or desks."""
        outside = (
            *("smtp_url", "mail_directory", "desk_url", "desk_secret"),
            *("sms_url", "sms_secret", "sms_directory"),
        )
        return self.model_copy(update=dict.fromkeys(outside))

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
        found = find_products()
        changed = find_products({name: changes(each, self) for name, each in found.items()})
        return {name: with_limits(each, self) for name, each in changed.items()}

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

    def require_platforms(self, products: Mapping[str, object], instead: str = "") -> None:
        """Raise `SettingsWrong` for every one of these products whose platform is not named."""
        missing = [name for name in products if self.platforms[name].url is None]
        if missing:
            names = (f"{PREFIX}PLATFORM_{name.upper()}_URL" for name in missing)
            do = f"write https://host/path{instead}"
            raise SettingsWrong(*(f"{name}: is not set; {do}" for name in names))

    @classmethod
    def for_products(cls) -> type[Self]:
        """Return the settings with the fields that the installed products need."""
        fields: dict[str, Any] = {}
        for product in find_products().values():
            fields[f"platform_{product.name}_url"] = (WebUrl | None, Field(None, repr=False))
            fields[f"platform_{product.name}_secret"] = (SigningSecret | None, None)
            fields |= limits.fields_of(product.name) | fields_of(product)
        checks: dict[str, Any] = {**limits.checks_of(find_products())}
        return create_model("Settings", __base__=cls, __validators__=checks, **fields)


def read_settings() -> Settings:
    """Return the settings; raise `SettingsWrong` with every fault at once."""
    kind = Settings.for_products()
    try:
        settings = kind()
        assert settings.products  # noqa: S101  here a wrong calendar is found
    except CalendarUnknown as error:
        raise SettingsWrong(f"the calendar of a deadline: {error}") from None
    except ValidationError as error:
        raise SettingsWrong(*map(_line, error.errors()), *unknown(kind)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsWrong(f".env: cannot be read: {error}") from None
    return settings


def variable(name: str) -> str:
    """Return the variable of a field."""
    return f"{PREFIX}{name.upper()}"


def _line(fault: ErrorDetails) -> str:
    """Return one fault as a sentence; pydantic's own say nothing about what was given."""
    if fault["type"] == "value_error":
        said = str(fault["ctx"]["error"])
    else:
        said = f"{fault['input']!r} will not do: {fault['msg'].lower()}"
    return f"{variable(str(fault['loc'][0]))}: {said}"
