"""When a step that failed is tried again (DESIGN idea 8), and a delivery that was not accepted."""

import hashlib
from datetime import datetime, timedelta

from schema.store.moments import Pause

#: The first pause; each further one is twice as long, up to `LONGEST`.
FIRST = timedelta(seconds=1)

#: The longest pause before the deadline, and the length of every pause after it.
LONGEST = timedelta(minutes=5)

#: The same for what goes out to people and desks, which has days.
FIRST_DELIVERY, LONGEST_DELIVERY = timedelta(seconds=5), timedelta(hours=1)


def next_try(now: datetime, attempt: int, deadline: datetime, seed: str) -> Pause:
    """Return the pause after `attempt` failures: half to all of a doubling length, by a hash of the seed.

    One try is placed exactly at the deadline; after it the tries go on and on, every five minutes.
    """
    if now >= deadline:
        return Pause(LONGEST)
    pause = min(FIRST * 2 ** min(attempt - 1, 20), LONGEST) * _share(f"{seed}:{attempt}")
    return Pause(timedelta(milliseconds=pause // timedelta(milliseconds=1)), deadline)


def _share(seed: str) -> float:
    """Return a number from 0.5 to 1 that is the same for the same seed."""
    return 0.5 + int.from_bytes(hashlib.blake2b(seed.encode(), digest_size=4).digest()) / 2**33


def next_delivery(tries: int, seed: str) -> timedelta:
    """Return the pause after a delivery was tried so often: doubling up to an hour, spread by a hash of the seed."""
    pause = min(FIRST_DELIVERY * 2 ** min(tries - 1, 20), LONGEST_DELIVERY) * _share(
        f"{seed}:{tries}"
    )
    return timedelta(milliseconds=pause // timedelta(milliseconds=1))
