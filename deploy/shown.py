"""The settings as `turnup doctor` shows them: every variable with what holds, without what is secret."""

import os
from collections.abc import Mapping
from datetime import timedelta
from difflib import get_close_matches

from pydantic import SecretStr
from pydantic_settings import DotEnvSettingsSource

from deploy import promises
from deploy.kinds import without_password, written_length
from deploy.settings import PREFIX, Settings, variable
from schema.sealing import parse_keys


def masked(settings: Settings) -> dict[str, str]:
    """Return every variable and what holds, without what is secret."""
    names = type(settings).model_fields
    shown = {variable(name): _shown(name, getattr(settings, name)) for name in names}
    for product in settings.products.values():
        for verb in product.verbs.values():
            shown |= {variable(name): said for name, said in promises.shown(product, verb).items()}
    return shown


def unknown(settings: Settings) -> list[str]:
    """Return a sentence for each TURNUP_* variable that nothing reads: a slip of the pen."""
    known = masked(settings)
    written = {*os.environ, *DotEnvSettingsSource(type(settings)).env_vars}
    strange = sorted({each.upper() for each in written} - known.keys())
    return [_guess(each, known) for each in strange if each.startswith(PREFIX)]


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
