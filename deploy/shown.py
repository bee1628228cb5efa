"""The settings as `turnup doctor` shows them: every variable with what holds, without what is secret."""

from datetime import timedelta

from pydantic import SecretStr

from deploy import promises
from deploy.kinds import without_password, written_length
from deploy.settings import Settings, variable
from schema.sealing import parse_keys


def masked(settings: Settings) -> dict[str, str]:
    """Return every variable and what holds, without what is secret."""
    names = type(settings).model_fields
    shown = {variable(name): _shown(name, getattr(settings, name)) for name in names}
    for product in settings.products.values():
        for verb in product.verbs.values():
            shown |= {variable(name): said for name, said in promises.shown(product, verb).items()}
    return shown


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
