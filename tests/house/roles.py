"""Which role must do without which modules, and what a role really loads."""

import json
import subprocess
import sys
from pathlib import Path

from tests.house.sources import ROOT

#: A role starts fast and small, and a fault in what it does not need cannot stop it.
FORBIDDEN = {
    "api": {"aiohttp", "alembic", "workers"},
    "intake": {"aiohttp", "alembic", "fastapi", "uvicorn", "workers"},
    "relay": {"aiohttp", "alembic", "fastapi", "uvicorn", "workers"},
    # Who carries operations out is loaded when the door is open.
    "serve": {
        "aiohttp",
        "alembic",
        "holidays",
        "pika",
        "producers.relay",
        "workers.simulator",
        "workers.worker",
    },
    "simulator": {"alembic", "dramatiq", "pika", "producers"},
    "waker": {"aiohttp", "alembic", "fastapi", "producers", "uvicorn"},
    "worker": {"alembic", "fastapi", "producers", "uvicorn"},
}

IMPORT_AND_TELL = """
import importlib, json, sys
importlib.import_module(sys.argv[1])
print(json.dumps(sorted(sys.modules)))
"""


def roles_in(root: Path = ROOT) -> list[str]:
    """The roles whose files exist."""
    return [role for role in FORBIDDEN if (root / "deploy" / f"{role}.py").exists()]


def needless_modules(role: str, root: Path = ROOT) -> set[str]:
    """The forbidden modules that are loaded by importing the role in a fresh interpreter."""
    done = subprocess.run(
        (sys.executable, "-c", IMPORT_AND_TELL, f"deploy.{role}"),
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    return FORBIDDEN[role] & set(json.loads(done.stdout))
