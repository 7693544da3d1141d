"""Trees: what a golden repository holds at one revision, and what it must not hold.

Input: a revision. Output: its plain files. A symbolic link, a submodule or an executable among the devices is refused:
each could make a reader see something else than what was signed.
"""

import dataclasses

from murenger.adapters.git.command import Git
from murenger.adapters.git.objects import commit_links, parse_tree, read_objects
from murenger.errors import GoldenUntrustedError

DEVICES = "devices"
TEXT_FILE = "running.conf"
METADATA_FILE = "golden.json"
SECRETS_FILE = "secrets.vault"
FINGERPRINT_KEY_FILE = "fingerprint-key.vault"
PLAIN_MODE = "100644"
_SCRIPT_MODE = "100755"
_FOLDER_MODE = "40000"
# Deeper than any golden repository; a tree cannot contain itself, but it can be made very deep.
_MAX_DEPTH = 64


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TreeFile:
    """One file of a tree.

    Attributes:
        path: path inside the repository; bytes that are not UTF-8 as surrogates.
        mode: git's file mode, six octal digits.
        object_id: the blob's id.
    """

    path: str
    mode: str
    object_id: str


def device_folder(device: str) -> str:
    """Return the folder of a device inside the repository."""
    return f"{DEVICES}/{device}"


def list_files(git: Git, revision: str, *paths: str) -> tuple[TreeFile, ...]:
    """Return the files of a revision, all of them or those at or below some paths, sorted by path.

    Raises:
        GoldenMissingError: git cannot be asked.
        GoldenUntrustedError: an object is missing or is not what its id says.
    """
    top, _ = commit_links(read_objects(git, [revision])[revision].content)
    files: list[TreeFile] = []
    folders = [("", top)]
    for _ in range(_MAX_DEPTH):
        trees = read_objects(git, list(dict.fromkeys(name for _, name in folders)))
        below: list[tuple[str, str]] = []
        for prefix, name in folders:
            for entry in parse_tree(name, trees[name]):
                path = prefix + entry.name
                if entry.mode == _FOLDER_MODE and _may_hold(path, paths):
                    below.append((path + "/", entry.object_id))
                elif entry.mode != _FOLDER_MODE and _is_wanted(path, paths):
                    files.append(TreeFile(path=path, mode=entry.mode, object_id=entry.object_id))
        folders = below
        if not folders:
            return tuple(sorted(files, key=lambda file: file.path))
    raise GoldenUntrustedError(f"golden revision {revision[:12]} has folders nested too deeply")


def _is_wanted(path: str, paths: tuple[str, ...]) -> bool:
    """Return True if a path is one of the paths or lies below one; no paths mean all."""
    return not paths or any(path == wanted or path.startswith(wanted + "/") for wanted in paths)


def _may_hold(folder: str, paths: tuple[str, ...]) -> bool:
    return _is_wanted(folder, paths) or any(wanted.startswith(folder + "/") for wanted in paths)


def refuse_odd_files(git: Git, revision: str) -> None:
    """Refuse a revision that holds anything but plain files.

    Raises:
        GoldenUntrustedError: it holds a symbolic link or a submodule, or an executable among the devices.
    """
    for file in list_files(git, revision):
        ours = file.path == DEVICES or file.path.startswith(f"{DEVICES}/") or file.path == FINGERPRINT_KEY_FILE
        if file.mode != PLAIN_MODE and (ours or file.mode != _SCRIPT_MODE):
            raise GoldenUntrustedError(
                f"golden revision {revision[:12]} holds {file.path!r}, which is not a plain file (mode {file.mode})",
                hint="symbolic links and submodules do not belong in a golden repository",
            )


def read_file(git: Git, revision: str, file: TreeFile) -> bytes:
    """Return a file's bytes.

    Raises:
        GoldenUntrustedError: it is not a plain file, or its bytes are not what its id says.
    """
    if file.mode != PLAIN_MODE:
        raise GoldenUntrustedError(f"golden revision {revision[:12]}: {file.path!r} is not a plain file")
    return read_objects(git, [file.object_id])[file.object_id].content
