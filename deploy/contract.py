"""The contract with the outside as a file: the HTTP door as OpenAPI, with the JSON Schema of every verb in it.

`python -m deploy.contract` writes it (`make contract`); a test says when it is no longer true.
"""

import json
import sys
from pathlib import Path
from typing import Any, cast

from producers.http.app import create_app
from producers.http.doors import Doors
from schema.discovery import find_products

#: What is published beside the program.
FILE = Path(__file__).parent / "published" / "openapi.json"


def described() -> str:
    """Return the description of the HTTP door as it is now."""
    nothing = cast("Any", None)  # describing opens no door, so nothing behind it is needed
    app = create_app(Doors(nothing, find_products(), nothing, nothing, nothing))
    return json.dumps(app.openapi(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the file."""
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(described(), encoding="utf-8")
    sys.stdout.write(f"{FILE.relative_to(Path.cwd())}\n")


if __name__ == "__main__":
    main()
