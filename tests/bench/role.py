"""`python -m tests.bench.role serve|api|worker|...`: the command line, with the measured product beside the others."""

from pathlib import Path

import schema.products
import workers.products
from deploy import cli

HOME = Path(__file__).parent / "products"

if __name__ == "__main__":
    schema.products.__path__.append(str(HOME / "schema"))
    workers.products.__path__.append(str(HOME / "workers"))
    cli.main()
