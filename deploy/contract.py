"""The contract with the outside as files: HTTP as OpenAPI, AMQP as AsyncAPI, what products promise, the rest.

`python -m deploy.contract` writes them (`make contract`); a test says when they are no longer true.
"""

import json
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast

from deploy.diagram import draw
from deploy.overview import OVERVIEW, overview
from deploy.proofs import proofs
from producers.amqp import asyncapi
from producers.amqp.definitions import definitions
from producers.http.app import create_app
from producers.http.doors import Doors
from schema.desk import desk_schemas
from schema.discovery import find_products
from workers.simulator.scripted import script_schemas

#: What is published beside the program.
PUBLISHED = Path(__file__).parent / "published"


def _openapi() -> dict[str, Any]:
    """Return the description of the HTTP door as it is now."""
    nothing = cast("Any", None)  # describing opens no door, so nothing behind it is needed
    return create_app(Doors(nothing, find_products(), *[nothing] * 5)).openapi()


def _asyncapi() -> dict[str, Any]:
    """Return the description of the AMQP door as it is now."""
    return asyncapi.describe(find_products())


#: What each file of JSON holds.
DESCRIPTIONS: Mapping[str, Callable[[], Mapping[str, Any]]] = {
    "openapi.json": _openapi,
    "asyncapi.json": _asyncapi,
    "definitions.json": definitions,
    "desk.json": desk_schemas,
    "proofs.json": proofs,
    "simulator.json": script_schemas,
}


def files() -> Mapping[str, Callable[[], str]]:
    """Return every file that is published, and what writes it; each product has a picture."""
    products = find_products()
    described = {name: partial(_json, name) for name in DESCRIPTIONS}
    pictures = {f"{name}.svg": partial(draw, each) for name, each in products.items()}
    return {**described, OVERVIEW: partial(overview, products, proofs()), **pictures}


def described(name: str = "openapi.json") -> str:
    """Return what a file has to hold."""
    return files()[name]()


def main() -> None:
    """Write the files."""
    PUBLISHED.mkdir(exist_ok=True)
    for name, write in files().items():
        (PUBLISHED / name).write_text(write(), encoding="utf-8")
        sys.stdout.write(f"{(PUBLISHED / name).relative_to(Path.cwd())}\n")


def _json(name: str) -> str:
    """Return a description as text."""
    return json.dumps(DESCRIPTIONS[name](), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main()
