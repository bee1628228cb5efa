"""Messages in a directory: one file for each cause, whole or not at all; the same again changes nothing."""

import asyncio
import os
import re
from contextlib import suppress
from pathlib import Path

from workers.channels.channel import NotDelivered
from workers.channels.mime import fingerprint

#: What a file's name may have in it, and how much of a cause.
UNSAFE, LONGEST = re.compile(r"[^A-Za-z0-9.@+_-]+"), 150


async def write_once(directory: Path, cause: str, end: str, content: bytes) -> str:
    """Write a cause's file, unless it is there, and return its name; raise `NotDelivered`."""
    try:
        return await asyncio.to_thread(_write, directory, cause, end, content)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else type(error).__name__
        raise NotDelivered(f"{directory.name} cannot be written: {why}") from error


def file_name(cause: str, end: str) -> str:
    """Return the name of a cause's file: readable, and never the same for two."""
    return f"{UNSAFE.sub('-', cause)[:LONGEST]}.{fingerprint(cause)[:8]}.{end}"


def _write(directory: Path, cause: str, end: str, content: bytes) -> str:
    """Write beside, then move: nobody reads half a message."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / file_name(cause, end)
    if path.exists():
        return f"{path.name} was there"
    beside = path.with_name(f".{fingerprint(cause)}.{os.getpid()}")
    with suppress(FileNotFoundError):
        beside.unlink()
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    return path.name
