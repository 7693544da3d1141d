"""Masking: from text with secrets to text with placeholders.

Input: configuration text as the device gave it. Output: canonical text without a secret, the path and placeholder of
each, and, apart from it, the values.
"""

import dataclasses
from collections.abc import Iterator, Mapping

from murenger.dialects import Dialect, Node, Tree, parse, render
from murenger.errors import SecretError
from murenger.secrets.fingerprint import Fingerprinter
from murenger.secrets.placeholder import OPENING, PLACEHOLDER, RESALTED, escape, path_tag, unescape
from murenger.secrets.places import Span, find_spans


class SecretValues(Mapping[str, str]):
    """Secret values by the placeholder that stands for them; shows none of them when printed.

    A re-salted secret has no placeholder of its own; its key is `value_key(RESALTED, path)`.
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    def __getitem__(self, placeholder: str) -> str:
        """Return the value that a placeholder stands for."""
        return self._values[placeholder]

    def __iter__(self) -> Iterator[str]:
        """Yield the placeholders."""
        return iter(self._values)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._values)

    def __repr__(self) -> str:
        """Say how many there are and nothing more."""
        return f"SecretValues({len(self)} hidden)"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Masked:
    """A text without secrets, and the secrets.

    Attributes:
        text: canonical text, a placeholder for each secret.
        fingerprints: path and placeholder of each secret, in order of appearance.
        values: the secrets, for filling them in again; never shown, never written unencrypted.
    """

    text: str
    fingerprints: tuple[tuple[str, str], ...]
    values: SecretValues = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What a text that should hold no secret holds.

    Attributes:
        fingerprints: path and placeholder of each masked secret, in order of appearance.
        unmasked: paths at which a secret itself stands.
        misplaced: paths at which a placeholder stands that was made for another place.
    """

    fingerprints: tuple[tuple[str, str], ...]
    unmasked: tuple[str, ...]
    misplaced: tuple[str, ...]


def value_key(placeholder: str, path: str) -> str:
    """Return the key of a value in `SecretValues`."""
    return f"{placeholder}@{path}" if placeholder == RESALTED else placeholder


def mask(text: str, dialect: Dialect, fingerprinter: Fingerprinter) -> Masked:
    """Replace every secret in a text by a placeholder.

    Args:
        text: a configuration as the device writes it, LF line ends.
        dialect: the platform.
        fingerprinter: makes the placeholders.

    Returns:
        The text in canonical layout; `fill` turns it back into exactly the same configuration.

    Raises:
        ParseError: it is not a configuration of the platform.
    """
    tree, fingerprints, values = mask_tree(parse(escape(text), dialect), dialect, fingerprinter)
    return Masked(text=render(tree, dialect), fingerprints=fingerprints, values=values)


def mask_tree(
    tree: Tree, dialect: Dialect, fingerprinter: Fingerprinter
) -> tuple[Tree, tuple[tuple[str, str], ...], SecretValues]:
    """Replace every secret in a tree that was read from escaped text.

    Returns:
        The tree with placeholders; path and placeholder of each secret, in order of appearance; the values.
    """
    fingerprints: list[tuple[str, str]] = []
    values: dict[str, str] = {}

    def masked(node: Node, path: tuple[str, ...]) -> Node:
        spans = find_spans(node, path, dialect)
        line = node.line
        placeholders = []
        for span in spans:
            value = unescape(line[span.start : span.end])
            placeholder = RESALTED
            if not span.place.resalted:
                placeholder = fingerprinter.placeholder(span.path, value, span.place.scheme)
            placeholders.append(placeholder)
            fingerprints.append((span.path, placeholder))
            values[value_key(placeholder, span.path)] = value
        line = substituted(line, spans, placeholders)
        if not spans and not node.children:
            return node
        inner = (*path, line)
        return dataclasses.replace(
            node, line=line, children=tuple(masked(child, inner) for child in node.children), is_marked_secret=False
        )

    nodes = tuple(masked(node, ()) for node in tree.nodes)
    return Tree(nodes=nodes), tuple(fingerprints), SecretValues(values)


def substituted(line: str, spans: tuple[Span, ...], replacements: list[str]) -> str:
    """Return a line with each span replaced."""
    for span, replacement in zip(reversed(spans), reversed(replacements), strict=True):
        line = line[: span.start] + replacement + line[span.end :]
    return line


def inspect(tree: Tree, dialect: Dialect) -> Inspection:
    """Return which secrets of a canonical text are masked and which are not.

    Raises:
        SecretError: something that starts like a placeholder is none.
    """
    fingerprints: list[tuple[str, str]] = []
    unmasked: list[str] = []
    misplaced: list[str] = []
    for path, node in tree.walk():
        for span in find_spans(node, path, dialect):
            text = node.line[span.start : span.end]
            match = PLACEHOLDER.fullmatch(text)
            if match is None:
                (misplaced if OPENING in text else unmasked).append(span.path)
            elif not fits(span, text):
                misplaced.append(span.path)
            else:
                fingerprints.append((span.path, text))
        if node.line.count(OPENING) > len(PLACEHOLDER.findall(node.line)):
            raise SecretError(f"line {node.number}: broken placeholder")
    return Inspection(fingerprints=tuple(fingerprints), unmasked=tuple(unmasked), misplaced=tuple(misplaced))


def fits(span: Span, placeholder: str) -> bool:
    """True if a placeholder was made for the place where it stands."""
    if placeholder == RESALTED:
        return span.place.resalted
    match = PLACEHOLDER.fullmatch(placeholder)
    return match is not None and match["tag"] == path_tag(span.path)
