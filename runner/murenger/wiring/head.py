"""The head of a log as it is given to sinks: newest record, tree and signed checkpoint.

Input: the ledger, and the log key where there is one. Output: an `AnchorHead`, and proofs from older sizes to it.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from murenger.adapters.files.ledger import FileLedger
from murenger.errors import AnchorError
from murenger.model import AnchorHead, ChangeRecord
from murenger.record.tree.checkpoint import Checkpoint
from murenger.record.tree.merkle import Tree, consistency_proof, leaf_hash


class CheckpointSigner(Protocol):
    """What signs checkpoints."""

    def sign(self, checkpoint: Checkpoint) -> str:
        """Return the signed checkpoint.

        Raises:
            SignatureError: it cannot be signed.
        """
        ...


class Head:
    """Follows the end of a log; the tree is kept between two calls and only what is new is hashed.

    Args:
        ledger: the log.
        origin: its name.
        log_key: returns what signs checkpoints, or None where the log has no such key.
    """

    def __init__(self, ledger: FileLedger, origin: str, log_key: Callable[[], CheckpointSigner | None]) -> None:
        self._ledger = ledger
        self._origin = origin
        self._log_key = log_key
        self._lock = threading.Lock()
        self._tree: Tree | None = None
        self._newest: ChangeRecord | None = None

    def now(self) -> AnchorHead | None:
        """Return the head of the log, or None for a log without records.

        Raises:
            AnchorError: the ledger does not add up.
            LedgerError: it cannot be read.
            SignatureError: there is a log key and it cannot be used.
        """
        with self._lock:
            tree, newest = self._follow()
            if newest is None:
                return None
            root = tree.root()
            key = self._log_key()
            checkpoint = "" if key is None else key.sign(Checkpoint(origin=self._origin, size=tree.size, root=root))
            return AnchorHead(
                origin=self._origin,
                sequence=newest.sequence,
                sha256=newest.sha256,
                size=tree.size,
                root=root.hex(),
                checkpoint=checkpoint,
                record=newest.content,
            )

    def sequence(self) -> int:
        """Return the number of the newest record, 0 for a log without records.

        Raises:
            LedgerError: it cannot be read.
        """
        newest = self._ledger.head()
        return 0 if newest is None else newest.sequence

    def proof(self, old_size: int, size: int) -> Sequence[bytes]:
        """Return the proof that the first `size` records continue the first `old_size`.

        Raises:
            AnchorError: there is no such tree.
            LedgerError: the ledger cannot be read.
        """
        try:
            return consistency_proof(self._ledger.leaves(), old_size, size)
        except ValueError as exc:
            raise AnchorError(f"no proof can be given: {exc}", hint="murenger verify") from exc

    def _follow(self) -> tuple[Tree, ChangeRecord | None]:
        tree = self._tree or Tree(self._ledger.leaves())
        newest = self._newest
        for record in self._ledger.records(tree.size):
            tree.append(leaf_hash(record.content))
            newest = record
        if newest is None or newest.sequence + 1 != tree.size:
            newest = self._ledger.head()
        if newest is not None and newest.sequence + 1 != tree.size:
            self._tree = self._newest = None
            raise AnchorError(
                f"the newest record is {newest.sequence}, the log's leaves are {tree.size}", hint="murenger verify"
            )
        self._tree, self._newest = tree, newest
        return tree, newest
