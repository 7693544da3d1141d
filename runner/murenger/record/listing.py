"""Lists of records for people, and as versioned JSON for programs.

Input: entries. Output: lines without line ends, in which nothing that a device or a forger wrote can move the cursor,
change a colour or reverse the reading direction.
"""

from collections.abc import Iterable, Iterator

from murenger.model import JsonValue
from murenger.model.terminal import escape_for_terminal
from murenger.record.entry import LogEntry

LOG_SCHEMA = "murenger.log/1"


def escape(text: str) -> str:
    r"""Return one line in which every character that a terminal could obey is spelled out, such as `\x1b`."""
    return escape_for_terminal(text).replace("\n", "\\n").replace("\t", "\\t")


def log_lines(entries: Iterable[LogEntry]) -> Iterator[str]:
    """Yield a heading and one line for each record, as it is read."""
    yield f"{'number':>9}  {'written (claimed)':<24}  {'kind':<9}  {'device':<16}  what"
    for entry in entries:
        columns = (
            f"{entry.sequence:>9}",
            f"{escape(entry.written_at or '-'):<24}",
            f"{escape(entry.kind or '-'):<9}",
            f"{escape(entry.device or '-'):<16}",
            escape(f"{entry.title} (pruned)".lstrip() if entry.pruned else entry.title),
        )
        yield "  ".join(columns)


def entry_json(entry: LogEntry) -> dict[str, JsonValue]:
    """Return one entry of the log."""
    return {
        "schema": LOG_SCHEMA,
        "origin": entry.origin,
        "number": entry.sequence,
        "kind": entry.kind or None,
        "device": entry.device or None,
        "written_at": entry.written_at or None,
        "day": entry.day or None,
        "sha256": entry.sha256,
        "result": entry.result or None,
        "verdict": entry.verdict or None,
        "summary": entry.title,
        "plan_sha256": entry.plan_sha256 or None,
        "follows": [{"rel": relation, "number": number} for relation, number in entry.follows],
        "pruned": entry.pruned,
    }
