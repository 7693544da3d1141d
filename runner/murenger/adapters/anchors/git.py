"""A branch of somebody else's git repository as an anchor: every head is a commit that cannot be taken back there.

Input: the head of the log. Output: which commit holds it, read back from the remote. The evidence is the remote's own
history, which must refuse non-fast-forward pushes and be administered by others; dates of commits prove nothing.
"""

import base64
import contextlib
import dataclasses
import fcntl
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from murenger.adapters.anchors.exchange import Deadline, anchor_errors
from murenger.adapters.anchors.git_branch import Change, RemoteBranch, refuse_bad_address
from murenger.errors import AnchorConflictError, AnchorError, CompareError
from murenger.model import AnchorHead, Receipt, ReceiptKind
from murenger.ports import Clock
from murenger.record.tree.merkle import HASH_BYTES, check_consistency

TIMEOUT_S = 20.0

_HEAD, _CHECKPOINT = "head", "checkpoint"
_HEAD_LINE = re.compile(rb"([0-9]{1,15}) ([0-9a-f]{64})\n?")
_MAX_FILE_BYTES = 64 * 1024
# Other writers may push in between; more often than this in one anchoring is no accident.
_ATTEMPTS = 4
_POLL_S = 0.05
_CHECKPOINT_LINES = 3

Proof = Callable[[int], Sequence[bytes]]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """The head that a commit holds.

    Attributes:
        sequence: number of the newest record.
        sha256: its digest.
        root: the tree's root, or None where no checkpoint lies beside it.
    """

    sequence: int
    sha256: str
    root: bytes | None


