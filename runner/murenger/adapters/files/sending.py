"""Whether a change was sent: one file for each device, written before the commit goes out.

Input: a state folder. Output: what a process that died had come to. Nothing else tells a change that never left this
machine from one that may still be on its way; where the file is gone or about another change, nothing is told.
"""

import pathlib

from murenger.adapters.files.private import private_folder, write_private
from murenger.model import check_device_name

_NOT_YET, _SENT = "not yet sent", "sent"


class SendingMarks:
    """Marks on this machine.

    Args:
        state: the runner's state folder; the marks lie in `changes/` below it.
    """

    def __init__(self, state: pathlib.Path) -> None:
        self._folder = state / "changes"

    def begin(self, device: str, intent_sha256: str) -> None:
        """Note that a change was not sent yet; before its intent is written, so that no intent stands without it.

        Raises:
            ConfigError: the state folder cannot be written.
        """
        self._write(device, intent_sha256, _NOT_YET)

    def send(self, device: str, intent_sha256: str) -> None:
        """Note that a change is about to be sent; it is on disk when this returns.

        Raises:
            ConfigError: the state folder cannot be written; then the change must not be sent.
        """
        self._write(device, intent_sha256, _SENT)

    def never_sent(self, device: str, intent_sha256: str) -> bool:
        """Tell whether it is certain that this change was never sent."""
        try:
            content = self._path(device).read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError):
            return False
        return content == f"{intent_sha256} {_NOT_YET}\n"

    def _write(self, device: str, intent_sha256: str, words: str) -> None:
        private_folder(self._folder)
        write_private(self._path(device), f"{intent_sha256} {words}\n".encode("ascii"))

    def _path(self, device: str) -> pathlib.Path:
        return self._folder / check_device_name(device)
