"""Puts the HTTP door together."""

from collections.abc import Mapping

from deploy.core import Core
from producers.calls import Calls
from producers.http.doors import Doors
from producers.intake import Intake
from producers.signals import Signals
from schema.queue import Offer


def doors_of(core: Core, offer: Offer, secrets: Mapping[str, str] | None = None) -> Doors:
    """Return the parts behind the routes; `secrets` are those of platforms that the settings need not name."""
    products = core.settings.products
    named = {
        name: platform.secret.get_secret_value()
        for name, platform in core.settings.platforms.items()
        if platform.secret
    }
    return Doors(
        core.database,
        products,
        Intake(core.writer, products, offer, core.sealer),
        Signals(core.writer, {**(secrets or {}), **named}, offer),
        Calls(core.writer, offer),
    )
