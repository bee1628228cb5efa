"""The settings of what a worker asks of a platform at most: TURNUP_PLATFORM_<PRODUCT>_CALLS, _RATE and _BURST."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import Field, field_validator
from pydantic_core.core_schema import ValidationInfo

CALLS, RATE, BURST = "calls", "rate", "burst"

Calls = Annotated[int, Field(ge=1, le=10_000)]
Rate = Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)]


def fields_of(product: str) -> dict[str, Any]:
    """Return the fields that the platform of a product adds to the settings."""
    return {
        _name(product, CALLS): (Calls, 256),
        _name(product, RATE): (Rate | None, None),
        _name(product, BURST): (Calls, 1),
    }


def checks_of(products: Iterable[str]) -> Mapping[str, Any]:
    """Return what refuses a burst of no rate."""

    def has_a_rate(burst: int, info: ValidationInfo) -> int:
        rate = str(info.field_name).removesuffix(BURST) + RATE
        if burst > 1 and info.data.get(rate, 0) is None:
            raise ValueError(f"belongs to a rate; set TURNUP_{rate.upper()} too")
        return burst

    names = (_name(product, BURST) for product in products)
    return {f"check_{name}": field_validator(name)(has_a_rate) for name in names}


def given(product: str, settings: object) -> tuple[int, float | None, int]:
    """Return what the settings say about the platform of a product: calls, rate, burst."""
    calls, rate, burst = (getattr(settings, _name(product, each)) for each in (CALLS, RATE, BURST))
    return calls, rate, burst


def _name(product: str, what: str) -> str:
    """Return the name of a setting."""
    return f"platform_{product}_{what}"
