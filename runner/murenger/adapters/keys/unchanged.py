"""Whether a file is the one that was read before, so that an edit counts at once and reading it again costs nothing.

Input: a path. Output: yes or no.
"""

import os
from pathlib import Path


class Unchanged:
    """Remembers which file lay at a path when it was last asked about.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, ...] | None = None

    def exists(self) -> bool:
        """Tell whether there is such a file."""
        return self._path.is_file()

    def is_as_before(self) -> bool:
        """Tell whether the file is the one of the last call; False at the first, and where it cannot be told."""
        try:
            status = os.stat(self._path)  # noqa: PTH116 - asked once a signature
        except OSError:
            self._seen = None
            return False
        now = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        same = now == self._seen
        self._seen = now
        return same
