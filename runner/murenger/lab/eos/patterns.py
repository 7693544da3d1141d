"""The small language in which the emulator's commands are written down, and its matcher.

Input: a pattern such as `username <name:word> [privilege <level:privilege>]` and one command line.
Output: the canonical spelling of the line and its captured parts, or the token at which the line stopped making sense.
"""

import dataclasses
import functools
import re
from collections.abc import Callable, Iterator, Mapping

from murenger.lab.eos.tokens import TYPES, Words

_PIECES = re.compile(r"\[|\]|\(|\)|\||<[^>]+>|[^\s\[\]()|<>]+")

Captures = Mapping[str, str]
_Step = tuple[int, tuple[str, ...], Captures]


@dataclasses.dataclass(slots=True)
class Trail:
    """How far a command line made sense, over all patterns tried.

    Attributes:
        furthest: index of the first token that no pattern understood; the number of tokens when all were understood.
    """

    furthest: int = 0

    def reach(self, index: int) -> None:
        """Remember that the tokens before `index` made sense."""
        self.furthest = max(self.furthest, index)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One way to read a command line.

    Attributes:
        line: the canonical spelling.
        captures: named parts of the line, canonical.
        used: how many tokens of the line were read.
    """

    line: str
    captures: Captures
    used: int


_Node = Callable[[Words, int, Captures, Trail], Iterator[_Step]]


def _literal(word: str) -> _Node:
    def step(words: Words, index: int, captures: Captures, trail: Trail) -> Iterator[_Step]:
        trail.reach(index)
        if index < len(words) and words[index] == word:
            trail.reach(index + 1)
            yield index + 1, (word,), captures

    return step


def _typed(spec: str) -> _Node:
    name, _, kind = spec.rpartition(":")
    reader = TYPES[kind]

    def step(words: Words, index: int, captures: Captures, trail: Trail) -> Iterator[_Step]:
        trail.reach(index)
        if index >= len(words):
            return
        found = reader(words, index)
        trail.reach(index + found.used)
        if found.text is not None:
            yield index + found.used, (found.text,), ({**captures, name: found.text} if name else captures)

    return step


def _sequence(nodes: list[_Node]) -> _Node:
    def step(words: Words, index: int, captures: Captures, trail: Trail) -> Iterator[_Step]:
        def walk(position: int, at: int, said: tuple[str, ...], kept: Captures) -> Iterator[_Step]:
            if position == len(nodes):
                yield at, said, kept
                return
            for after, more, now in nodes[position](words, at, kept, trail):
                yield from walk(position + 1, after, said + more, now)

        yield from walk(0, index, (), captures)

    return step


def _choice(nodes: list[_Node]) -> _Node:
    def step(words: Words, index: int, captures: Captures, trail: Trail) -> Iterator[_Step]:
        for node in nodes:
            yield from node(words, index, captures, trail)

    return step


def _empty(_words: Words, index: int, captures: Captures, _trail: Trail) -> Iterator[_Step]:
    yield index, (), captures


def _parse(pieces: list[str], until: str) -> _Node:
    choices: list[_Node] = []
    current: list[_Node] = []
    while pieces:
        piece = pieces.pop(0)
        if piece == until:
            break
        if piece == "|":
            choices.append(_sequence(current))
            current = []
        elif piece == "[":
            current.append(_choice([_parse(pieces, "]"), _empty]))
        elif piece == "(":
            current.append(_parse(pieces, ")"))
        elif piece.startswith("<"):
            current.append(_typed(piece[1:-1]))
        else:
            current.append(_literal(piece))
    return _choice([*choices, _sequence(current)]) if choices else _sequence(current)


@functools.cache
def _compiled(pattern: str) -> _Node:
    return _parse(_PIECES.findall(pattern), "")


@functools.cache
def first_word(pattern: str) -> str | None:
    """Return the literal that every line of this pattern starts with; None where the pattern leaves that open."""
    piece = _PIECES.findall(pattern)[0]
    return None if piece in "[(" or piece.startswith("<") else str(piece)


def match(pattern: str, words: Words, trail: Trail) -> Match | None:
    """Read a whole command line as one pattern.

    Args:
        pattern: literals, `<name:type>`, `[optional]` and `(one | other)`.
        words: the command line in tokens.
        trail: told how far the line made sense.

    Returns:
        The first reading that uses every token; None where there is none.
    """
    for used, said, captures in _compiled(pattern)(words, 0, {}, trail):
        trail.reach(used)
        if used == len(words):
            return Match(line=" ".join(said), captures=captures, used=used)
    return None


def match_start(pattern: str, words: Words) -> Captures:
    """Return what can be captured when a line stops before its pattern does, as in `no username alice`.

    Args:
        pattern: as in `match`.
        words: the tokens that the pattern must explain from its start.

    Returns:
        The captures of the reading that explained all tokens; empty where no reading did.
    """
    return max(_prefixes(_PIECES.findall(pattern), words), key=len, default={})


def _prefixes(pieces: list[str], words: Words) -> Iterator[Captures]:
    """Yield the captures of every beginning of the pattern that uses exactly the given tokens."""
    depth = 0
    for end in range(1, len(pieces) + 1):
        piece = pieces[end - 1]
        depth += (piece in "[(") - (piece in "])")
        if depth:
            continue
        beginning = " ".join(pieces[:end])
        for used, _said, captures in _compiled(beginning)(words, 0, {}, Trail()):
            if used == len(words):
                yield captures
