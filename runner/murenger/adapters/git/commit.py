"""Commit objects: what exactly was signed, and by which signature.

Input: the bytes of a git commit object. Output: the signed payload and the signature, or a refusal.
Source: git, `Documentation/gitformat-signature.txt`; and `commit.c`, which leaves out every `gpgsig*` header when it
rebuilds the payload.
"""

import dataclasses

from murenger.errors import GoldenUntrustedError

_HEADERS = (b"gpgsig", b"gpgsig-sha256")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SignedCommit:
    """A commit object, taken apart.

    Attributes:
        payload: the bytes that the signature is over.
        signature: armoured SSHSIG.
    """

    payload: bytes
    signature: str


def split_commit(revision: str, content: bytes) -> SignedCommit:
    """Return payload and signature of a commit object.

    Args:
        revision: full commit id, for messages.
        content: the object's bytes, as `git cat-file commit` prints them.

    Raises:
        GoldenUntrustedError: it is not signed, signed twice, or its signature is not an SSH signature.
    """
    header, blank, message = content.partition(b"\n\n")
    kept: list[bytes] = []
    found: list[list[bytes]] = []
    in_signature = False
    for line in header.split(b"\n"):
        if line.startswith(b" "):
            (found[-1] if in_signature else kept).append(line[1:] if in_signature else line)
            continue
        name, _, rest = line.partition(b" ")
        in_signature = name in _HEADERS
        if in_signature:
            found.append([rest])
        elif name.startswith(b"gpgsig"):
            raise _untrusted(revision, "carries a signature header that is not known")
        else:
            kept.append(line)
    if not found:
        raise _untrusted(revision, "is not signed")
    if len(found) > 1:
        raise _untrusted(revision, "carries more than one signature")
    signature = b"\n".join(found[0]).decode("ascii", "replace").rstrip("\n") + "\n"
    if not signature.startswith("-----BEGIN SSH SIGNATURE-----"):
        raise _untrusted(revision, "is not signed with an SSH key")
    return SignedCommit(payload=b"\n".join(kept) + blank + message, signature=signature)


def join_commit(payload: bytes, signature: str, *, header: str) -> bytes:
    """Return the commit object that carries a signature over a payload.

    Args:
        payload: an unsigned commit object.
        signature: armoured SSHSIG over it in namespace git.
        header: `gpgsig` in a SHA-1 repository, `gpgsig-sha256` in a SHA-256 one.
    """
    head, blank, message = payload.partition(b"\n\n")
    folded = signature.rstrip("\n").replace("\n", "\n ").encode("ascii")
    return head + b"\n" + header.encode("ascii") + b" " + folded + blank + message


def _untrusted(revision: str, what: str) -> GoldenUntrustedError:
    return GoldenUntrustedError(
        f"golden revision {revision[:12]} {what}",
        hint="review what changed, then sign it: murenger golden accept, or git commit -S with gpg.format ssh",
    )
