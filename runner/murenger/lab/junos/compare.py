"""Prints the difference of two configurations as `show | compare` does.

Input: two trees. Output: text with `[edit ...]` banners and lines that begin with `+`, `-` or `!` (moved or toggled).
"""

from collections.abc import Iterator

from murenger.lab.junos.errors import edit_path
from murenger.lab.junos.render import statement
from murenger.lab.junos.schema import Kind
from murenger.lab.junos.tree import Node, Words


def compare(old: Node, new: Node) -> str:
    """Return what would change, as seen from `old`.

    Args:
        old: the configuration compared with (committed, or a rollback).
        new: the candidate.

    Returns:
        The text, beginning with a newline; only a newline when both print alike.
    """
    return "\n" + "".join(f"{line}\n" for line in _level(old, new, ()))


def _level(old: Node, new: Node, path: tuple[str, ...]) -> Iterator[str]:
    pad = " " * (len(path) + 1)
    direct = list(_direct(old, new, pad))
    if direct:
        yield edit_path(path)
        yield from direct
    for child in new.ordered():
        before = old.children.get(child.words)
        if before is not None and child.rule.kind is Kind.BLOCK:
            yield from _level(before, child, (*path, child.label))


def _direct(old: Node, new: Node, pad: str) -> Iterator[str]:
    moved = _moved(old, new)
    for before in old.ordered():
        if before.words not in new.children:
            yield from _signed("-", pad, before)
    previous: Node | None = None
    entries = new.ordered()
    for place, child in enumerate(entries):
        before_or_none = old.children.get(child.words)
        if before_or_none is None:
            in_the_middle = any(
                other.rule is child.rule and other.words in old.children for other in entries[place + 1 :]
            )
            if previous is not None and previous.rule is child.rule and in_the_middle and child.rule.is_list:
                yield f" {pad} {_folded(previous)}"
            yield from _signed("+", pad, child)
        else:
            if child.words in moved:
                yield f"!{pad} {_folded(child)}"
            yield from _changed(before_or_none, child, pad)
        previous = child


def _changed(before: Node, child: Node, pad: str) -> Iterator[str]:
    if before.comments != child.comments:
        yield from (f"-{pad}{comment}" for comment in before.comments)
        yield from (f"+{pad}{comment}" for comment in child.comments)
    if child.rule.kind is not Kind.BLOCK and before.values != child.values:
        yield from (f"-{pad}{line}" for line in list(statement(before))[-1:])
        yield from (f"+{pad}{line}" for line in list(statement(child))[-1:])
    elif before.inactive != child.inactive:
        yield f"!{pad} {'inactive' if child.inactive else 'active'}: {_folded(child)}"


def _signed(sign: str, pad: str, node: Node) -> Iterator[str]:
    return (f"{sign}{pad}{line}" for line in statement(node))


def _folded(node: Node) -> str:
    if node.rule.kind is not Kind.BLOCK:
        return list(statement(node))[-1].removeprefix("inactive: ")
    return f"{node.label} {{ ... }}" if node.children else f"{node.label};"


def _moved(old: Node, new: Node) -> frozenset[Words]:
    """Find entries whose order changed: an entry moved when it is not the next one left of the old order."""
    remaining = [child.words for child in old.ordered() if child.words in new.children]
    moved: set[Words] = set()
    for child in new.ordered():
        if child.words not in old.children:
            continue
        if remaining[0] != child.words:
            moved.add(child.words)
        remaining.remove(child.words)
    return frozenset(moved)
