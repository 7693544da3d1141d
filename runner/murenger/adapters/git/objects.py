"""Git objects, each checked against the id it was asked by.

Input: object ids. Output: their bytes. Git itself does not hash what it reads, so whoever can write files into the
repository could change a text under its signature; here every step from a signed commit down to a text is hashed again.
"""

import dataclasses
import hashlib
from collections.abc import Iterable, Iterator, Sequence

from murenger.adapters.git.command import Git
from murenger.errors import GoldenUntrustedError

_SHA256_HEX = 64
# The largest configuration seen in the field is under 10 MB.
MAX_OBJECT_BYTES = 64 * 1024 * 1024


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GitObject:
    """One object.

    Attributes:
        kind: commit, tree, blob or tag.
        content: its bytes, without git's own header.
    """

    kind: str
    content: bytes


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TreeEntry:
    """One line of a tree object.

    Attributes:
        mode: git's file mode, as the tree writes it: 40000 for a folder.
        name: one path component; bytes that are not UTF-8 as surrogates.
        object_id: what it names.
    """

    mode: str
    name: str
    object_id: str


def read_objects(git: Git, ids: Sequence[str]) -> dict[str, GitObject]:
    """Return objects by id.

    Args:
        git: the repository.
        ids: full object ids in lower-case hex.

    Raises:
        GoldenMissingError: git cannot be asked.
        GoldenUntrustedError: one is missing, unreasonably large, damaged, or has other bytes than its id says.
    """
    if not ids:
        return {}
    asked = "".join(f"{name}\n" for name in ids).encode("ascii")
    for line in git.text(["cat-file", "--batch-check=%(objectname) %(objectsize)"], content=asked).splitlines():
        name, _, size = line.partition(" ")
        if not size.isdigit() or int(size) > MAX_OBJECT_BYTES:
            raise _damaged(name, "is missing" if size == "missing" else "is too large")
    return dict(_answers(git.run(["cat-file", "--batch"], content=asked), ids))


def _answers(answer: bytes, ids: Iterable[str]) -> Iterator[tuple[str, GitObject]]:
    position = 0
    for name in ids:
        end = answer.find(b"\n", position)
        words = answer[position:end].decode("ascii", "replace").split(" ")
        if end < 0 or len(words) != 3 or not words[2].isdigit():  # noqa: PLR2004 - id, kind, size
            raise _damaged(name, "cannot be read")
        start, size = end + 1, int(words[2])
        found = GitObject(kind=words[1], content=answer[start : start + size])
        if object_id(found, like=name) != name:
            raise _damaged(name, "holds other bytes than its id says")
        yield name, found
        position = start + size + 1


def object_id(found: GitObject, *, like: str) -> str:
    """Return the id that an object's bytes give.

    Args:
        found: the object.
        like: an id of the same repository; its length says which hash.
    """
    header = f"{found.kind} {len(found.content)}\0".encode("ascii")
    if len(like) == _SHA256_HEX:
        return hashlib.sha256(header + found.content).hexdigest()
    return hashlib.sha1(header + found.content, usedforsecurity=False).hexdigest()


def _damaged(name: str, what: str) -> GoldenUntrustedError:
    return GoldenUntrustedError(
        f"object {name[:12]} of the golden repository {what}",
        hint="git fsck tells more; restore the repository from a clone that is intact",
    )


def parse_tree(name: str, found: GitObject) -> tuple[TreeEntry, ...]:
    """Return the entries of a tree object.

    Args:
        name: its id.
        found: the object.

    Raises:
        GoldenUntrustedError: it is no tree, or not well formed.
    """
    if found.kind != "tree":
        raise _damaged(name, "is no tree")
    entries, rest, id_bytes = [], found.content, len(name) // 2
    while rest:
        head, nul, tail = rest.partition(b"\0")
        mode, space, part = head.partition(b" ")
        if not nul or not space or len(tail) < id_bytes or not part or b"/" in part or part in {b".", b".."}:
            raise _damaged(name, "is not a well-formed tree")
        entries.append(
            TreeEntry(
                mode=mode.decode("ascii", "replace"),
                name=part.decode("utf-8", "surrogateescape"),
                object_id=tail[:id_bytes].hex(),
            )
        )
        rest = tail[id_bytes:]
    return tuple(entries)


def commit_links(content: bytes) -> tuple[str, tuple[str, ...]]:
    """Return the tree and the parents that a commit object names.

    Raises:
        GoldenUntrustedError: it names no tree.
    """
    lines = content.partition(b"\n\n")[0].decode("utf-8", "replace").split("\n")
    if not lines[0].startswith("tree "):
        raise GoldenUntrustedError("a commit of the golden repository names no tree")
    parents = []
    for line in lines[1:]:
        if not line.startswith("parent "):
            break
        parents.append(line.removeprefix("parent "))
    return lines[0].removeprefix("tree "), tuple(parents)


def descends(git: Git, revision: str, accepted: str) -> bool:
    """Return True if a commit equals another or descends from it, by commits that are what their ids say.

    Raises:
        GoldenMissingError: git does not know one of them.
        GoldenUntrustedError: a commit between them is damaged.
    """
    if not git.holds(["merge-base", "--is-ancestor", accepted, revision]):
        return False
    between = git.text(["rev-list", revision, f"^{accepted}", "--"]).split()
    commits = read_objects(git, between)
    waiting, seen = [revision], set()
    while waiting:
        name = waiting.pop()
        if name == accepted:
            return True
        if name in commits and name not in seen:
            seen.add(name)
            waiting.extend(commit_links(commits[name].content)[1])
    return False
