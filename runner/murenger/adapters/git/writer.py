"""Writing golden policy: one signed commit, made from objects alone and published only after it has been checked.

Input: files and a person's key. Output: a commit on the branch, or nothing changed at all.
"""

import base64
import contextlib
import fcntl
import os
import pathlib
import tempfile
from collections.abc import Callable, Iterator, Mapping

from murenger.adapters.git.command import Git
from murenger.adapters.git.commit import join_commit
from murenger.adapters.git.tree import PLAIN_MODE, list_files
from murenger.adapters.git.worktree import WorkTree
from murenger.adapters.keys import SshSigner, fingerprint, public_key, read_allowed_signers
from murenger.errors import CompareError, GoldenUntrustedError, LeaseHeldError, SignatureError
from murenger.ports import Clock

NAMESPACE = "git"
_LOCK_WAIT_S = 30.0
_LOCK_POLL_S = 0.1


class Writer:
    """Makes commits on one branch with one person's key.

    Args:
        git: the repository.
        branch: the branch that counts.
        trust: allowed_signers file for namespace git.
        clock: the time of the commits.
        signing_key: path of the person's SSH key.
    """

    def __init__(self, git: Git, branch: str, trust: pathlib.Path, clock: Clock, *, signing_key: pathlib.Path) -> None:
        self._git = git
        self._branch = branch
        self._trust = trust
        self._clock = clock
        self._key = signing_key

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the repository's lock; the operating system frees it if the process dies.

        Raises:
            LeaseHeldError: another process held it for half a minute.
            CompareError: the lock file cannot be made.
        """
        folder = pathlib.Path(self._git.text(["rev-parse", "--path-format=absolute", "--git-common-dir"]))
        try:
            handle = os.open(folder / "murenger.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as exc:
            raise CompareError(f"the golden repository {folder} cannot be locked: {exc.strerror}") from exc
        try:
            self._wait_for(handle)
            yield
        finally:
            os.close(handle)

    def _wait_for(self, handle: int) -> None:
        deadline = self._clock.monotonic_s() + _LOCK_WAIT_S
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as exc:
                if self._clock.monotonic_s() >= deadline:
                    raise LeaseHeldError(
                        f"another process is writing to the golden repository {self._git.repository}",
                        hint="try again when it has ended",
                    ) from exc
                self._clock.wait(_LOCK_POLL_S)
            else:
                return

    def commit(
        self,
        base: str | None,
        folder: str,
        contents: Mapping[str, bytes | None],
        *,
        message: str,
        check: Callable[[str, str | None], None],
    ) -> str:
        """Return the new commit's id, or the base's if nothing changes.

        Args:
            base: the commit to build upon, or None for the first.
            folder: the path that must be free of uncommitted changes.
            contents: bytes by path; None for a file that goes.
            message: commit message.
            check: raises unless the new commit, given with its base, may be published.

        Raises:
            GoldenUntrustedError: the key may not sign or cannot, or the folder has uncommitted changes.
        """
        principal = self._principal()
        worktree = WorkTree.of(self._git, self._branch)
        if worktree is not None:
            worktree.refuse_changes(folder, base)
        blobs = {path: self._blob(content) for path, content in contents.items()}
        if self._unchanged(base, blobs) and base is not None:
            return base
        payload = self._payload(self._tree(base, blobs), base, principal, message)
        revision = self._sign(payload, principal)
        check(revision, base)
        if worktree is None:
            self._publish(revision, base)
        else:
            pairs = {path: _pair(blobs[path], content) for path, content in contents.items()}
            with worktree.changed(pairs):
                self._publish(revision, base)
        return revision

    def _principal(self) -> str:
        """Return the name that the trust file gives the key, before anything is written."""
        try:
            blob = base64.b64decode(public_key(self._key).split()[1])
            entries = read_allowed_signers(self._trust)
            name = fingerprint(self._key)
        except SignatureError as exc:
            raise GoldenUntrustedError(f"golden policy cannot be signed: {exc.message}", hint=exc.hint) from exc
        for entry in entries:
            fits = entry.key_blob == blob and not entry.certificate_authority
            if fits and entry.may_sign_in(NAMESPACE) and entry.is_valid(self._clock.now()):
                return entry.principals[0]
        raise GoldenUntrustedError(
            f"the key {self._key} ({name}) may not sign golden policy now",
            hint=f'{self._trust} must hold it with namespaces="git" and a validity that includes today',
        )

    def _blob(self, content: bytes | None) -> str | None:
        if content is None:
            return None
        return self._git.text(["hash-object", "-w", "--no-filters", "--stdin"], content=content)

    def _unchanged(self, base: str | None, blobs: Mapping[str, str | None]) -> bool:
        if base is None:
            return False
        held = {file.path: file.object_id for file in list_files(self._git, base, *blobs)}
        return all(held.get(path) == blob for path, blob in blobs.items())

    def _tree(self, base: str | None, blobs: Mapping[str, str | None]) -> str:
        """Return the id of the base's tree with some files replaced, built in an index of its own."""
        with tempfile.TemporaryDirectory(prefix="murenger-index-") as folder:
            index = pathlib.Path(folder) / "index"
            self._git.run(["read-tree", base] if base else ["read-tree", "--empty"], index=index)
            gone = self._git.no_object()
            lines = [f"{PLAIN_MODE if blob else 0} {blob or gone}\t{path}\0" for path, blob in blobs.items()]
            self._git.run(["update-index", "-z", "--index-info"], content="".join(lines).encode("utf-8"), index=index)
            return self._git.text(["write-tree"], index=index)

    def _payload(self, tree: str, base: str | None, principal: str, message: str) -> bytes:
        moment = f"{int(self._clock.now().timestamp())} +0000"
        lines = [
            f"tree {tree}",
            *([f"parent {base}"] if base else []),
            f"author {principal} <{principal}> {moment}",
            f"committer {principal} <{principal}> {moment}",
            "",
            message.replace("\0", "").rstrip("\n") + "\n",
        ]
        return "\n".join(lines).encode("utf-8", "backslashreplace")

    def _sign(self, payload: bytes, principal: str) -> str:
        try:
            signature = SshSigner(principal, self._key).sign(payload, namespace=NAMESPACE)
        except SignatureError as exc:
            raise GoldenUntrustedError(f"golden policy cannot be signed: {exc.message}", hint=exc.hint) from exc
        header = "gpgsig-sha256" if self._git.is_sha256() else "gpgsig"
        signed = join_commit(payload, signature, header=header)
        return self._git.text(["hash-object", "-t", "commit", "-w", "--stdin"], content=signed)

    def _publish(self, revision: str, base: str | None) -> None:
        """Move the branch, only if it is still where it was."""
        old = base or self._git.no_object()
        self._git.run(["update-ref", "-m", "murenger golden accept", f"refs/heads/{self._branch}", revision, old])


def _pair(blob: str | None, content: bytes | None) -> tuple[str, bytes] | None:
    return None if blob is None or content is None else (blob, content)
