"""Places: where in a line the secrets stand.

Input: a line of a tree and the path of its section. Output: spans, each with the path that binds its fingerprint. The
same spans are found whether the values or their placeholders stand in the line.
"""

import dataclasses
import re
from collections.abc import Iterable, Sequence

from murenger.dialects import Dialect, Node, SecretPlace
from murenger.secrets.placeholder import OPENING, PLACEHOLDER, path_tag

PATH_SEPARATOR = " / "
# A line with more secrets is masked from its first to its end: a crafted one must neither stall nor stop the reader.
MAX_SECRETS = 64
_QUOTE = re.compile(r'(?<!\\)"')
_QUOTED = re.compile(r'"(?P<secret>(?:[^"\\]|\\.)*)"')
_LAST_WORD = re.compile(r"(?P<secret>\S+)$")
_MARKED = SecretPlace(name="value", line=_QUOTED, by_looks=True)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One secret, or its placeholder, in a line.

    Attributes:
        start: index of its first character.
        end: index after its last character.
        path: where it stands, without any secret.
        place: what the dialect says about it.
    """

    start: int
    end: int
    path: str
    place: SecretPlace


def find_spans(node: Node, path: Sequence[str], dialect: Dialect) -> tuple[Span, ...]:
    """Return the secrets in a line, from left to right, none overlapping another.

    Args:
        node: its line is searched; its children are not.
        path: lines of the sections it stands in, outermost first, secrets masked.
        dialect: the platform.
    """
    line = node.line
    levels = [dialect.bare(level) for level in path]
    found = _known(line, levels, dialect) if dialect.secret_hint.search(line) else []
    if OPENING in line:
        # A place that only the device's own mark made known leaves no other trace than the placeholder.
        _add(found, ((_MARKED, match, match.span()) for match in PLACEHOLDER.finditer(line)))
    elif node.is_marked_secret:
        matches = list(_QUOTED.finditer(line)) or ([] if found else list(_LAST_WORD.finditer(line)))
        _add(found, ((_MARKED, match, match.span("secret")) for match in matches))
    found.sort(key=lambda item: item[2])
    if len(found) > MAX_SECRETS:
        _, match, (start, _) = found[0]
        found = [(_MARKED, match, (start, _end_of_text(line, start)))]
    taken = [span for _, _, span in found]
    return tuple(_span(line, levels, item, taken) for item in found)


_Found = tuple[SecretPlace, re.Match[str], tuple[int, int]]


def _span(line: str, levels: Sequence[str], item: _Found, taken: Sequence[tuple[int, int]]) -> Span:
    place, match, (start, end) = item
    path = PATH_SEPARATOR.join((*levels, _label(place, match, start, taken)))
    by_looks = PATH_SEPARATOR.join((*levels, _by_looks(line, start, taken)))
    # A placeholder can stand where another place would expect a secret that was masked by its looks.
    if _is_of(line[start:end], by_looks):
        return Span(start=start, end=end, path=by_looks, place=_MARKED)
    return Span(start=start, end=end, path=path, place=place)


def _known(line: str, path: Sequence[str], dialect: Dialect) -> list[_Found]:
    found: list[_Found] = []
    for place in dialect.secrets:
        if place.covers(path):
            _add(found, ((place, match, match.span("secret")) for match in place.line.finditer(line)))
    return found


def _add(found: list[_Found], more: Iterable[_Found]) -> None:
    for number, (place, match, (start, end)) in enumerate(more):
        # The first of each kind always counts, so that the earliest secret of a crowded line is known.
        if number and len(found) > MAX_SECRETS:
            break
        if start < end and all(end <= first or last <= start for _, _, (first, last) in found):
            found.append((place, match, (start, end)))


def _end_of_text(line: str, start: int) -> int:
    """Return the end of the line, or of its last quoted text if `start` stands in quotes."""
    quotes = [match.start() for match in _QUOTE.finditer(line)]
    is_quoted = sum(quote < start for quote in quotes) % 2 == 1
    return quotes[-1] if is_quoted and quotes[-1] >= start else len(line)


def _label(place: SecretPlace, match: re.Match[str], start: int, taken: Sequence[tuple[int, int]]) -> str:
    """Name a secret by its place and what tells it apart, leaving out every other secret of the line."""
    if place.by_looks:
        return _by_looks(match.string, start, taken)
    if "key" not in place.line.groupindex or match["key"] is None:
        return place.name
    return f"{place.name} {_without(match.string, match.span('key'), taken)}"


def _by_looks(line: str, start: int, taken: Sequence[tuple[int, int]]) -> str:
    """Name a secret by all the words before it."""
    return f"{_MARKED.name} {_without(line, (0, start), taken)}"


def _without(line: str, part: tuple[int, int], taken: Sequence[tuple[int, int]]) -> str:
    first, last = part
    parts = []
    for start, end in taken:
        if first <= start and end <= last:
            parts += [line[first:start], "*"]
            first = end
    return "".join((*parts, line[first:last])).rstrip(' "')


def _is_of(text: str, path: str) -> bool:
    match = PLACEHOLDER.fullmatch(text)
    return match is not None and match["tag"] == path_tag(path)
