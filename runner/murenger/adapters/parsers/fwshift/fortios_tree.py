"""The tree of a FortiOS configuration, with the lines on which everything stands.

Input: a configuration backup. Output: blocks `config`, entries `edit` and settings `set`, each with its lines.
"""

import dataclasses
from collections.abc import Iterator

from murenger.errors import ParseError

_MAX_DEPTH = 64
_COMMANDS = frozenset({"delete", "move", "purge", "rename", "clone", "clear", "execute", "abort"})


@dataclasses.dataclass(slots=True)
class Block:
    """A `config` table, or one `edit` entry of it.

    Attributes:
        name: path of the table as its line says it, or key of the entry.
        lines: lines of its own: `config`, `edit`, `next`, `end`.
        settings: key -> (lines, values).
        entries: key -> entry.
        tables: path -> table.
    """

    name: str
    lines: list[int] = dataclasses.field(default_factory=list)
    settings: dict[str, tuple[tuple[int, ...], tuple[str, ...]]] = dataclasses.field(default_factory=dict)
    entries: dict[str, "Block"] = dataclasses.field(default_factory=dict)
    tables: dict[str, "Block"] = dataclasses.field(default_factory=dict)

    def values(self, key: str) -> tuple[str, ...]:
        """Return the values of a setting, or nothing."""
        return self.settings.get(key, ((), ()))[1]

    def all_lines(self) -> Iterator[int]:
        """Yield every line of the block."""
        yield from self.lines
        for lines, _ in self.settings.values():
            yield from lines
        for child in (*self.entries.values(), *self.tables.values()):
            yield from child.all_lines()


def tree(text: str) -> Block:
    """Return the tree of a configuration.

    Raises:
        ParseError: it is not whole, or it holds commands rather than a configuration.
    """
    root = Block("")
    stack = [("config", root)]
    for numbers, line in _statements(text):
        words = split(line)
        if not words:
            continue
        verb, block = words[0], stack[-1][1]
        here = f"line {numbers[0]}"
        if verb == "config" and len(words) > 1:
            path = " ".join(words[1:])
            if len(stack) > _MAX_DEPTH:
                raise ParseError(f"{here}: tables nested more than {_MAX_DEPTH} deep")
            stack.append(("config", block.tables.setdefault(path, Block(path))))
            stack[-1][1].lines.extend(numbers)
        elif verb == "edit" and len(words) > 1 and stack[-1][0] == "config":
            stack.append(("edit", block.entries.setdefault(words[1], Block(words[1]))))
            stack[-1][1].lines.extend(numbers)
        elif verb in {"set", "append", "unset"} and len(words) > 1:
            _set(block, verb, words, numbers)
        elif verb in {"next", "end"}:
            _close(stack, verb, numbers, here)
        elif verb in _COMMANDS:
            raise ParseError(f"{here}: {verb!r} is a command, not a configuration")
        else:
            raise ParseError(f"{here}: {line[:40]!r} is no statement of a configuration")
    if len(stack) > 1:
        raise ParseError(f"the configuration is not whole: {stack[-1][0]} {stack[-1][1].name[:40]!r} does not end")
    return root


def _set(block: Block, verb: str, words: list[str], numbers: tuple[int, ...]) -> None:
    lines, values = block.settings.get(words[1], ((), ()))
    if verb == "append":
        values += tuple(words[2:])
    else:
        values = tuple(words[2:]) if verb == "set" else ()
    block.settings[words[1]] = ((*lines, *numbers), values)


def _close(stack: list[tuple[str, Block]], verb: str, numbers: tuple[int, ...], here: str) -> None:
    kind, block = stack[-1]
    if verb == "next" and kind != "edit":
        raise ParseError(f"{here}: 'next' without an entry")
    if verb == "end" and kind == "edit":
        raise ParseError(f"{here}: 'end' before 'next' ends the entry {block.name[:40]!r}")
    block.lines.extend(numbers)
    stack.pop()
    if not stack:
        raise ParseError(f"{here}: 'end' without a table")


def _statements(text: str) -> Iterator[tuple[tuple[int, ...], str]]:
    """Yield each statement with its lines; a quoted value may go over several."""
    pending: list[str] = []
    numbers: list[int] = []
    is_open = False
    for number, line in enumerate(text.splitlines(), 1):
        if not is_open and (not line.strip() or line.lstrip().startswith("#")):
            continue
        pending.append(line)
        numbers.append(number)
        is_open = quote_open(line, is_open=is_open)
        if not is_open:
            yield tuple(numbers), "\n".join(pending).strip()
            pending, numbers = [], []
    if is_open:
        raise ParseError(f"line {numbers[0]}: a quoted value that does not end")


def quote_open(line: str, *, is_open: bool) -> bool:
    """Return whether a quoted value is still open after a line."""
    if '"' not in line:
        return is_open
    index = 0
    while index < len(line):
        if is_open and line[index] == "\\":
            index += 1
        elif line[index] == '"':
            is_open = not is_open
        index += 1
    return is_open


def split(line: str) -> list[str]:
    """Return the words of a statement: quotes hold words together, and in them a backslash takes the next character."""
    if '"' not in line:
        return line.split()
    words: list[str] = []
    word: list[str] | None = None
    quoted = False
    index = 0
    while index < len(line):
        char = line[index]
        if quoted and char == "\\" and index + 1 < len(line):
            index += 1
            word = [*(word or []), line[index]] if word is None else _grown(word, line[index])
        elif char == '"':
            quoted, word = not quoted, word if word is not None else []
        elif not quoted and char.isspace():
            if word is not None:
                words.append("".join(word))
            word = None
        else:
            word = _grown(word if word is not None else [], char)
        index += 1
    return [*words, "".join(word)] if word is not None else words


def _grown(word: list[str], char: str) -> list[str]:
    word.append(char)
    return word
