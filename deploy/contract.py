"""The contract with the outside as files: HTTP as OpenAPI, AMQP as AsyncAPI, the rest, and README's part on products.

`python -m deploy.contract` writes them (`make contract`); a test says when they are no longer true.
"""

import json
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast

from deploy.diagram import draw
from deploy.overview import with_products
from deploy.proofs import proofs
from producers.amqp import asyncapi
from producers.amqp.definitions import definitions
from producers.http.app import create_app
from producers.http.doors import Doors
from schema.desk import desk_schemas
from schema.discovery import find_products
from workers.simulator.scripted import script_schemas

#: The whole project.
ROOT = Path(__file__).parent.parent

#: What is published beside the program.
PUBLISHED = ROOT / "deploy" / "published"

README = ROOT / "README.md"


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
    """Return every file that is made, by its path in the project, and what makes it; each product has a picture."""
    products = find_products()
    made: dict[Path, Callable[[], str]] = {
        PUBLISHED / name: partial(_json, name) for name in DESCRIPTIONS
    }
    for name, product in products.items():
        made[PUBLISHED / f"{name}.svg"] = partial(draw, product)
    made[README] = lambda: with_products(README.read_text(encoding="utf-8"), products, proofs())
    return {path.relative_to(ROOT).as_posix(): make for path, make in made.items()}


def main() -> None:
    """Write the files."""
    PUBLISHED.mkdir(exist_ok=True)
    for name, make in files().items():
        (ROOT / name).write_text(make(), encoding="utf-8")
        sys.stdout.write(f"{name}\n")


def _json(name: str) -> str:
    """Return a description as text."""
    return json.dumps(DESCRIPTIONS[name](), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main()
