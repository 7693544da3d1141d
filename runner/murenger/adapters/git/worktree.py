"""The work tree of a golden repository: kept in step with a commit that was made beside it.

Input: a few paths and their new bytes. Output: the same in work tree and index, or everything as it was.
A commit is made from objects alone, so that no filter, hook or index of the repository takes part in it; people who
look at the work tree afterwards still find what the branch says.
"""

import contextlib
import os
import pathlib
import tempfile
from collections.abc import Iterator, Mapping

from murenger.adapters.git.command import Git
from murenger.adapters.git.tree import PLAIN_MODE, list_files
from murenger.errors import CompareError, GoldenUntrustedError


class WorkTree:
    """The work tree that has the golden branch checked out.

    Args:
        git: the repository.
        root: the work tree's top folder.
    """

    def __init__(self, git: Git, root: pathlib.Path) -> None:
        self._git = git
        self._root = root

    @classmethod
    def of(cls, git: Git, branch: str) -> "WorkTree | None":
        """Return the work tree, or None where the repository is bare or another branch is checked out."""
        if git.text(["rev-parse", "--is-bare-repository"]) == "true":
            return None
        if git.text(["branch", "--show-current"]) != branch:
            return None
        return cls(git, pathlib.Path(git.text(["rev-parse", "--show-toplevel"])))

    def refuse_changes(self, path: str, revision: str | None) -> None:
        """Refuse if a folder or file differs from a revision, in the index or on disk.

        Args:
            path: path inside the repository.
            revision: full commit id, or None before the first commit.

        Raises:
            GoldenUntrustedError: somebody's uncommitted change lies there.
        """
        files = list_files(self._git, revision, path) if revision else ()
        committed = {file.path: file.object_id for file in files}
        if self._indexed(path) != committed or self._on_disk(path) != committed:
            raise GoldenUntrustedError(
                f"{path} in the golden repository {self._root} has changes that are not committed",
                hint=f"commit them, or drop them: git -C {self._root} checkout HEAD -- {path}",
            )

    def _indexed(self, path: str) -> dict[str, str]:
        listing = self._git.run(["ls-files", "--stage", "-z", "--full-name", "--", path])
        found: dict[str, str] = {}
        for entry in filter(None, listing.split(b"\0")):
            facts, _, name = entry.partition(b"\t")
            found[name.decode("utf-8", "surrogateescape")] = facts.split(b" ")[1].decode("ascii")
        return found

    def _on_disk(self, path: str) -> dict[str, str]:
        """Return path and blob id of each file; something that is no plain file gets an id that no blob has."""
        self._refuse_links(path)
        top = self._root / path
        if not top.exists():
            return {}
        files = [top] if top.is_file() else [file for file in sorted(top.rglob("*")) if not _is_folder(file)]
        return {str(file.relative_to(self._root)): self._blob_id(file) for file in files}

    def _refuse_links(self, path: str) -> None:
        place = self._root
        for part in pathlib.PurePosixPath(path).parts:
            place /= part
            if place.is_symlink():
                raise GoldenUntrustedError(f"{place} is a symbolic link", hint="remove it")

    def _blob_id(self, file: pathlib.Path) -> str:
        if file.is_symlink() or not file.is_file():
            return "no plain file"
        return self._git.text(["hash-object", "--no-filters", "--stdin"], content=file.read_bytes())

    @contextlib.contextmanager
    def changed(self, contents: Mapping[str, tuple[str, bytes] | None]) -> Iterator[None]:
        """Write files to disk and index, and put everything back if the block fails.

        Args:
            contents: blob id and bytes by path inside the repository; None for a file that goes.

        Raises:
            CompareError: the disk would not take them; then everything is as it was.
        """
        before = {path: self._bytes(path) for path in contents}
        try:
            for path, new in contents.items():
                self._put(path, new[1] if new else None)
            self._stage({path: new[0] if new else None for path, new in contents.items()})
            yield
        except BaseException as exc:
            for path, old in before.items():
                self._put(path, old)
            ids = {path: self._object(old) for path, old in before.items()}
            self._stage(ids)
            if isinstance(exc, OSError):
                raise CompareError(f"the work tree {self._root} cannot be written: {exc.strerror}") from exc
            raise

    def _object(self, content: bytes | None) -> str | None:
        if content is None:
            return None
        return self._git.text(["hash-object", "-w", "--no-filters", "--stdin"], content=content)

    def _bytes(self, path: str) -> bytes | None:
        file = self._root / path
        return file.read_bytes() if file.exists() else None

    def _put(self, path: str, content: bytes | None) -> None:
        file = self._root / path
        if content is None:
            file.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                # Git keeps no empty folders; one that still holds something stays.
                file.parent.rmdir()
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=".murenger-")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
            pathlib.Path(temporary).chmod(0o644)
            pathlib.Path(temporary).replace(file)
        except BaseException:
            pathlib.Path(temporary).unlink(missing_ok=True)
            raise

    def _stage(self, ids: Mapping[str, str | None]) -> None:
        gone = self._git.no_object()
        lines = [f"{PLAIN_MODE if new else 0} {new or gone}\t{path}\0" for path, new in ids.items()]
        self._git.run(["update-index", "-z", "--index-info"], content="".join(lines).encode("utf-8"))


def _is_folder(path: pathlib.Path) -> bool:
    return path.is_dir() and not path.is_symlink()
