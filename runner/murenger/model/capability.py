"""Capabilities: what has been proved of one driver on one version of a platform, and what healing needs of that.

Input: the results of a conformance run. Output: frozen values, and the proofs that are missing.
"""

import dataclasses
import datetime
import enum


class ProofName(enum.Enum):
    """One thing that a driver is said to do, and that is believed only where it was seen."""

    WHOLE_READ = "whole-read"
    """Two reads over two connections are whole and the same."""
    REPLACE = "replace"
    """A full replacement adds what is new and removes what is gone."""
    MERGE = "merge"
    """A merge adds its lines and changes nothing else."""
    NATIVE_DIFF = "native-diff"
    """`compare_config` is the difference running -> candidate, and empty where there is none."""
    ATOMIC = "atomic"
    """A candidate with one bad line leaves nothing applied."""
    LOCK = "lock"
    """While one connection holds a candidate, no other can make one."""
    COMMIT_CONFIRM = "commit-confirm"
    """The device itself takes back what nobody confirms, to exactly what ran before."""
    CONFIRM_ELSEWHERE = "confirm-elsewhere"
    """A new connection can confirm, and what it confirmed stays."""
    REVERT_BOUNDS = "revert-bounds"
    """A revert time that the device would not keep exactly is refused, and none means a permanent commit."""
    FOREIGN_CANDIDATE = "foreign-candidate"
    """Somebody else's candidate or unconfirmed commit is refused and left as it is."""
    MESSAGE = "message"
    """A commit message is stored on the device."""


NEEDED_TO_HEAL = (
    ProofName.WHOLE_READ,
    ProofName.REPLACE,
    ProofName.ATOMIC,
    ProofName.COMMIT_CONFIRM,
    ProofName.CONFIRM_ELSEWHERE,
    ProofName.REVERT_BOUNDS,
    ProofName.FOREIGN_CANDIDATE,
)
"""What no heal goes without; the others are used where they are proved."""

SUITE = 1
"""Number of the conformance suite; what an older one proved is no proof, for it looked less closely."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DriverProof:
    """What became of one check.

    Attributes:
        name: what was to be proved.
        proved: whether it was.
        reason: one line: what was seen, or why it is not proved.
        at: when.
    """

    name: ProofName
    proved: bool
    reason: str
    at: datetime.datetime


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """What one conformance run has proved of a driver, on a version of a platform.

    Attributes:
        driver: name of the NAPALM driver.
        driver_version: its version.
        platform: a dialect's name.
        os_version: the version that the device told, word for word.
        device: name of the device that it was tried on.
        proofs: one for each check, in the suite's order.
        made_at: when the run ended.
        signed_by: principal of the key that signed, or "" where nobody has yet.
        key_fingerprint: `SHA256:...` of that key, or "".
    """

    driver: str
    driver_version: str
    platform: str
    os_version: str
    device: str
    proofs: tuple[DriverProof, ...]
    made_at: datetime.datetime
    signed_by: str = ""
    key_fingerprint: str = ""

    def proves(self, name: ProofName) -> bool:
        """Tell whether something is proved."""
        return any(proof.name is name and proof.proved for proof in self.proofs)

    def missing(self, needed: tuple[ProofName, ...] = NEEDED_TO_HEAL) -> tuple[ProofName, ...]:
        """Return what is not proved of what is needed, in its order."""
        return tuple(name for name in needed if not self.proves(name))

    def reason(self, name: ProofName) -> str:
        """Return what the run says about one proof."""
        return next((proof.reason for proof in self.proofs if proof.name is name), "it was not tried")
