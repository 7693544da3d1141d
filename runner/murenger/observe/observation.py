"""Observing: one read, and a second one where the first is hard to believe.

Input: a device, a source of reads, what its last good read was like. Output: a snapshot that may be compared.

What one read alone cannot show is that whole sections are missing at the end of a text without an end marker. So a
read that has lost sections, or half its size or rules, or everything, counts only if a second read over a new
connection gives the same; and so does any first read of a platform without an end marker.
"""

import dataclasses
from collections.abc import Mapping

from murenger.dialects import count_rules, dialect, parse, section_names
from murenger.errors import IncompleteConfigError, ObserveError
from murenger.model import Device, Snapshot, SnapshotKind
from murenger.observe.canonical import canonical
from murenger.ports import ConfigSource
from murenger.secrets import Fingerprinter

# A read below this part of the last good one, in size or in rules, is a cliff.
CLIFF_NUMERATOR, CLIFF_DENOMINATOR = 1, 2


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LastGood:
    """What the last read that was believed was like.

    Attributes:
        size: characters of canonical text.
        rule_count: items in sections whose order has meaning.
        sections: headers of the top-level sections and statements.
    """

    size: int
    rule_count: int
    sections: tuple[str, ...]

    @classmethod
    def of(cls, snapshot: Snapshot) -> "LastGood":
        """Return what a snapshot is like.

        Raises:
            ParseError: its text is not a configuration of its platform.
        """
        known = dialect(snapshot.platform)
        tree = parse(snapshot.text, known)
        return cls(size=len(snapshot.text), rule_count=count_rules(tree, known), sections=section_names(tree))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What a device runs, and the secrets of it.

    Attributes:
        snapshot: the configuration, whole and canonical.
        values: secrets by placeholder; in memory only.
        doubt: why a second read was made that then agreed, or "" if none was needed.
    """

    snapshot: Snapshot
    values: Mapping[str, str] = dataclasses.field(repr=False)
    doubt: str = ""


def observe(
    device: Device, source: ConfigSource, fingerprinter: Fingerprinter, last_good: LastGood | None = None
) -> Observation:
    """Read a device's running configuration.

    Args:
        device: the device.
        source: reads it; each read is a connection of its own.
        fingerprinter: makes the placeholders.
        last_good: what the last believed read was like, or None if there is none.

    Raises:
        ObserveError: the device cannot be read, or is another.
        IncompleteConfigError: the read is not whole, or is hard to believe and a second one differs or fails.
    """
    snapshot, values = canonical(source.read(device), device, fingerprinter, SnapshotKind.RUNNING)
    doubt = _doubt(snapshot, last_good)
    if doubt:
        _check_again(snapshot, doubt, device, source, fingerprinter)
    return Observation(snapshot=snapshot, values=values, doubt=doubt)


def _doubt(snapshot: Snapshot, last_good: LastGood | None) -> str:
    """Return why a read must be confirmed by a second one, or ""."""
    now = LastGood.of(snapshot)
    if not now.sections:
        return "it is empty"
    marks_end = bool(dialect(snapshot.platform).end_marker)
    if last_good is None:
        return "" if marks_end else "it is the first and the platform marks no end"
    if _is_cliff(now.size, last_good.size):
        return f"its size fell from {last_good.size} to {now.size}"
    if _is_cliff(now.rule_count, last_good.rule_count):
        return f"its rules fell from {last_good.rule_count} to {now.rule_count}"
    lost = set() if marks_end else set(last_good.sections) - set(now.sections)
    return f"{len(lost)} of its sections are gone" if lost else ""


def _is_cliff(now: int, before: int) -> bool:
    return now * CLIFF_DENOMINATOR < before * CLIFF_NUMERATOR


def _check_again(
    snapshot: Snapshot, doubt: str, device: Device, source: ConfigSource, fingerprinter: Fingerprinter
) -> None:
    try:
        again, _ = canonical(source.read(device), device, fingerprinter, SnapshotKind.RUNNING)
    except ObserveError as exc:
        raise IncompleteConfigError(
            f"a read is in doubt ({doubt}) and the second read failed: {exc.message}", device=device.name
        ) from exc
    if again.digest != snapshot.digest:
        raise IncompleteConfigError(
            f"a read is in doubt ({doubt}) and the second read differs",
            device=device.name,
            hint="nothing is concluded; the next check decides",
        )
