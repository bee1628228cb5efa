"""Programs in Node.js with their packages, as an upstream system has them."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.servers.programs import ProgramMissing, install, run_quietly

#: Runs one of the programs to its end, with arguments, and returns what it said.
Node = Callable[..., "subprocess.CompletedProcess[str]"]

HOME = Path(__file__).parents[1] / "system" / "node"

#: How long a program may take, in seconds.
PATIENCE = 60


def obtain_node() -> None:
    """Install Node.js and npm where they are missing; ProgramMissing when that does not work."""
    if shutil.which("npm") is None and os.geteuid() == 0 and shutil.which("apt-get"):
        install("npm")
    if shutil.which("npm") is None or shutil.which("node") is None:
        raise ProgramMissing(
            "Node.js is missing: install nodejs and npm, or run as root where there is apt-get"
        )


@contextmanager
def installed(home: Path = HOME) -> Iterator[Node]:
    """Install the locked packages of these programs in a directory of their own, and give a way to run one."""
    obtain_node()
    with TemporaryDirectory(prefix="turnup-node-") as name:
        directory = Path(name) / "programs"
        shutil.copytree(home, directory, ignore=shutil.ignore_patterns("node_modules"))
        quietly = ("--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(directory))
        run_quietly(("npm", "ci", *quietly), dict(os.environ))

        def run(program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
            command = ("node", str(directory / program), *arguments)
            return subprocess.run(
                command, capture_output=True, text=True, timeout=PATIENCE, check=False
            )

        yield run
