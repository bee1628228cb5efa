"""What the house rules look at: the Python files, and all text that is kept in git."""

import ast
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("schema", "producers", "workers", "deploy")


@dataclass(frozen=True)
class Source:
    """One file: its path from the top of the tree, and what stands in it."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """What Python makes of it."""
        return ast.parse(self.text)

    @property
    def is_test(self) -> bool:
        """Whether it is no part of what is installed."""
        return self.path.startswith("tests/")

    @property
    def functions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Every function in it, methods and inner ones too."""
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        return [node for node in ast.walk(self.tree) if isinstance(node, kinds)]

    @property
    def imports(self) -> list[str]:
        """Every name that it imports, written in full (`schema.products.cloud_pbx`)."""
        found = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                start = self._package(node.level) + ([node.module] if node.module else [])
                found += [".".join([*start, alias.name]) for alias in node.names]
        return found

    def _package(self, level: int) -> list[str]:
        """What the dots of a relative import stand for."""
        return self.path.split("/")[:-level] if level else []


def kept_files() -> list[Path]:
    """Every file that git keeps or would keep."""
    command = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    found = (ROOT / name for name in sorted(set(done.stdout.split("\0"))) if name)
    return [path for path in found if path.is_file()]


def texts() -> list[Source]:
    """Every kept file that is text."""
    found = []
    for path in kept_files():
        content = path.read_bytes()
        if b"\0" not in content:
            text = content.decode("utf-8", errors="replace")
            found.append(Source(path.relative_to(ROOT).as_posix(), text))
    return found


def python_files() -> list[Source]:
    """Every Python file of the packages and the tests."""
    tops = (*PACKAGES, "tests")
    return [s for s in texts() if s.path.endswith(".py") and s.path.split("/")[0] in tops]
