"""Prints a configuration tree as Junos curly text.

Input: a tree. Output: text that `edit.load_text` reads back to an equal tree; secrets carry `## SECRET-DATA`.
"""

from collections.abc import Iterator

from murenger.lab.junos.schema import Kind
from murenger.lab.junos.tokens import quote
from murenger.lab.junos.tree import Node

STEP = "    "


def render(root: Node) -> str:
    """Return a whole configuration as text, LF line ends, a newline at the end unless empty."""
    return "".join(f"{line}\n" for child in root.ordered() for line in statement(child))


def statement(node: Node) -> Iterator[str]:
    """Yield the lines of one statement, without outer indentation."""
    yield from node.comments
    mark = "inactive: " if node.inactive else ""
    if node.rule.kind is not Kind.BLOCK:
        yield f"{mark}{leaf(node)}"
        return
    below = node.ordered()
    if not below:
        yield f"{mark}{node.label};"
    elif _fits_on_one_line(node, below):
        yield f"{mark}{node.label} {next(statement(below[0]))}"
    else:
        yield f"{mark}{node.label} {{"
        for child in below:
            yield from (f"{STEP}{line}" for line in statement(child))
        yield "}"


def leaf(node: Node) -> str:
    """Return a leaf or a list of values as one line."""
    values = [quote(value, always=node.rule.secret) for value in node.values]
    text = values[0] if len(values) == 1 else f"[ {' '.join(values)} ]"
    return f"{node.label} {text};{' ## SECRET-DATA' if node.rule.secret else ''}"


def _fits_on_one_line(node: Node, below: tuple[Node, ...]) -> bool:
    only = below[0]
    return node.rule.inline and len(below) == 1 and not (only.children or only.inactive or only.comments)
