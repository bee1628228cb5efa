"""A plugin of pytest that leaves out what takes long, or a server, and tells nothing more of a product."""

import pytest

#: Fixtures that start a server.
SERVERS = frozenset({"postgres_server", "rabbit_server", "registrar"})

#: Proofs that play the same journeys as their neighbours, many times over.
LONG = (
    "test_no_step_blocks_the_loop",
    "test_a_sixth_product",
    "products/broken",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what is quick, and in this process."""
    items[:] = [each for each in items if not _is_left_out(each)]


def _is_left_out(item: pytest.Item) -> bool:
    """Return whether a test is not for a mutant."""
    fixtures: set[str] = set(getattr(item, "fixturenames", ()))
    is_served = SERVERS & fixtures or "postgresql" in item.name
    return bool(is_served) or any(each in item.nodeid for each in LONG)
