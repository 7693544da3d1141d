"""PAN-OS configurations as `set` commands.

Input: what a firewall prints with `set cli config-output-format set`. Output: the XML tree that it stands for, with the
lines of the commands.
"""

from murenger.adapters.parsers.fwshift.library import panos_xml
from murenger.adapters.parsers.fwshift.xml_tree import Node, read_xml


def from_set(text: str) -> Node:
    """Return the tree that `set` commands make.

    The lines of single elements are not known: each element stands on the line where its name is first given.

    Raises:
        ParseError: it is no such text.
    """
    root = read_xml(panos_xml(text))
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        for word in line.replace('"', " ").split():
            lines.setdefault(word, number)
    _place(root, lines, 1)
    return root


def _place(node: Node, lines: dict[str, int], above: int) -> None:
    node.line = node.end = lines.get(node.name.split(" ")[0], above) if node.name else above
    for child in node.children:
        _place(child, lines, node.line)
