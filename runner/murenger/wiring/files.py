"""Two files compared without any device, inventory or murenger.yml.

Input: a platform and two paths. Output: the drift from golden to live.
"""

import pathlib
import secrets

from murenger.adapters.clock import SystemClock
from murenger.adapters.files.source import read_text
from murenger.compare import compare
from murenger.model import Device, Drift, Snapshot, SnapshotKind
from murenger.observe import canonical
from murenger.secrets import Fingerprinter


def compare_files(platform: str, *, golden: pathlib.Path, live: pathlib.Path) -> Drift:
    """Return how the live file differs from the golden file.

    Args:
        platform: a dialect's name.
        golden: what it should be.
        live: what it is.

    Raises:
        ObserveError: a file cannot be read or is not whole.
    """
    # Both sides are fingerprinted in this process and compared in it, so the key need not outlive it.
    fingerprinter = Fingerprinter(secrets.token_bytes(32))
    clock = SystemClock()

    def snapshot(path: pathlib.Path, kind: SnapshotKind) -> Snapshot:
        device = Device(name=kind.value, platform=platform, address="")
        return canonical(read_text(path, device, clock), device, fingerprinter, kind)[0]

    before, now = snapshot(golden, SnapshotKind.GOLDEN), snapshot(live, SnapshotKind.RUNNING)
    return compare(before, now, detected_at=now.taken_at)
