"""A talk with a played vendor: what is asked, what he answers, and what he tells by himself.

`tests/products/<product>/vendor.txt` is one. Lines that begin with `>` are asked, `@` says for which service, and
`+ 90 minutes` lets time pass. All others are what comes of it, the last one what counts as an effect;
`python -m tests.products.talks` writes those anew.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path

from tests.world.platform import Platform
from tests.world.points import Points
from tests.world.world import START
from workers.simulator.clock import as_moment
from workers.simulator.discovery import find_vendors
from workers.simulator.vendor import Vendor

HERE = Path(__file__).parent


def written(product: str) -> list[str]:
    """Return the lines of a product's talk."""
    return (HERE / product / "vendor.txt").read_text(encoding="utf-8").splitlines()


def played(vendor: Vendor, lines: list[str]) -> list[str]:
    """Ask what is asked in a talk, and return all that is said."""
    platform = Platform({vendor.product: vendor}, START, Points())
    try:
        told = list(_said(platform, vendor.product, lines))
        return [*told, f"= {' '.join(each.action for each in platform.effects())}"]
    finally:
        platform.close()


def _said(platform: Platform, product: str, lines: list[str]) -> Iterator[str]:
    """Yield the lines of a talk."""
    service, keys, now = "acme/one", count(1), START
    for line in lines:
        if line[:1] not in {"", ">", "@", "+"}:
            continue
        yield line
        told = line[2:].split(maxsplit=2)
        if line.startswith("@"):
            service = told[0]
        elif line.startswith("+"):
            now += timedelta(minutes=int(told[0]))
            platform.move(now)
        elif line.startswith(">"):
            key = f"op_1:talk:{next(keys)}"
            yield _answer(platform, told[0], f"/{product}{told[1]}", (service, key, *told[2:]))
        yield from _news(platform)


def _answer(platform: Platform, method: str, path: str, more: tuple[str, ...]) -> str:
    """Return what is answered."""
    service, key, *body = more
    path, _, query = path.partition("?")
    headers = {"X-Service": service, "X-Reference": "op_1", "Idempotency-Key": key}
    asked = {"headers": headers, "json": json.loads(body[0]) if body else {}}
    reply = platform.take(
        method,
        path,
        {**asked, "params": dict(each.split("=") for each in query.split("&") if each)},
    )
    return f"< {reply.status} {json.dumps(reply.body, sort_keys=True)}"


def _news(platform: Platform) -> Iterator[str]:
    """Yield what the vendor tells by himself."""
    for each in platform.due_callbacks():
        told = json.loads(each.body)
        yield f"! {as_moment(told['at']):%d %H:%M:%S} {told['kind']} {json.dumps(told['facts'], sort_keys=True)}"


def main() -> None:
    """Write every talk anew."""
    for product, vendor in find_vendors().items():
        text = "\n".join(played(vendor, written(product)))
        (HERE / product / "vendor.txt").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
