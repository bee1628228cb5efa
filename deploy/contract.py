"""The contract with the outside as files: HTTP as OpenAPI, AMQP as AsyncAPI, the broker's definitions, the rest.

`python -m deploy.contract` writes them (`make contract`); a test says when they are no longer true.
"""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

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


#: What each file holds.
FILES: Mapping[str, Callable[[], Mapping[str, Any]]] = {
    "openapi.json": _openapi,
    "asyncapi.json": _asyncapi,
    "definitions.json": definitions,
    "desk.json": desk_schemas,
    "proofs.json": proofs,
    "simulator.json": script_schemas,
}


def described(name: str = "openapi.json") -> str:
    """Return what a file has to hold."""
    return json.dumps(FILES[name](), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the files."""
    PUBLISHED.mkdir(exist_ok=True)
    for name in FILES:
        (PUBLISHED / name).write_text(described(name), encoding="utf-8")
        sys.stdout.write(f"{(PUBLISHED / name).relative_to(Path.cwd())}\n")


if __name__ == "__main__":
    main()
