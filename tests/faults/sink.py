"""Somebody who holds the head of the log, and who can be out of reach.

Input: heads. Output: receipts, or a refusal. Whether they can be reached lies in memory that forked runners share.
"""

import dataclasses
import mmap
from collections.abc import Callable, Sequence

from murenger.errors import AnchorError
from murenger.model import AnchorHead, Receipt, ReceiptKind

NAME = "elsewhere"


@dataclasses.dataclass(slots=True)
class Sink:
    """Port `AnchorSink` in memory.

    Attributes:
        name: as murenger.yml would name it.
        kind: what its receipts are.
    """

    name: str = NAME
    kind: ReceiptKind = ReceiptKind.GIT
    held_elsewhere: bool = True
    _memory: mmap.mmap = dataclasses.field(default_factory=lambda: mmap.mmap(-1, mmap.PAGESIZE))

    def reach(self, *, is_up: bool) -> None:
        """Let it be reached, or not."""
        self._memory[0] = 0 if is_up else 1

    def submit(self, head: AnchorHead, *, proof: Callable[[int], Sequence[bytes]]) -> Receipt:
        """Take a head.

        Raises:
            AnchorError: it is out of reach.
        """
        del proof
        if self._memory[0]:
            raise AnchorError("nobody answers")
        return Receipt(
            sink=self.name,
            kind=self.kind,
            sequence=head.sequence,
            content=f"{head.line} {head.size} {head.root}\na repository elsewhere\n".encode(),
            at=None,
            held_elsewhere=True,
        )

    def state(self) -> str:
        """Say whether it can be reached.

        Raises:
            AnchorError: it cannot.
        """
        if self._memory[0]:
            raise AnchorError("nobody answers")
        return "ready"
