"""Whom the reader trusts: everything that signatures are judged by, none of it taken from the log itself.

Input: verifiers and keys. Output: one value that every check is given.
"""

import collections
import dataclasses
from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from murenger.ports import Verifier
from murenger.ports.evidence import TimestampVerifier
from murenger.record.tree.note import VerifierKey


@runtime_checkable
class Foreseeing(Protocol):
    """A verifier that does the arithmetic of many signatures in one go, which costs less than one by one."""

    def foresee(self, signed: Iterable[tuple[bytes, str]]) -> None:
        """Prepare to be asked about these bytes and their armoured signatures; nothing is judged yet."""
        ...


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

    def foresee(self, signed: Iterable[tuple[bytes, str]]) -> None:
        """Tell the verifier what it is about to be asked, if that helps it; all of `signed` is taken in any case."""
        left = iter(signed)
        if isinstance(self.verifier, Foreseeing):
            self.verifier.foresee(left)
        collections.deque(left, maxlen=0)
