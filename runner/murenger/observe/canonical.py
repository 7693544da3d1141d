"""From one raw read to a snapshot.

Input: what a driver returned. Output: a snapshot in canonical form, and the secrets apart from it; or an error, if the
text is not a whole running configuration of this very device.
"""

from collections.abc import Mapping

from murenger.dialects import Dialect, canonical_tree, count_rules, dialect, parse, render
from murenger.dialects.hostnames import HOSTNAME_LABEL, expected_hostname, is_named
from murenger.errors import IdentityError, IncompleteConfigError, ParseError
from murenger.model import Device, PeerIdentity, RawRead, Snapshot, SnapshotKind
from murenger.secrets import Fingerprinter, escape, mask_tree


def canonical(
    raw: RawRead, device: Device, fingerprinter: Fingerprinter, kind: SnapshotKind = SnapshotKind.RUNNING
) -> tuple[Snapshot, Mapping[str, str]]:
    """Return a read in canonical form, and the secrets by the placeholders that stand for them.

    Args:
        raw: one read, as the driver returned it.
        device: the device that was asked.
        fingerprinter: makes the placeholders.
        kind: which configuration was asked for.

    Raises:
        IdentityError: the peer gives itself another name than the device's.
        IncompleteConfigError: the text is cut, is a transcript or candidate, is not a configuration of the platform,
            or has another number of rules than a second reading of the same state.
        UnsupportedPlatformError: the read is of a platform that is not known, or not the device's.
    """
    known = dialect(device.platform)
    if raw.platform != device.platform:
        raise IncompleteConfigError(f"read as {raw.platform}, but it is {device.platform}", device=device.name)
    _check_hostname(raw, device)
    text = raw.text.replace("\r\n", "\n")
    _check_whole(text, raw, device, known)
    try:
        tree = parse(escape(without_volatile(text, known)), known)
    except ParseError as exc:
        raise IncompleteConfigError(
            f"read is not a whole configuration: {exc.message}", device=device.name, hint=exc.hint
        ) from exc
    _check_rule_count(count_rules(tree, known), raw, device)
    masked, fingerprints, values = mask_tree(canonical_tree(tree, known), known, fingerprinter)
    snapshot = Snapshot(
        device=device.name,
        platform=device.platform,
        kind=kind,
        text=render(masked, known),
        taken_at=raw.taken_at,
        identity=raw.identity,
        driver=raw.driver,
        os_version=raw.os_version,
        serial=raw.serial,
        fingerprints=fingerprints,
        attribution=_attribution(text, known),
    )
    return snapshot, values


def without_volatile(text: str, known: Dialect) -> str:
    """Return a text without what changes by itself; line numbers stay."""
    if not known.volatile:
        return text
    return known.volatile.sub(lambda match: "" if match["volatile"] is not None else match.group(), text)


def header_of(text: str, known: Dialect) -> str:
    """Return the comment lines that a text starts with."""
    lines = []
    for line in text.split("\n"):
        if line.strip() and not known.comments.match(line.strip()):
            break
        lines.append(line)
    return "\n".join(lines)


def _check_hostname(raw: RawRead, device: Device) -> None:
    if not raw.hostname or raw.identity is PeerIdentity.FILE:
        return
    if not is_named(raw.hostname, device):
        raise IdentityError(
            f"the peer calls itself {raw.hostname!r}, not {expected_hostname(device)!r}",
            device=device.name,
            hint=f"if that is its name, say so with the label {HOSTNAME_LABEL!r}",
        )


def _check_whole(text: str, raw: RawRead, device: Device, known: Dialect) -> None:
    if known.end_marker and text.rstrip("\n").rpartition("\n")[2] != known.end_marker:
        raise IncompleteConfigError(f"read does not end with {known.end_marker!r}", device=device.name)
    is_live = raw.identity is not PeerIdentity.FILE
    if is_live and known.refused_header and known.refused_header.search(header_of(text, known)):
        raise IncompleteConfigError("read is not the running configuration but a candidate", device=device.name)


def _check_rule_count(count: int, raw: RawRead, device: Device) -> None:
    if raw.witness_rule_count is not None and raw.witness_rule_count != count:
        raise IncompleteConfigError(
            f"read has {count} rules, a second reading of the same state has {raw.witness_rule_count}",
            device=device.name,
        )


def _attribution(text: str, known: Dialect) -> str:
    match = known.attribution.search(header_of(text, known)) if known.attribution else None
    return match["who"] if match else ""
