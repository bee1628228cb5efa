"""An environment for each peer, made once below .venv: what it needs is pinned beside its program."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.bench.peers.table import Peer
from tests.bench.processes import TOP
from tests.servers.node import obtain_node
from tests.servers.programs import run_quietly

HOME = TOP / ".venv" / "peers"


@dataclass(frozen=True)
class Environment:
    """Where a peer's Python is, its server if it brings one, and which versions it is made of."""

    python: Path
    server: Path
    versions: dict[str, str]


def prepare(peer: Peer) -> Environment:
    """Make the environment unless it is there; ProgramMissing where it is not to be had."""
    home = HOME / peer.program
    wanted = f"{peer.requirements.read_text(encoding='utf-8')}{peer.server}"
    made = home / "made-of.txt"
    if not made.exists() or made.read_text(encoding="utf-8") != wanted:
        shutil.rmtree(home, ignore_errors=True)
        run_quietly(
            (*UV, "venv", "--quiet", "--python", _interpreter(peer), str(home)), ENVIRONMENT
        )
        target = ("--python", str(home), "--requirements", str(peer.requirements))
        run_quietly((*UV, "pip", "install", "--quiet", *target), ENVIRONMENT)
        if peer.server:
            obtain_node()
            quietly = ("--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(home))
            run_quietly(("npm", "install", *quietly, peer.server), ENVIRONMENT)
        made.write_text(wanted, encoding="utf-8")
    # What lies in .bin would keep a process of Node.js beside the server.
    servers = sorted(home.glob("node_modules/*/*-server-*/bin/*-server"))
    return Environment(home / "bin" / "python", (servers or [home])[0], _versions(peer, home))


UV = (str(Path(sys.executable).with_name("uv")),)

ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}


def _interpreter(peer: Peer) -> str:
    """Return an interpreter that is new enough: ours, one of pyenv's, or what uv finds or fetches."""
    if sys.version_info >= peer.python:
        return sys.executable
    version = ".".join(map(str, peer.python))
    found = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    return str(found[-1]) if found else version


def _versions(peer: Peer, home: Path) -> dict[str, str]:
    """Return the version of each package that the peer asks for, and of its Python."""
    code = (
        "import importlib.metadata as m, platform, sys; print('python', platform.python_version());"
        "[print(each, m.version(each)) for each in sys.argv[1:]]"
    )
    lines = peer.requirements.read_text(encoding="utf-8").split()
    names = [line.partition("==")[0].partition("[")[0] for line in lines]
    command = (str(home / "bin" / "python"), "-c", code, *names)
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = dict(line.split() for line in told.splitlines())
    if peer.server:
        name, _, version = peer.server.rpartition("@")
        found[name] = version
    return found
