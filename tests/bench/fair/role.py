"""`python -m tests.bench.fair.role serve`: the command line, with the measured products beside the others."""

from pathlib import Path

import schema.products
import workers.products
from deploy import cli

BENCH = Path(__file__).parents[1]

if __name__ == "__main__":
    for home in (BENCH / "products", BENCH / "fair" / "products"):
        schema.products.__path__.append(str(home / "schema"))
        workers.products.__path__.append(str(home / "workers"))
    cli.main()
