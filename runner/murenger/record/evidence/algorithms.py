"""Which cryptography a pack rests on, read from the files themselves.

Input: records and their signatures. Output: pairs of purpose and algorithm.
Source: PCI DSS v4.0.1, 12.3.3, asks for such a list.
"""

import re
from pathlib import Path

from murenger.record.evidence.entry import Entry
from murenger.record.evidence.order import PackSource
from murenger.record.predicate import MAX_SIGNATURE_BYTES
from murenger.record.reading import group_of, text_of
from murenger.record.sshsig import parse_signature
from murenger.record.store import DAYS, SEAL_TOKEN, read_regular

_HASH = re.compile(rb"sha(?:256|512)")


class Algorithms:
    """Collects what signatures say of themselves.

    Args:
        folder: the pack.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._records: set[str] = set()
        self._decisions: set[str] = set()
        self._decisions_seen: set[str] = set()
        self._profile = ""

    def take(self, entry: Entry) -> None:
        """Take in the next record."""
        self._records.update(self._of(entry.path + ".sig"))
        decision = entry.decision
        if decision and decision not in self._decisions_seen:
            self._decisions_seen.add(decision)
            self._decisions.update(self._of(decision + ".sig"))
        self._profile = self._profile or text_of(group_of(entry.said, "genesis"), "crypto_profile")

    def pairs(self, source: PackSource) -> tuple[tuple[str, str], ...]:
        """Return (what for, algorithm) pairs, once every record was taken in."""
        found = [
            ("digests of files and records", "SHA-256"),
            ("signatures of records and seals", ", ".join(sorted(self._records)) or "none could be read"),
            ("tree over the log", "RFC 6962 with SHA-256"),
        ]
        if self._decisions:
            found.append(("signatures of decisions", ", ".join(sorted(self._decisions))))
        if source.checkpoints:
            found.append(("checkpoints and witnesses", "Ed25519 (C2SP signed note)"))
        if any((self._folder / DAYS / day / SEAL_TOKEN).exists() for day in source.day_names):
            found.append(
                ("time stamps of seals", "RFC 3161 over SHA-256; the authority's own algorithm is in its token")
            )
        found.append(("redactions", "SHA-256 over 128 bits of salt, name and value (RFC 9901)"))
        if self._profile:
            found.append(("crypto profile of the log", self._profile))
        return tuple(found)

    def _of(self, path: str) -> tuple[str, ...]:
        """Return what a signature file says of itself; an unreadable one is for verify to name."""
        try:
            made = parse_signature(read_regular(self._folder / path, MAX_SIGNATURE_BYTES).decode("ascii"))
        except (OSError, ValueError):
            return ()
        hashed = _HASH.search(made.blob[len(made.public_key) :])
        return (f"{made.key_type} (SSHSIG over {hashed[0].decode().upper() if hashed else 'a digest'})",)
