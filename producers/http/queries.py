"""What stands behind the `?` of a call: only lists take anything there."""

from fastapi import Request

from producers.reading import DRY_RUN_WANTED, invalid, is_dry_run
from schema.errors import Fault, Refused

UNKNOWN = "is not known here"


async def take_no_query(request: Request) -> None:
    """Raise `Refused` (422) for a call with a query: it was meant to change what is done, and would not."""
    if request.method != "POST" or not request.query_params:
        return
    wanted = {
        name: DRY_RUN_WANTED if is_dry_run(name) else UNKNOWN for name in request.query_params
    }
    faults = tuple(Fault(f"/query/{name}", detail) for name, detail in wanted.items())
    raise Refused(invalid(faults))
