"""What is shown of a desk phone's login: a CSV of one row, so that those of many users make one file (BU-10)."""

import csv
from collections.abc import Mapping
from io import StringIO
from typing import Any

from schema.spreadsheet import safe_cell
from workers.products.business_user.platform import Login

COLUMNS = ("user_name", "extension", "desk_phone", "login", "password")


def as_csv(settings: Mapping[str, Any], login: Login) -> str:
    """Return the login of one user's desk phone; the platform's password as it is, whatever it begins with."""
    told = (settings["user_name"], settings["extension"], settings["desk_phone"], login.login)
    safe = (safe_cell(str(each or "")) for each in told)
    written = StringIO()
    csv.writer(written).writerows((COLUMNS, (*safe, login.password)))
    return written.getvalue()
