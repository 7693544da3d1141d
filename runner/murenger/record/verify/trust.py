"""Whom the reader trusts: everything that signatures are judged by, none of it taken from the log itself.

Input: verifiers and keys. Output: one value that every check is given.
"""

import dataclasses

from murenger.ports import Verifier
from murenger.ports.evidence import TimestampVerifier
from murenger.record.tree.note import VerifierKey


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whom the reader trusts.

    Attributes:
        verifier: checks signatures of the runner and of people.
        timestamps: checks tokens of time-stamping authorities; None where the reader trusts none.
        log_keys: keys that logs sign their checkpoints with.
        witness_keys: keys that witnesses cosign with.
    """

    verifier: Verifier
    timestamps: TimestampVerifier | None = None
    log_keys: tuple[VerifierKey, ...] = ()
    witness_keys: tuple[VerifierKey, ...] = ()
