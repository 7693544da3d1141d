"""Plan files: what was proposed, kept until it is approved, carried out or too old.

Input: a plan file's bytes. Output: its digest, and by its digest the same bytes again.
"""

import hashlib
import pathlib
import re

from murenger.adapters.files.private import private_folder, write_private
from murenger.errors import ApprovalError

_SHA256 = re.compile(r"[0-9a-f]{64}")


class PlanFiles:
    """Plan files in the state folder, named by the digest of their bytes.

    Args:
        state: the runner's state folder; plans lie in `plans/` below it.
    """

    def __init__(self, state: pathlib.Path) -> None:
        self._folder = state / "plans"

    def save(self, document: bytes) -> str:
        """Keep a plan file, mode 0600, and return the hex digest it can be loaded by.

        Raises:
            ConfigError: the state folder cannot be written.
        """
        sha256 = hashlib.sha256(document).hexdigest()
        private_folder(self._folder)
        write_private(self.path(sha256), document)
        return sha256

    def path(self, sha256: str) -> pathlib.Path:
        """Return where a plan file lies, whether it is there or not.

        Raises:
            ApprovalError: the digest is not 64 lower-case hex digits.
        """
        if not _SHA256.fullmatch(sha256):
            raise ApprovalError(
                f"{sha256[:80]!r} is not a plan's digest", hint="64 hex digits, as murenger plan prints"
            )
        return self._folder / f"{sha256}.json"

    def kept(self) -> tuple[str, ...]:
        """Return the digests of all plan files, sorted."""
        return tuple(sorted(path.stem for path in self._folder.glob("*.json") if _SHA256.fullmatch(path.stem)))

    def load(self, sha256: str) -> bytes:
        """Return a plan file's exact bytes.

        Raises:
            ApprovalError: there is no such plan, or the file holds other bytes than it was named for.
        """
        path = self.path(sha256)
        try:
            document = path.read_bytes()
        except FileNotFoundError as exc:
            raise ApprovalError(f"there is no plan {sha256[:12]}", hint="murenger plan DEVICE makes one") from exc
        except OSError as exc:
            raise ApprovalError(f"the plan {path} cannot be read: {exc.strerror}") from exc
        if hashlib.sha256(document).hexdigest() != sha256:
            raise ApprovalError(f"the plan {path} was altered", hint="make a new plan")
        return document
