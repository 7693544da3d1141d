"""Management sections: the parts of a configuration that decide who may manage the device over the network.

Input: two texts of one device, for a platform whose rule model does not hold what is for the device itself. Output:
what differs in those parts; a rule list among it is named, so that packets can be held against it.
"""

import dataclasses
import re
from collections.abc import Iterator

from murenger.dialects.definition import Dialect, ManagementName, Patterns, compiled
from murenger.dialects.reading import parse
from murenger.dialects.tree import Node, Tree, render_node

_Path = tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ManagementChange:
    """A management section that is not the same in two texts.

    Attributes:
        path: the section, level by level.
        rule_list: the name of the list if the section is a rule list that both texts hold, else "".
    """

    path: _Path
    rule_list: str = ""


def management_changes(
    before: str, after: str, dialect: Dialect, interface: str = ""
) -> tuple[tuple[ManagementChange, ...], int]:
    """Return the management sections that differ, and how many there are.

    Remarks and descriptions do not count.

    Args:
        before: text of the configuration as it is.
        after: text as it is to be.
        dialect: the platform of both.
        interface: the interface that management comes in by, or "" if nobody told us.

    Raises:
        ParseError: a text is no configuration of the platform.
    """
    if not dialect.management:
        return (), 0
    sides = [_Sections(parse(text, dialect), dialect, interface).found for text in (before, after)]
    names = dict.fromkeys((*sides[0], *sides[1]))
    changes: list[ManagementChange] = []
    for path in names:
        mine, its = (side.get(path) for side in sides)
        if mine is None or its is None:
            changes.append(ManagementChange(path=path))
        elif mine.text != its.text:
            changes.append(ManagementChange(path=path, rule_list=its.rule_list))
    return tuple(changes), len(names)


@dataclasses.dataclass(frozen=True, slots=True)
class _Section:
    text: str
    rule_list: str = ""


class _Sections:
    """The management sections of one text, and those that they name."""

    def __init__(self, tree: Tree, dialect: Dialect, interface: str) -> None:
        self._tree, self._dialect = tree, dialect
        self.found: dict[_Path, _Section] = {}
        self._seen: set[tuple[ManagementName, str]] = set()
        for one in dialect.management:
            self._take(one)
        if interface:
            self._take(_filled(dialect.management_interface, interface))
        else:
            self._take_bindings(compiled(*(re.sub(r"\{.*", "", part) for part in dialect.management_interface)))

    def _take(self, patterns: Patterns, rule_list: str = "") -> None:
        for path, node in _selected(self._tree.nodes, patterns, (), self._dialect):
            if path not in self.found:
                text = "\n".join(_lines(node, path[:-1], self._dialect))
                self.found[path] = _Section(text, rule_list)
                self._follow(node, (), rule_list)

    def _follow(self, node: Node, words: _Path, rule_list: str) -> None:
        """Take what a section names."""
        words = (*words, self._dialect.bare(node.line))
        for one, name in self._named(node, words):
            if (one, name) not in self._seen:
                self._seen.add((one, name))
                for section in one.sections:
                    self._take(_filled(section, name), name if one.is_rule_list else rule_list)
        for child in node.children:
            self._follow(child, words, rule_list)

    def _named(self, node: Node, words: _Path) -> Iterator[tuple[ManagementName, str]]:
        if not node.children:
            for one in self._dialect.management_names:
                said = one.line.search(" ".join(words))
                if said is not None:
                    yield one, said["name"]

    def _take_bindings(self, patterns: Patterns) -> None:
        """Take the rule lists of every interface, and where they stand, as nobody told us which interface is ours."""
        for path, node in _selected(self._tree.nodes, patterns, (), self._dialect):
            self._bindings(node, path, (self._dialect.bare(node.line),))

    def _bindings(self, node: Node, path: _Path, words: _Path) -> None:
        for child in node.children:
            below, said = (*path, child.line), (*words, self._dialect.bare(child.line))
            if any(one.is_rule_list for one, _ in self._named(child, said)):
                self.found.setdefault(below, _Section(child.line))
                self._follow(child, said[:-1], "")
            self._bindings(child, below, said)


def _selected(nodes: tuple[Node, ...], patterns: Patterns, path: _Path, dialect: Dialect) -> list[tuple[_Path, Node]]:
    found: list[tuple[_Path, Node]] = []
    for node in nodes:
        if patterns[0].match(dialect.bare(node.line)):
            here = (*path, node.line)
            if len(patterns) == 1:
                found.append((here, node))
            else:
                found += _selected(node.children, patterns[1:], here, dialect)
    return found


def _lines(node: Node, path: _Path, dialect: Dialect) -> list[str]:
    if dialect.is_inert((*path, node.line)):
        return []
    if not node.children:
        return [render_node(node, dialect, len(path))]
    head = dialect.indent * len(path) + node.line
    below = [line for child in node.children for line in _lines(child, (*path, node.line), dialect)]
    return [head, *below]


def _filled(section: tuple[str, ...], name: str) -> Patterns:
    base = re.escape(name.partition(".")[0])
    return compiled(*(part.replace("{name}", re.escape(name)).replace("{base}", base) for part in section))
