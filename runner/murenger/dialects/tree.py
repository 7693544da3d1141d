"""Trees: a configuration's structure, the same for every platform.

Input: text of a platform's configuration. Output: a `Tree` of lines, and canonical text back from it.
"""

import dataclasses
from collections.abc import Callable, Iterator

from murenger.dialects.definition import Dialect, Syntax
from murenger.errors import ParseError

# Far above any real device, and low enough that a crafted text cannot stall or exhaust the reader.
MAX_BYTES = 64 * 1024 * 1024
MAX_LINES = 500_000
MAX_DEPTH = 64
MAX_ENTRIES = 250_000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One statement and what it contains.

    Attributes:
        line: the statement without indentation and terminator; a statement over several lines keeps its line ends.
        children: what it contains, in order.
        is_block: True if it is written as a section even when it contains nothing.
        number: 1-based line in the text it was read from.
        is_marked_secret: True if the device itself says that a secret stands here.
    """

    line: str
    children: tuple["Node", ...] = ()
    is_block: bool = False
    number: int = dataclasses.field(default=0, compare=False)
    is_marked_secret: bool = dataclasses.field(default=False, compare=False)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A whole configuration.

    Attributes:
        nodes: top-level statements in order.
    """

    nodes: tuple[Node, ...] = ()

    def walk(self) -> Iterator[tuple[tuple[str, ...], Node]]:
        """Yield every node with the path of the section it stands in, in document order."""
        stack: list[tuple[tuple[str, ...], Iterator[Node]]] = [((), iter(self.nodes))]
        while stack:
            path, nodes = stack[-1]
            node = next(nodes, None)
            if node is None:
                stack.pop()
                continue
            yield path, node
            if node.children:
                stack.append(((*path, node.line), iter(node.children)))


class Builder:
    """Collects nodes while a text is read, and holds it to the limits."""

    def __init__(self) -> None:
        self._open: list[tuple[str, int]] = []
        self._levels: list[list[Node]] = [[]]

    @property
    def depth(self) -> int:
        """Number of sections that are open."""
        return len(self._open)

    @property
    def opened_at(self) -> int:
        """Line of the innermost open section."""
        return self._open[-1][1]

    @property
    def has_last(self) -> bool:
        """True if the innermost open section has a statement that could be a section itself."""
        return bool(self._levels[-1])

    def leaf(self, line: str, number: int) -> None:
        """Add a statement to the innermost open section.

        Raises:
            ParseError: the section has too many entries.
        """
        level = self._levels[-1]
        if len(level) >= MAX_ENTRIES:
            raise ParseError(f"line {number}: more than {MAX_ENTRIES} entries in one section")
        level.append(Node(line=line, number=number))

    def open(self, line: str, number: int) -> None:
        """Open a section.

        Raises:
            ParseError: sections are nested too deeply.
        """
        if len(self._open) >= MAX_DEPTH:
            raise ParseError(f"line {number}: sections nested deeper than {MAX_DEPTH}")
        self._open.append((line, number))
        self._levels.append([])

    def close(self) -> None:
        """Close the innermost open section."""
        line, number = self._open.pop()
        children = tuple(self._levels.pop())
        self._levels[-1].append(Node(line=line, children=children, is_block=True, number=number))

    def deepen(self) -> None:
        """Make the last statement added the innermost open section."""
        last = self._levels[-1].pop()
        self.open(last.line, last.number)

    def mark_secret(self) -> None:
        """Note that the device says that the last statement added, or the section just opened, holds a secret."""
        level = self._levels[-1]
        if level:
            level[-1] = dataclasses.replace(level[-1], is_marked_secret=True)

    def tree(self) -> Tree:
        """Return what was collected; every section must be closed."""
        return Tree(nodes=tuple(self._levels[0]))


Reader = Callable[[str, Dialect], Tree]


def check_size(text: str) -> None:
    """Refuse a text that is too large to read.

    Raises:
        ParseError: it exceeds `MAX_BYTES` or `MAX_LINES`.
    """
    if len(text) > MAX_BYTES:
        raise ParseError(f"text larger than {MAX_BYTES} characters")
    if text.count("\n") > MAX_LINES:
        raise ParseError(f"text longer than {MAX_LINES} lines")


def render(tree: Tree, dialect: Dialect) -> str:
    """Return the canonical text of a tree: LF line ends, ends with LF unless empty."""
    return WRITERS[dialect.syntax](tree, dialect)


def render_node(node: Node, dialect: Dialect, depth: int = 0) -> str:
    """Return one statement with what it contains, as it stands in canonical text; no LF at the end."""
    lines: list[str] = []
    _LINES[dialect.syntax](node, dialect, depth, lines)
    return "\n".join(lines)


def _nft_lines(node: Node, dialect: Dialect, depth: int, lines: list[str]) -> None:
    margin = dialect.indent * depth
    if not node.is_block:
        lines.append(margin + node.line)
        return
    lines.append(f"{margin}{node.line} {{")
    for index, child in enumerate(node.children):
        if child.is_block and index:
            lines.append("")
        _nft_lines(child, dialect, depth + 1, lines)
    lines.append(margin + "}")


def _junos_lines(node: Node, dialect: Dialect, depth: int, lines: list[str]) -> None:
    margin = dialect.indent * depth
    if not node.is_block:
        lines.append(margin + node.line + ("" if node.line.startswith("/*") else ";"))
        return
    lines.append(f"{margin}{node.line} {{")
    for child in node.children:
        _junos_lines(child, dialect, depth + 1, lines)
    lines.append(margin + "}")


def _indent_lines(node: Node, dialect: Dialect, depth: int, lines: list[str]) -> None:
    lines.append(dialect.indent * depth + node.line)
    for child in node.children:
        _indent_lines(child, dialect, depth + 1, lines)


def _braces_text(tree: Tree, dialect: Dialect) -> str:
    return "".join(render_node(node, dialect) + "\n" for node in tree.nodes)


def _indent_text(tree: Tree, dialect: Dialect) -> str:
    lines: list[str] = []
    previous: Node | None = None
    for node in tree.nodes:
        # The device itself sets a `!` between sections and between groups of commands; it has no meaning.
        if previous and (previous.children or node.children or _word(previous) != _word(node)):
            lines.append("!")
        _indent_lines(node, dialect, 0, lines)
        previous = node
    lines.extend(("!", dialect.end_marker) if lines else (dialect.end_marker,))
    return "\n".join(lines) + "\n"


def _word(node: Node) -> str:
    return node.line.split(" ", 1)[0]


_LINES = {Syntax.BRACES_NFT: _nft_lines, Syntax.BRACES_JUNOS: _junos_lines, Syntax.INDENT: _indent_lines}
WRITERS = {Syntax.BRACES_NFT: _braces_text, Syntax.BRACES_JUNOS: _braces_text, Syntax.INDENT: _indent_text}
