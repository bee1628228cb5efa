"""`make chaos`: processes die, sleep and lose their servers, while commands come in all the time."""

import argparse
import secrets
import sys
import tempfile
from pathlib import Path

from tests.chaos.run import Verdict, run
from tests.servers.postgres import PostgresServer
from tests.servers.rabbit import RabbitServer
from tests.system.fleet import Servers

SECONDS = 300


def main() -> int:
    """Run once, and return 1 where an invariant was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long blows fall")
    parser.add_argument("--seed", type=int, help="repeat the run that had this seed")
    given = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if given.seed is None else given.seed
    directory = Path(tempfile.mkdtemp(prefix="turnup-chaos-")).resolve()
    print(f"seed {seed}, {given.seconds:.0f} s, logs and ledger in {directory}", flush=True)
    with PostgresServer() as postgres, RabbitServer() as rabbit:
        servers = Servers(postgres, rabbit)
        verdict = run(servers, directory, seed, given.seconds, lambda line: print(line, flush=True))
    return tell(verdict)


def tell(verdict: Verdict) -> int:
    """Print the verdict, and return the exit code."""
    for name, figure in verdict.figures.items():
        print(f"{figure:8}  {name}")
    for line in verdict.broken:
        print(f"BROKEN {line}", file=sys.stderr)
    outcome = "broken" if verdict.broken else "every invariant held"
    print(f"{outcome}; again with: make chaos ARGS='--seed {verdict.seed}'")
    return 1 if verdict.broken else 0


if __name__ == "__main__":
    sys.exit(main())
