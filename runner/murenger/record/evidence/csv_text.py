"""CSV that a spreadsheet opens without obeying it.

Input: cells, some of them with text that a device or a stranger wrote. Output: RFC 4180 lines in UTF-8.
"""

import csv
import datetime
import io
from collections.abc import Iterable

from murenger.secrets.terminal import escape_for_terminal

Cell = str | int | datetime.datetime | None

# Source: OWASP, CSV Injection: a cell that begins with one of these is taken for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_line(cells: Iterable[Cell]) -> bytes:
    r"""Return one line, CRLF at its end.

    Control characters are spelled out, such as `\n`, so that a row is a line; a cell that a spreadsheet would take for
    a formula gets an apostrophe before it.
    """
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow([cell_text(cell) for cell in cells])
    return line.getvalue().encode("utf-8", "backslashreplace")


def cell_text(cell: Cell) -> str:
    """Return a cell's text, harmless."""
    if cell is None:
        return ""
    if isinstance(cell, datetime.datetime):
        return f"{cell.astimezone(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(cell, int):
        return str(cell)
    # Judged as it was given: spelling a tab out does not make what follows it less of a formula.
    mark = "'" if cell.startswith(_FORMULA) else ""
    return mark + escape_for_terminal(cell).replace("\n", "\\n").replace("\t", "\\t")
