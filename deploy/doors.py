"""Puts the HTTP door together."""

from collections.abc import Mapping

from deploy.core import Core
from deploy.settings import SettingsWrong
from producers.api_keys import KeyRing
from producers.calls import Calls
from producers.dead import DeadLetters
from producers.desk import DeskEvents
from producers.http.doors import Depths, Doors
from producers.intake import Intake
from producers.receipts import Receipts
from producers.secrets import Secrets
from producers.signals import Signals
from schema.queue import Offer
from schema.store.api_keys import known_keys


def require_keys(core: Core) -> None:
    """Refuse to listen where other machines reach us before anybody can prove who he is (CO-7)."""
    listen = core.settings.listen
    if listen.is_local:
        return
    with core.database.look() as connection:
        if not known_keys(connection):
            raise SettingsWrong(
                f"TURNUP_LISTEN: {str(listen)!r} can be reached from other machines, and there is no API key; "
                "make one with: turnup keys add"
            )


def doors_of(core: Core, offer: Offer, secrets: Mapping[str, str] | None = None) -> Doors:
    """Return the parts behind the routes; `secrets` are those of platforms that the settings need not name."""
    products = core.settings.products
    named = {
        name: platform.secret.get_secret_value()
        for name, platform in core.settings.platforms.items()
        if platform.secret
    }
    calls, (dead, depths) = Calls(core.writer, offer), _broker_of(core)
    return Doors(
        core.database,
        products,
        Intake(core.writer, products, offer, core.sealer),
        Signals(core.writer, {**(secrets or {}), **named}, offer),
        calls,
        Secrets(core.database, calls, core.sealer),
        KeyRing(core.database),
        dead,
        _desk_of(core),
        depths,
        _receipts_of(core, offer),
    )


def _broker_of(core: Core) -> tuple[DeadLetters | None, Depths | None]:
    """Return what looks into the queues of a broker, where there is one: one process alone loads no client for it."""
    if core.settings.is_embedded:
        return None, None
    from producers.amqp import dead, depths  # noqa: PLC0415  as said above

    url, products = core.settings.broker_url, core.settings.products
    return dead.RejectedQueue(url), lambda: depths.depths(url, products)


def _receipts_of(core: Core, offer: Offer) -> Receipts | None:
    """Return what listens to a gateway of short messages, where there is one."""
    secret = core.settings.sms_secret
    parts = (core.database, core.writer)
    return Receipts(*parts, secret.get_secret_value(), offer) if secret else None


def _desk_of(core: Core) -> DeskEvents | None:
    """Return what listens to another system's desk, where there is one."""
    secret = core.settings.desk_secret
    return DeskEvents(core.writer, secret.get_secret_value()) if secret else None
