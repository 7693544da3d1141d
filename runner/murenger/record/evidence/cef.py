"""CEF lines for a SIEM: one for each record.

Input: a record of the pack. Output: one line of the Common Event Format, version 0.
Source: ArcSight Common Event Format, implementation standard: header fields escape backslash and pipe, values escape
backslash, equals sign and line ends.
"""

import datetime
from collections.abc import Iterable

from murenger.record.evidence.entry import Entry
from murenger.record.reading import group_of, text_of
from murenger.secrets.terminal import escape_for_terminal

_SEVERITIES = {"success": 3, "partial": 6, "unknown": 6, "refused": 5, "failure": 8}
_WIDENING = 9

# Source: the same standard: custom strings hold at most 4000 characters, names and addresses fewer.
_MAX_VALUE = 1023


def cef_line(entry: Entry, *, version: str) -> str:
    """Return one record as a CEF line, without line end.

    Args:
        entry: the record.
        version: of murenger.
    """
    said = entry.said
    event, device = group_of(said, "event"), group_of(said, "device")
    outcome = group_of(said, "outcome")
    change = group_of(said, "change")
    values = (
        ("rt", _milliseconds(entry.written_at)),
        ("dvchost", entry.device),
        ("dvc", text_of(device, "mgmt_address")),
        ("suser", text_of(group_of(said, "actor"), "claimed")),
        ("duser", text_of(group_of(said, "approval"), "principal")),
        ("act", text_of(event, "type")),
        ("outcome", text_of(event, "result")),
        ("reason", text_of(outcome, "reason") or text_of(change, "reason")),
        ("msg", text_of(event, "object")),
        ("externalId", f"{text_of(said, 'origin')}#{entry.sequence}"),
        ("fileHash", entry.sha256),
    )
    return cef_text((version, entry.kind, text_of(event, "type")), _severity(entry), values)


def cef_text(names: tuple[str, str, str], severity: int, values: Iterable[tuple[str, str]]) -> str:
    """Return a CEF line, without line end.

    Args:
        names: version of murenger, what kind of event it is (its class), and its name.
        severity: 0 to 10.
        values: (key, value) of the extension; empty values are left out, long ones cut.
    """
    version, signature, name = names
    header = ("murenger", "runner", version, signature, name, str(severity))
    extension = " ".join(f"{key}={escape_value(value[:_MAX_VALUE])}" for key, value in values if value)
    return "|".join(("CEF:0", *(escape_header(field) for field in header), extension))


def escape_header(text: str) -> str:
    """Return a header field in which no pipe ends the field, on one line."""
    return _printable(text).replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ").replace("\r", " ")


def escape_value(text: str) -> str:
    r"""Return a value in which no equals sign begins the next one; a line end is written `\n`."""
    return _printable(text).replace("\\", "\\\\").replace("=", "\\=").replace("\r", "\\r").replace("\n", "\\n")


def _printable(text: str) -> str:
    """Spell out what a terminal would obey, but leave line ends to the format's own rule."""
    return "\n".join("\r".join(map(escape_for_terminal, line.split("\r"))) for line in text.split("\n"))


def _severity(entry: Entry) -> int:
    if text_of(group_of(entry.said, "impact"), "effect") in {"widens", "both"} and entry.kind == "drift":
        return _WIDENING
    return _SEVERITIES.get(text_of(group_of(entry.said, "event"), "result"), 6)


def _milliseconds(at: datetime.datetime | None) -> str:
    return "" if at is None else str(int(at.timestamp() * 1000))
