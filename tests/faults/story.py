"""What really happened in one scenario, written down as it happens, by whichever process it happens in.

Input: notes. Output: the same notes in order, for the oracle; a runner that is killed loses none of them.
"""

import dataclasses
import json
import os
import pathlib


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One thing that happened.

    Attributes:
        what: `struck`, `edited`, `recorded`, `refused` or `defect`.
        name: of the fault, or the kind of record; or what was said.
        running: digest of what the device really ran then, or "" where nobody looked.
        startup: the same for what it would boot with.
        sequence: number of the record, or -1.
    """

    what: str
    name: str
    running: str = ""
    startup: str = ""
    sequence: int = -1


class Story:
    """Notes in a file of their own, which no fault reaches.

    Args:
        path: of that file.
    """

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        self.reset()

    def reset(self) -> None:
        """Begin anew."""
        self._path.write_bytes(b"")

    def tell(self, note: Note) -> None:
        """Write a note down, at once."""
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(handle, json.dumps(dataclasses.asdict(note)).encode() + b"\n")
        finally:
            os.close(handle)

    def notes(self) -> tuple[Note, ...]:
        """Return them, oldest first."""
        return tuple(Note(**json.loads(line)) for line in self._path.read_bytes().splitlines())

    def struck(self) -> set[str]:
        """Return the names of the faults that struck."""
        return {note.name for note in self.notes() if note.what == "struck"}
