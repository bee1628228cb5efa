"""Slips of the pen: variables that are called like settings, and that nothing reads."""

import os
from collections.abc import Iterable
from difflib import get_close_matches

from pydantic_settings import BaseSettings, DotEnvSettingsSource


def unknown(kind: type[BaseSettings]) -> list[str]:
    """Return a sentence for each variable that begins like these settings, and is none of them."""
    prefix = str(kind.model_config["env_prefix"])
    known = {f"{prefix}{name}".upper() for name in kind.model_fields}
    written = {each.upper() for each in (*os.environ, *DotEnvSettingsSource(kind).env_vars)}
    return [_guess(each, known) for each in sorted(written - known) if each.startswith(prefix)]


def _guess(name: str, known: Iterable[str]) -> str:
    """Return what may have been meant by an unknown variable."""
    near = get_close_matches(name, known, n=1)
    return f"{name} is not known" + (f"; did you mean {near[0]}?" if near else "")
