"""The tree of an XML configuration, rendered again one element a row, so that a file on one line has rows as well.

Input: XML without a document type. Output: `Node`s with the rows on which they stand, the rows as text, and the line of
the file that each row comes from.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from murenger.adapters.parsers.fwshift.lines import Span
from murenger.errors import ParseError
from murenger.semantics.ir import Provenance, ResidueSection, Rule, Ruleset

_MAX_DEPTH = 200
_MAX_NODES = 4_000_000
_MAX_TEXT = 10_000_000


@dataclasses.dataclass(slots=True)
class Node:
    """An element.

    Attributes:
        tag: its tag.
        attributes: its attributes, in their order.
        line: 1-based line of the file where it begins.
        text: the text in it before its first child, stripped.
        children: the elements in it.
        end: 1-based line of the file where it ends.
        rows: its first and last row, 1-based.
    """

    tag: str
    attributes: dict[str, str]
    line: int
    text: str = ""
    children: list["Node"] = dataclasses.field(default_factory=list)
    end: int = 0
    rows: tuple[int, int] = (0, 0)

    @property
    def name(self) -> str:
        """Its attribute `name`, or nothing."""
        return self.attributes.get("name", "")

    def all(self, path: str) -> Iterator["Node"]:
        """Yield the elements under a path such as `vsys/entry`."""
        first, _, rest = path.partition("/")
        for child in self.children:
            if child.tag == first:
                if rest:
                    yield from child.all(rest)
                else:
                    yield child

    def first(self, path: str) -> "Node | None":
        """Return the first element under a path, or None."""
        return next(self.all(path), None)

    def said(self, path: str) -> str:
        """Return the text of the first element under a path, or nothing."""
        found = self.first(path)
        return found.text if found else ""

    def members(self, path: str) -> list[str]:
        """Return the texts of the elements `member` under a path."""
        return [node.text for node in self.all(f"{path}/member") if node.text]

    def span(self) -> Span:
        """Return the rows of the element."""
        return Span(tuple(range(self.rows[0], self.rows[1] + 1)))

    def frame(self) -> tuple[int, int]:
        """Return the rows of its tags alone."""
        return self.rows

    def walk(self) -> Iterator["Node"]:
        """Yield the element and all in it."""
        yield self
        for child in self.children:
            yield from child.walk()


class _Builder:
    def __init__(self) -> None:
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse
        self.parser.buffer_text = True
        self.root: Node | None = None
        self._stack: list[Node] = []
        self._texts: list[list[str]] = []
        self._count = self._length = 0

    def _refuse(self, *_: object) -> None:
        raise ParseError(f"line {self.parser.CurrentLineNumber}: a document type or entity: no configuration has one")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._stack) >= _MAX_DEPTH or self._count > _MAX_NODES:
            raise ParseError(f"line {self.parser.CurrentLineNumber}: elements nested too deeply, or too many of them")
        node = Node(tag, attributes, self.parser.CurrentLineNumber)
        if self._stack:
            self._stack[-1].children.append(node)
        else:
            self.root = node
        self._stack.append(node)
        self._texts.append([])

    def _end(self, _: str) -> None:
        node = self._stack.pop()
        node.text, node.end = "".join(self._texts.pop()).strip(), self.parser.CurrentLineNumber

    def _text(self, text: str) -> None:
        if len(text) > _MAX_TEXT:
            raise ParseError(f"line {self.parser.CurrentLineNumber}: a text longer than {_MAX_TEXT} characters")
        if self._texts:
            self._texts[-1].append(text)


def read_xml(text: str) -> Node:
    """Return the root of a document.

    Raises:
        ParseError: it is not well-formed, not whole, too deep, or it declares a document type or entities.
    """
    builder = _Builder()
    try:
        builder.parser.Parse(text.lstrip("\ufeff").encode(), True)
    except expat.ExpatError as exc:
        raise ParseError(f"the XML is not well-formed: {exc}") from exc
    if builder.root is None:
        raise ParseError("the XML holds no element")
    return builder.root


def rows_of(root: Node) -> tuple[list[str], list[int]]:
    """Number the rows of a tree; return their text, and the line of the file for each."""
    texts: list[str] = []
    lines: list[int] = []

    def add(text: str, line: int) -> int:
        texts.append(text)
        lines.append(line)
        return len(texts)

    def render(node: Node, depth: int) -> None:
        opening = f"{' ' * depth}{_tag(node)}"
        if not node.children:
            row = add(f"{opening}{escape(' '.join(node.text.split()))}</{node.tag}>", node.line)
            node.rows = (row, row)
            return
        first = add(opening + escape(" ".join(node.text.split())), node.line)
        for child in node.children:
            render(child, depth + 1)
        node.rows = (first, add(f"{' ' * depth}</{node.tag}>", node.end))

    render(root, 0)
    return texts, lines


def write(node: Node, keep: Callable[[Node, tuple[str, ...]], bool], path: tuple[str, ...] = ()) -> str:
    """Return an element as XML with those of its descendants that are kept.

    Args:
        node: the element.
        keep: says whether an element stays; its second argument is the path of tags above it.
        path: the path above the element.
    """
    inside = (*path, node.tag)
    children = "".join(write(child, keep, inside) for child in node.children if keep(child, inside))
    return f"{_tag(node)}{escape(node.text)}{children}</{node.tag}>"


def _tag(node: Node) -> str:
    said = "".join(f" {key}={quoteattr(value)}" for key, value in node.attributes.items())
    return f"<{node.tag}{said}>"


def relocate(ruleset: Ruleset, lines: Sequence[int]) -> Ruleset:
    """Return a ruleset whose provenance names rows with lines of the file in their place."""

    def line(row: int) -> int:
        return lines[row - 1] if 0 < row <= len(lines) else 0

    def place(provenance: Provenance) -> Provenance:
        return dataclasses.replace(
            provenance, first_line=line(provenance.first_line), last_line=line(provenance.last_line)
        )

    def rule(one: Rule) -> Rule:
        return dataclasses.replace(one, provenance=place(one.provenance))

    def section(one: ResidueSection) -> ResidueSection:
        return dataclasses.replace(one, first_line=line(one.first_line), last_line=line(one.last_line))

    return dataclasses.replace(
        ruleset,
        lists=tuple(dataclasses.replace(one, rules=tuple(rule(each) for each in one.rules)) for one in ruleset.lists),
        residue=tuple(section(one) for one in ruleset.residue),
        remarks=tuple(dataclasses.replace(one, line=line(one.line)) for one in ruleset.remarks),
    )
