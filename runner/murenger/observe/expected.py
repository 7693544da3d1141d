"""Golden in the same form as live.

Input: golden as it lies in git, and its text as the device's own software lists it. Output: a snapshot of kind golden.
"""

import datetime

from murenger.dialects import canonical_tree, dialect, parse, render
from murenger.errors import SecretError
from murenger.model import Device, PeerIdentity, Snapshot, SnapshotKind
from murenger.observe.canonical import without_volatile
from murenger.ports import GoldenFile
from murenger.secrets import inspect


def golden_snapshot(
    device: Device, golden: GoldenFile, canonical_text: str, *, taken_at: datetime.datetime
) -> Snapshot:
    """Return golden policy as a snapshot that can be compared with live.

    Args:
        device: the device it is for.
        golden: the policy as it lies in git.
        canonical_text: its text as `ConfigSource.canonicalise` gave it back, placeholders in place.
        taken_at: when it was read.

    Raises:
        ParseError: the text is not a configuration of the platform.
        SecretError: a secret stands in it unmasked, or a placeholder stands where it was not made for.
        UnsupportedPlatformError: the platform is not known.
    """
    known = dialect(golden.platform)
    tree = canonical_tree(parse(without_volatile(canonical_text.replace("\r\n", "\n"), known), known), known)
    found = inspect(tree, known)
    if found.unmasked:
        raise SecretError(
            f"golden holds a secret in the clear at {found.unmasked[0]!r}",
            device=device.name,
            hint="let `murenger golden accept` write it, which keeps secrets apart and encrypted",
        )
    if found.misplaced:
        raise SecretError(
            f"golden holds a placeholder that was made for another place at {found.misplaced[0]!r}", device=device.name
        )
    return Snapshot(
        device=device.name,
        platform=golden.platform,
        kind=SnapshotKind.GOLDEN,
        text=render(tree, known),
        taken_at=taken_at,
        identity=PeerIdentity.FILE,
        driver="git",
        fingerprints=found.fingerprints,
    )