class GitSink:
    """Port `AnchorSink` on a branch of a remote repository.

    Args:
        name: the sink's name in murenger.yml.
        repository: absolute path, ssh or https URL; git finds credentials by itself, and asks nobody.
        branch: the branch's name; it is begun where it is missing.
        work: a folder of our own. It remembers what was pushed last, and may vanish at any time.
        clock: the time of the commits, and how time passes.
        timeout_s: seconds for one head, everything together, > 0.

    Raises:
        ConfigError: the repository or the branch cannot be one.
    """

    def __init__(
        self, name: str, repository: str, branch: str, *, work: Path, clock: Clock, timeout_s: float = TIMEOUT_S
    ) -> None:
        refuse_bad_address(repository, branch)
        self._name = name
        self._repository = repository
        self._branch = branch
        self._work = work
        self._clock = clock
        self._timeout_s = timeout_s

    @property
    def name(self) -> str:
        """The sink's name in murenger.yml."""
        return self._name

    def submit(self, head: AnchorHead, *, proof: Proof) -> Receipt:
        """Commit the head on top of the branch, push it, and read it back.

        Args:
            head: where the log ends.
            proof: asked from the size of the checkpoint that the branch holds.

        Raises:
            AnchorError: the remote is down, slow, or does not take the commit.
            AnchorConflictError: the branch holds a later head, another one for this record, a tree that this log does
                not continue, or no longer what was pushed last.
        """
        if not head.origin.isprintable():
            raise AnchorError(f"anchor {self._name}: the log's name holds control characters")
        deadline = Deadline(self._clock, self._timeout_s)
        with self._failures(), self._locked(deadline):
            remote = RemoteBranch(self._repository, self._branch, self._work, deadline)
            commit = self._published(remote, head, proof)
            remote.remember(commit)
            # The anchor is made; what is not packed today is packed another day.
            with contextlib.suppress(CompareError, TimeoutError):
                remote.tidy()
        where = f"{self._repository} {self._branch} {commit}"
        return Receipt(
            sink=self._name,
            kind=ReceiptKind.GIT,
            sequence=head.sequence,
            content=f"{head.line} {head.size} {head.root}\n{where}\n".encode(),
            at=None,
            held_elsewhere=True,
        )

    def state(self) -> str:
        """Return where the branch ends; nothing is pushed.

        Raises:
            AnchorError: the remote cannot be asked.
        """
        deadline = Deadline(self._clock, self._timeout_s)
        with self._failures():
            tip = RemoteBranch(self._repository, self._branch, self._work, deadline).find_tip()
        return f"branch {self._branch} ends at {tip[:12]}" if tip else f"branch {self._branch} is not begun yet"

    def _published(self, remote: RemoteBranch, head: AnchorHead, proof: Proof) -> str:
        """Return the commit that holds the head, once the remote is seen to hold it."""
        refusal = ""
        for attempt in range(_ATTEMPTS):
            # What was pushed last is most likely still the end of the branch; if not, nothing is taken on top of it. It
            # is compared with first in any case, whatever somebody has put on top of it since.
            expected = remote.resume() if attempt == 0 else None
            if expected and self._holds(remote, expected, head):
                # There is nothing to push: whether it is still held, only the remote can say.
                expected = None
            tip = expected or remote.open()
            self._refuse_conflict(remote, tip, head, proof)
            if tip and self._holds(remote, tip, head):
                return tip
            commit = remote.commit(tip, self._change(head))
            refusal = remote.push(commit, after=tip)
            if not refusal:
                self._read_back(remote, commit)
                return commit
        raise AnchorError(
            f"anchor {self._name}: {self._repository} does not take the commit: {refusal}",
            hint="may this account push to the branch?",
        )

    def _change(self, head: AnchorHead) -> Change:
        # Where the log key is gone, the checkpoint of an older head must not stay beside a newer one.
        checkpoint = head.checkpoint.encode("utf-8") if head.checkpoint else None
        files = {_HEAD: f"{head.line}\n".encode("ascii"), _CHECKPOINT: checkpoint}
        message = f"anchor {head.origin} {head.sequence}\n\nsize {head.size}\nroot {head.root}\n"
        return Change(files=files, message=message, made_at=self._clock.now())

    def _holds(self, remote: RemoteBranch, tip: str, head: AnchorHead) -> bool:
        files = self._change(head).files
        return all(remote.read(tip, name, _MAX_FILE_BYTES) == content for name, content in files.items())

    def _read_back(self, remote: RemoteBranch, commit: str) -> None:
        tip = remote.find_tip()
        # Another writer may have gone on from ours; only then is there anything to fetch.
        if tip != commit and not (tip and (tip := remote.open(commit)) and remote.contains(tip, commit)):
            raise self._conflict(f"no longer contains commit {commit[:12]}, which was pushed last")

    def _refuse_conflict(self, remote: RemoteBranch, tip: str | None, head: AnchorHead, proof: Proof) -> None:
        last = remote.last()
        if last and not (tip and remote.contains(tip, last)):
            raise self._conflict(f"no longer contains commit {last[:12]}, which was pushed last")
        held = self._held(remote, tip, head.origin) if tip else None
        before = held if last == tip else self._held(remote, last, head.origin) if last else None
        if before and (held is None or held.sequence < before.sequence):
            raise self._conflict(f"held record {before.sequence} and somebody took that back")
        if held is None:
            return
        if held.sequence > head.sequence:
            raise self._conflict(f"holds record {held.sequence}, and this log ends at {head.sequence}")
        self._refuse_fork(held, head, proof)

    def _refuse_fork(self, held: _Held, head: AnchorHead, proof: Proof) -> None:
        if held.sequence == head.sequence and held.sha256 != head.sha256:
            raise self._conflict(f"holds another record {head.sequence} than this log does")
        if held.root is None:
            return
        size = held.sequence + 1
        nodes = proof(size) if size < head.size else ()
        try:
            check_consistency(size, held.root, head.size, bytes.fromhex(head.root), nodes)
        except ValueError as exc:
            raise self._conflict(f"holds another history of the first {size} records: {exc}") from exc

    def _held(self, remote: RemoteBranch, commit: str, origin: str) -> _Held | None:
        """Return the head that a commit holds, or None if it holds none.

        Raises:
            AnchorConflictError: what it holds is not what murenger writes, or belongs to another log.
        """
        try:
            line = remote.read(commit, _HEAD, _MAX_FILE_BYTES)
            text = remote.read(commit, _CHECKPOINT, _MAX_FILE_BYTES)
            if line is None:
                return None
            sequence, sha256 = _head_in(line)
            root = None if text is None else _root_in(text, origin, sequence + 1)
        except ValueError as exc:
            raise self._conflict(f"holds files that are not this log's: {exc}") from exc
        return _Held(sequence=sequence, sha256=sha256, root=root)

    def _conflict(self, what: str) -> AnchorConflictError:
        return AnchorConflictError(
            f"anchor {self._name}: branch {self._branch} of {self._repository} {what}",
            hint="was the log restored from a copy, or rewritten? nothing is healed until a person has looked",
        )

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        with anchor_errors(self._name, self._repository):
            try:
                yield
            except CompareError as exc:
                raise AnchorError(f"anchor {self._name}: {self._repository}: {exc.message}") from exc

    @contextlib.contextmanager
    def _locked(self, deadline: Deadline) -> Iterator[None]:
        """Hold the work folder: two processes of one runner may anchor at the same time."""
        self._work.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self._work / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    deadline.pause(_POLL_S)
            yield
        finally:
            os.close(handle)


def _head_in(line: bytes) -> tuple[int, str]:
    found = _HEAD_LINE.fullmatch(line)
    if found is None:
        raise ValueError("head is not `SEQ SHA256`")
    return int(found[1]), found[2].decode("ascii")


def _root_in(text: bytes, origin: str, size: int) -> bytes:
    """Return the root that a checkpoint states, having seen that it is this log's and of this size.

    Its signature is not checked: a forged one can stop us, which whoever may push can do anyway, but never calm us.

    Raises:
        ValueError: it is not.
    """
    lines = text.decode("utf-8").split("\n")
    if len(lines) < _CHECKPOINT_LINES or lines[0] != origin:
        raise ValueError(f"the checkpoint is not one of {origin}")
    if lines[1] != str(size):
        raise ValueError("head and checkpoint do not name the same record")
    # What is no base64 is a ValueError, too.
    root = base64.b64decode(lines[2], validate=True)
    if len(root) != HASH_BYTES:
        raise ValueError("the checkpoint has no root")
    return root
