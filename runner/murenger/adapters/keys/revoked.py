"""Keys that must never have counted: the revocation list beside allowed_signers.

Input: an OpenSSH key revocation list, or a list of public keys. Output: whether a key is on it. ssh-keygen reads the
list; a key once asked about is remembered as long as the file stays as it is.
Source: ssh-keygen(1), KEY REVOCATION LISTS.
"""

import base64
import tempfile
from pathlib import Path

from murenger.adapters.keys.process import ssh_keygen
from murenger.adapters.keys.unchanged import Unchanged
from murenger.errors import SignatureError
from murenger.record.sshsig import SshSignature

KRL = "krl"

_BINARY = b"SSHKRL\n\0"


class RevokedKeys:
    """One revocation list; where the file is missing nothing is revoked.

    Args:
        path: of the list.
        timeout_s: seconds for one run of ssh-keygen, > 0.
        reread: whether to look for changes at each question.
    """

    def __init__(self, path: Path, *, timeout_s: float, reread: bool = True) -> None:
        self._path = path
        self._reread = reread
        self._timeout_s = timeout_s
        self._unchanged = Unchanged(path)
        self._known: dict[bytes, bool] = {}

    @property
    def path(self) -> Path | None:
        """Where the list is, or None where there is none."""
        return self._path if self._unchanged.exists() else None

    def holds(self, claim: SshSignature) -> bool:
        """Tell whether the key of a signature is revoked.

        Raises:
            SignatureError: the list cannot be used, which says nothing about the key.
        """
        if not self._reread and claim.public_key in self._known:
            return self._known[claim.public_key]
        if not self._unchanged.exists():
            self._known[claim.public_key] = False
            return False
        if not self._unchanged.is_as_before():
            self._known.clear()
        if claim.public_key not in self._known:
            self._known[claim.public_key] = self._ask(claim)
        return self._known[claim.public_key]

    def _ask(self, claim: SshSignature) -> bool:
        listed = self._plain_list()
        if listed is not None:
            return claim.public_key in listed
        line = f"{claim.key_type} {base64.b64encode(claim.public_key).decode('ascii')}\n"
        with tempfile.NamedTemporaryFile("w", encoding="ascii", prefix="murenger-", suffix=".pub") as file:
            file.write(line)
            file.flush()
            done = ssh_keygen(["-Q", "-f", self._path, file.name], timeout_s=self._timeout_s)
        if done.code == 0:
            return False
        if "REVOKED" in done.output:
            return True
        complaint = (done.complaint.strip().splitlines() or ["no reason given"])[-1]
        raise SignatureError(f"the revocation list {self._path} cannot be used: {complaint}")

    def _plain_list(self) -> frozenset[bytes] | None:
        """Return the keys of a list of public keys, one a line; None where the file is in OpenSSH's own binary form."""
        try:
            content = self._path.read_bytes()
            if content.startswith(_BINARY):
                return None
            lines = [line.split() for line in content.decode("utf-8").splitlines()]
            return frozenset(
                base64.b64decode(words[1], validate=True) for words in lines if words and words[0][0] != "#"
            )
        except (OSError, ValueError, IndexError) as exc:
            raise SignatureError(f"the revocation list {self._path} cannot be used: {exc}") from exc
