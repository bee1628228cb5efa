"""What a worker works on, as the settings say it."""

from collections.abc import Iterable, Mapping

from deploy.core import Core
from deploy.settings import SettingsWrong
from workers.discovery import find_homes
from workers.lease import LeaseTerms
from workers.worker import Plan


def plan_of(
    core: Core, only: Iterable[str] | None = None, urls: Mapping[str, str] | None = None
) -> Plan:
    """Return the plan for all products or for those named; `urls` are platforms that the settings need not name."""
    settings, homes = core.settings, find_homes(only)
    unknown = sorted(set(only or ()) - set(homes))
    if unknown:
        known = ", ".join(sorted(find_homes()))
        raise SettingsWrong(f"--products: {', '.join(unknown)} is no product; there is {known}")
    if urls is None:
        settings.require_platforms(homes)
    named = {name: platform.url or "" for name, platform in settings.platforms.items()}
    terms = LeaseTerms(settings.lease, settings.renew, settings.call_timeout, settings.settle)
    known_urls = {**named, **(urls or {})}
    return Plan(settings.products, homes, known_urls, settings.room, terms, core.sealer)
