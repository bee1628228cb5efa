"""Every played vendor answers, refuses and tells what is written down: the other tests stand on it."""

import pytest

from tests.products.talks import played, written
from workers.simulator.discovery import find_vendors

VENDORS = find_vendors()


@pytest.mark.parametrize("product", VENDORS)
def test_a_played_vendor_answers_what_is_written_down(product: str) -> None:
    lines = written(product)
    assert played(VENDORS[product], lines) == lines
