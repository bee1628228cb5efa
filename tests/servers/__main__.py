"""`make servers`: say where the programs of the servers are, after installing what is missing."""

import sys

from tests.servers.programs import SERVERS, ProgramMissing, obtain


def main() -> int:
    """Look for each server and print where it is, or the one line that says what is missing."""
    try:
        for server in SERVERS:
            programs = obtain(server)
            where = programs.directory or f"Docker image {programs.image}"
            print(f"{server.name}: {where}")
    except ProgramMissing as missing:
        print(missing, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
