"""A million rows by `turnup submit FILE --as TYPE`: its memory, its speed, and a `kill -9` in the middle of it.

`python -m tests.bench.bulk [ROWS]` (`make bench-bulk`); it fails where a row was doubled, or memory grew with the file.
"""

import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

ROWS = 1_000_000

#: What the process may take at most, however long the file is, in MB.
MOST_MEMORY = 200

CUSTOMER = {
    "specversion": "1.0",
    "id": "c1",
    "source": "bench",
    "type": "turnup.customer.changed",
    "subject": "acme",
    "data": {"version": 1, "name": "Acme"},
}


def main(count: int) -> int:
    """Hand in so many rows, killed once in the middle, and say what it took."""
    with tempfile.TemporaryDirectory(prefix="turnup-bulk-") as home:
        here = Path(home)
        _turnup(here, "db", "upgrade").check_returncode()
        (here / "customers.jsonl").write_text(json.dumps(CUSTOMER), encoding="utf-8")
        _turnup(here, "customers", "load", "customers.jsonl").check_returncode()
        _write(here / "rows.csv", count)
        submit = ("submit", "rows.csv", "--as", "turnup.cloud_pbx.activate", "--customer", "acme")
        begun = time.monotonic()
        killed = _killed(here, count // 2, *submit)
        told = _turnup(here, *submit, "--json")
        took = time.monotonic() - begun
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        operations = {each["operation"] for each in _results(here)}
        rows = [int(each["row"]) for each in _results(here)]
    print(f"{count} rows in {took:.0f} s, {count / took:.0f} a second, {memory:.0f} MB at most")
    print(f"killed at {killed} rows; then: {told.stdout.strip()}")
    is_whole = rows == list(range(2, count + 2)) and len(operations) == count
    return int(not (is_whole and told.returncode == 0 and memory < MOST_MEMORY))


def _killed(here: Path, rows: int, *arguments: str) -> int:
    """Begin a command, kill it once so many rows have a result, and return how many have."""
    results = here / "rows.csv.results.csv"
    process = subprocess.Popen(
        _command(*arguments), cwd=here, env=_surroundings(here), stdout=subprocess.DEVNULL
    )
    enough = rows * 60
    while process.poll() is None and (not results.exists() or results.stat().st_size < enough):
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.01)
    process.kill()
    process.wait()
    return results.read_bytes().count(b"\n") - 1


def _write(path: Path, count: int) -> None:
    """Write a file of so many rows."""
    with path.open("w", encoding="utf-8") as file:
        file.write("reference,name,extensions\n")
        file.writelines(f"pbx-{number},Office {number},3\n" for number in range(count))


def _results(here: Path) -> list[dict[str, str]]:
    """Return what became of every row."""
    with (here / "rows.csv.results.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _turnup(here: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        _command(*arguments),
        cwd=here,
        env=_surroundings(here),
        check=False,
        stdout=subprocess.PIPE,
        text=True,
    )


def _command(*arguments: str) -> list[str]:
    """Return the command line, run by this interpreter."""
    return [sys.executable, "-c", "from deploy.cli import main; main()", *arguments]


def _surroundings(here: Path) -> dict[str, str]:
    """Return the environment of a command: a database of its own."""
    root = str(Path(__file__).resolve().parents[2])
    url = f"sqlite:///{here / 'bulk.db'}"
    return {**os.environ, "PYTHONPATH": root, "TURNUP_DATABASE_URL": url}


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS))
