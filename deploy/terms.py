"""How long leases and calls last, as the settings say it."""

from deploy.settings import Settings
from workers.lease import LeaseTerms


def terms_of(settings: Settings) -> LeaseTerms:
    """Return how long leases and calls last."""
    return LeaseTerms(settings.lease, settings.renew, settings.call_timeout, settings.settle)
