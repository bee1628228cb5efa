"""How a platform can fail, as one tree: an error is a decision (DESIGN idea 8).

    PlatformError
    +-- NotReached          nobody answered, and surely nothing was done: try again
    +-- CredentialsRefused  it does not let us in: not the operation's fault, try again
    +-- Throttled           it wants us to come back later: wait as told
    +-- OutcomeUnknown      it may have acted: ask first
    +-- Permanent           it will never do this: undo what can be undone, open a ticket
        +-- NotThere        it does not know the thing that was named
        +-- Rejected        what only the platform knows forbids this: no ticket
        +-- StateChanged    the platform has moved on without us: no ticket (CO-1)
        +-- Expired         what it waited for did not come in time: no ticket (CO-5)

Anything else that a step raises is a bug.
"""

from datetime import timedelta


class PlatformError(Exception):
    """A platform did not do what it was asked for; `request_id` is its own name for the call."""

    def __init__(self, said: str, *, request_id: str | None = None) -> None:
        super().__init__(said)
        self.request_id = request_id


class NotReached(PlatformError):
    """Raised when the call surely did nothing: refused connection, failed read."""


class CredentialsRefused(PlatformError):
    """Raised when the platform does not let us in: a key was rotated, a right was taken away."""


class Throttled(PlatformError):
    """Raised when the platform asks for a pause; `after` says how long."""

    def __init__(self, said: str, after: timedelta, *, request_id: str | None = None) -> None:
        super().__init__(said, request_id=request_id)
        self.after = after


class OutcomeUnknown(PlatformError):
    """Raised when a changing call may or may not have acted: time-out, cut connection, server error."""


class Permanent(PlatformError):
    """Raised when the platform refuses for good."""


class NotThere(Permanent):
    """Raised when the platform does not know the thing that was named."""


class Rejected(Permanent):
    """Raised when the platform's own rules forbid what was asked; nobody has to look into it."""


class StateChanged(Permanent):
    """Raised when the platform's state is not what ours is any more."""


class Expired(Permanent):
    """Raised when a person did not do in time what the operation waits for, such as confirming it."""
