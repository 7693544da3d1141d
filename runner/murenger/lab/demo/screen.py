"""How the demonstration looks: headings, words, commands, their output, and what was proved.

Input: text. Output: standard output, with colours and a moving line only on a terminal.
"""

import os
import shlex
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import TextIO

_PLAIN_WIDTH = 80
_MOST_WIDTH = 100
_BOLD, _DIM, _GREEN, _RED, _CYAN, _OFF = "\033[1m", "\033[2m", "\033[32m", "\033[31m", "\033[36m", "\033[0m"
_ERASE = "\r\033[K"


class Screen:
    """Standard output, as a reader sees it.

    Args:
        stream: where to write.
    """

    def __init__(self, stream: TextIO = sys.stdout) -> None:
        self._stream = stream
        self.is_terminal = stream.isatty()
        self._coloured = self.is_terminal and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
        self._waits = False

    @property
    def width(self) -> int:
        """Columns to write in."""
        if not self.is_terminal:
            return _PLAIN_WIDTH
        return max(40, min(shutil.get_terminal_size((_PLAIN_WIDTH, 24)).columns, _MOST_WIDTH))

    def heading(self, text: str) -> None:
        """Begin a new part."""
        self._line("")
        self._line(f"== {text} {'=' * max(0, self.width - len(text) - 4)}", _BOLD + _CYAN)

    def words(self, text: str) -> None:
        """Tell the reader something, in a paragraph of its own.

        Args:
            text: any number of lines; white space does not matter.
        """
        self._line("")
        for line in textwrap.wrap(" ".join(text.split()), self.width - 1, break_on_hyphens=False):
            self._line(line, _CYAN)

    def command(self, words: Sequence[str], *, stdin: str = "") -> None:
        """Show a command as it could be typed, over several lines where it is long.

        Args:
            words: program and arguments.
            stdin: file that it reads, or "".
        """
        lines, line = [], "$"
        for word in _together((*map(shlex.quote, words), *(("<", stdin) if stdin else ()))):
            if len(line) + len(word) + 3 > self.width and line.strip("$ "):
                lines.append(f"{line} \\")
                line = "   "
            line = f"{line} {word}"
        self._line("")
        for part in (*lines, line):
            self._line(part, _BOLD)

    def output(self, line: str, *, is_message: bool) -> None:
        """Show one line that a command printed.

        Args:
            line: without its end.
            is_message: whether it came on standard error.
        """
        self._line(line, _DIM if is_message else "")

    def ended(self, code: int) -> None:
        """Show how a command ended, unless with 0."""
        if code:
            self._line(f"[exit code {code}]", _DIM)

    def proved(self, text: str) -> None:
        """Show what the step above has proved."""
        self._marked("  ok  ", text, _GREEN)

    def warning(self, text: str) -> None:
        """Show what is missing."""
        self._line("")
        self._marked("note: ", text, _BOLD)

    def failure(self, text: str) -> None:
        """Show what went wrong."""
        self._line("")
        self._marked("FAILED: ", text, _RED + _BOLD)

    def still_waiting(self, what: str, seconds: float) -> None:
        """Show, on a terminal, that something takes its time; the next line replaces it."""
        if self.is_terminal:
            self._stream.write(f"{_ERASE}... {what}, {seconds:.0f} s"[: self.width + len(_ERASE) - 1])
            self._stream.flush()
            self._waits = True
        else:
            self._line(f"... {what}, {seconds:.0f} s so far")

    def _marked(self, mark: str, text: str, colour: str) -> None:
        lines = textwrap.wrap(text, self.width - len(mark) - 1, break_on_hyphens=False, break_long_words=False)
        for number, line in enumerate(lines):
            self._line(f"{mark if number == 0 else ' ' * len(mark)}{line}", colour)

    def _line(self, text: str, colour: str = "") -> None:
        if self._waits:
            self._stream.write(_ERASE)
            self._waits = False
        self._stream.write(f"{colour}{text}{_OFF}\n" if colour and self._coloured else f"{text}\n")
        self._stream.flush()


def _together(words: Sequence[str]) -> list[str]:
    """Return the words with each option and its value as one, so that no line ends between them."""
    joined: list[str] = []
    for number, word in enumerate(words):
        if number and words[number - 1].startswith(("-", "<")) and not word.startswith("-"):
            joined[-1] += f" {word}"
        else:
            joined.append(word)
    return joined
