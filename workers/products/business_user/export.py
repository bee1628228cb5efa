"""What is shown of a desk phone's login: a CSV of one row, so that those of many users make one file (BU-10)."""

from collections.abc import Mapping
from typing import Any

from schema.spreadsheet import csv_line
from workers.products.business_user.platform import Login

COLUMNS = ("user_name", "extension", "desk_phone", "login", "password")


def as_csv(settings: Mapping[str, Any], login: Login) -> str:
    """Return the login of one user's desk phone."""
    told = (settings["user_name"], settings["extension"], settings["desk_phone"])
    rows = (COLUMNS, (*(str(each or "") for each in told), login.login, login.password))
    return "".join(map(csv_line, rows))
