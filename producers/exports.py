"""Secrets as CSV, those of many services in one file that a spreadsheet opens without harm (BU-10)."""

import csv
from collections.abc import Sequence
from io import StringIO

from schema.lifecycle import Product
from schema.spreadsheet import MARK, csv_line
from schema.views import Revealed, Service

#: What stands in the row of a secret that is no table itself, before what its service logs in with, and after it.
NAMES, SECRET = ("customer", "reference"), ("secret", "value")

#: A header and its rows.
Table = Sequence[Sequence[str]]


def table_of(service: Service, product: Product, revealed: Revealed) -> Table:
    """Return a secret as a header and rows: its own, where it has several lines of equally many cells."""
    rows = list(csv.reader(StringIO(revealed.value, newline="")))
    if len(rows) > 1 and {len(row) for row in rows} == {len(rows[0])} != {1}:
        return rows
    known = product.as_written(service.facts)
    used = [str(known.get(name, "")) for name in product.logs_in_with]
    row = (service.customer, service.reference, *used, revealed.secret, revealed.value)
    return (*NAMES, *product.logs_in_with, *SECRET), row


def csv_of(table: Table, above: Sequence[str]) -> str:
    """Return a table as CSV, below the header of the one `above` it where both have the same; () begins a file."""
    header, *rows = table
    begun = "" if header == above else csv_line(header)
    return ("" if above else MARK) + begun + "".join(map(csv_line, rows))
