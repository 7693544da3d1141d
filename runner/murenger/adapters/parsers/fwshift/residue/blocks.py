"""Sections of FortiOS: the entries of its tables.

Input: text. Output: its statements with the tables and entries that they stand in.

Harmless: comments, descriptions and identifiers that nothing refers to, in the tables where they are texts for people;
and the lines that only begin or end a table, because what stands in it is said below its path.
Source: FortiOS 7.4 CLI Reference.
"""

import re
from collections.abc import Iterator

from murenger.adapters.parsers.fwshift.fortios_tree import quote_open, split
from murenger.adapters.parsers.fwshift.residue.said import Said

_SCOPES = frozenset({"vdom", "global"})
_HARMLESS = re.compile(
    r"(firewall .+ / set (comments?|uuid|color|label|global-label))"
    r"|(system (zone|interface) / set description)|(router static6? / set comment)|(system admin / set comments)"
)
_NOTHING = frozenset({"next", "end"})


def fortios(text: str) -> Iterator[Said]:
    """Yield the statements of a configuration."""
    stack: list[str] = []
    for number, said in _statements(text):
        words = split(said)
        verb = words[0] if words else ""
        if verb in _NOTHING:
            if stack:
                stack.pop()
            continue
        path = tuple(stack)
        if verb in {"config", "edit"}:
            stack.append(" ".join(words[1:]))
        table, section = _places(stack)
        yield Said(
            number=number,
            section=section,
            path=path,
            text=said,
            is_harmless=verb == "config" or bool(_HARMLESS.fullmatch(f"{table} / {' '.join(words[:2])}")),
        )


def _places(stack: list[str]) -> tuple[str, str]:
    """Return the innermost table's path, and the section: the outermost table and the entry in it."""
    scoped = stack[2:] if stack[:1] == ["vdom"] else stack[1:] if stack[:1] == ["global"] else stack
    if not scoped:
        return "", " ".join(stack) or "statements"
    return (scoped[0] if len(scoped) <= 2 else " ".join(scoped)), " ".join(scoped[:2])


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield each statement with its first line; a quoted value may go over several."""
    pending: list[str] = []
    first, is_open = 0, False
    for number, line in enumerate(text.splitlines(), 1):
        if not is_open and (not line.strip() or line.lstrip().startswith("#")):
            continue
        first = number if not pending else first
        pending.append(line)
        is_open = quote_open(line, is_open=is_open)
        if not is_open:
            yield first, "\n".join(pending).strip()
            pending = []
    if pending:
        yield first, "\n".join(pending).strip()
