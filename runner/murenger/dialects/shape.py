"""Canonical shape: what makes two equal configurations equal text, and facts about a configuration as a whole.

Input: a tree. Output: the tree without data and with sections in fixed order; its rule count; its sections.
"""

from murenger.dialects.definition import Dialect
from murenger.dialects.tree import Node, Tree


def canonical_tree(tree: Tree, dialect: Dialect) -> Tree:
    """Return a tree without the device's own data, foreign and own sections in one fixed order where order is free."""
    nodes = tuple(_without_data(node, dialect) for node in tree.nodes)
    return Tree(nodes=_in_fixed_order(nodes, dialect))


def merged(own: tuple[Node, ...], foreign: tuple[Node, ...], dialect: Dialect) -> Tree:
    """Return a tree of own and foreign sections in their fixed order."""
    return Tree(nodes=_in_fixed_order((*own, *foreign), dialect))


def count_rules(tree: Tree, dialect: Dialect) -> int:
    """Return the number of items that stand in an order that has meaning."""
    total = 0
    items = None
    section: tuple[str, ...] | None = None
    for path, node in tree.walk():
        if path != section:
            section, items = path, dialect.ordered_items(path)
        if items and items.fullmatch(node.line):
            total += 1
    return total


def section_names(tree: Tree) -> tuple[str, ...]:
    """Return the headers of the top-level sections and statements, in order."""
    return tuple(node.line for node in tree.nodes)


def _in_fixed_order(nodes: tuple[Node, ...], dialect: Dialect) -> tuple[Node, ...]:
    # Adding a table again moves it to the end of a listing without any change of meaning.
    return tuple(sorted(nodes, key=lambda node: node.line)) if dialect.foreign_sections else nodes


def _without_data(node: Node, dialect: Dialect) -> Node:
    if not node.children:
        return node
    children = node.children
    for rule in dialect.ephemeral:
        if rule.section.fullmatch(node.line) and any(rule.when.fullmatch(child.line) for child in children):
            children = tuple(child for child in children if not rule.drop.fullmatch(child.line))
    children = tuple(_without_data(child, dialect) for child in children)
    if children == node.children:
        return node
    return Node(line=node.line, children=children, is_block=node.is_block, number=node.number)
