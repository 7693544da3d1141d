"""Editing lines (`set`, `delete`, `insert` and the like): how they change a tree, and a tree as such lines.

Input: lines from the console or of a load with action `set`. Output: the tree changed in place, or a `JunosError`;
and text that `apply_lines` turns an empty tree into an equal one with.
"""

import dataclasses
from collections.abc import Iterator

from murenger.lab.junos.edit import insert, locate, place, remove
from murenger.lab.junos.errors import Complaint, JunosError, syntax_error
from murenger.lab.junos.schema import Kind
from murenger.lab.junos.tokens import Kind as TokenKind
from murenger.lab.junos.tokens import Token, quote, tokenize
from murenger.lab.junos.tree import Node, prune

EDITS = frozenset({"set", "delete", "insert", "rename", "copy", "activate", "deactivate", "annotate"})


def apply_lines(tree: Node, text: str) -> None:
    """Apply editing lines to a tree, as `load set` does.

    Args:
        tree: the configuration to change.
        text: one command a line; empty lines and `#` comments count for nothing.

    Raises:
        JunosError: a line was refused, and which; the tree's state is then undefined.
    """
    for number, line in enumerate(text.split("\n"), start=1):
        tokens = [token for token in tokenize(line) if token.kind is not TokenKind.COMMENT]
        if not tokens:
            continue
        try:
            apply_line(tree, tokens)
        except JunosError as refused:
            complaints = (dataclasses.replace(complaint, line=number) for complaint in refused.complaints)
            raise JunosError(*complaints) from refused


def apply_line(tree: Node, tokens: list[Token]) -> None:
    """Apply one editing line to a tree.

    Args:
        tree: the configuration to change.
        tokens: the line, verb first.

    Raises:
        JunosError: it was refused; the tree's state is then undefined.
    """
    verb, words = tokens[0].text, tokens[1:]
    if tokens[0].kind is not TokenKind.WORD or verb not in EDITS:
        raise syntax_error(verb, (), "unknown command")
    if not words:
        raise syntax_error(verb, (), "missing argument")
    if mark := next((token for token in words if token.kind is TokenKind.MARK and token.text in "{};"), None):
        raise syntax_error(mark.text, ())
    match verb:
        case "set":
            place((tree,), words)
        case "delete":
            remove((tree,), words)
        case "activate" | "deactivate":
            _found(tree, words)[-1].inactive = verb == "deactivate"
        case "insert":
            _insert(tree, words)
        case "rename" | "copy":
            _rename(tree, words, keep=verb == "copy")
        case _:
            _annotate(tree, words)
    prune(tree)


def _found(tree: Node, words: list[Token]) -> tuple[Node, ...]:
    found = locate((tree,), words)
    if found is None:
        raise JunosError(Complaint(message="statement not found", bad_element=words[-1].text))
    return found


def _insert(tree: Node, words: list[Token]) -> None:
    for side in ("before", "after"):
        places = [place for place, token in enumerate(words) if token.text == side]
        if places:
            insert((tree,), words[: places[-1]], target=words[places[-1] + 1 :], after=side == "after")
            return
    raise syntax_error(words[-1].text, (), "missing argument: before or after")


def _rename(tree: Node, words: list[Token], *, keep: bool) -> None:
    places = [place for place, token in enumerate(words) if token.text == "to"]
    if not places:
        raise syntax_error(words[-1].text, (), "missing argument: to")
    found = _found(tree, words[: places[-1]])
    parent, node = found[-2], found[-1]
    name = node.rule.match(words[places[-1] + 1 :])
    if name is None or name in parent.children:
        raise syntax_error(words[-1].text, ())
    if keep:
        twin = node.copy()
        twin.words = name
        parent.children[name] = twin
        return
    node.words = name
    parent.children = {child.words: child for child in parent.children.values()}


def _annotate(tree: Node, words: list[Token]) -> None:
    """Put a comment above a statement of the level where the command stands, which here is the top."""
    comment = words[-1]
    if len(words) < 2 or comment.kind is not TokenKind.STRING:  # noqa: PLR2004 - a statement and its comment
        raise syntax_error(comment.text, (), "missing argument: comment in quotes")
    found = _found(tree, words[:-1])
    if len(found) != 2:  # noqa: PLR2004 - the root and one statement
        raise syntax_error(words[-2].text, ())
    text = comment.text
    found[-1].comments = () if not text else (text if text.startswith(("#", "/*")) else f"/* {text} */",)


def render_set(root: Node) -> str:
    """Return a whole configuration as `set` lines, LF line ends; comments have no such form."""
    return "".join(f"{line}\n" for child in root.ordered() for line in _lines("", child))


def _lines(path: str, node: Node) -> Iterator[str]:
    name = f"{path} {node.label}"
    if node.rule.kind is not Kind.BLOCK:
        # The device writes one line for each value.
        yield from (f"set{name} {quote(value, always=node.rule.secret)}" for value in node.values)
    else:
        below = node.ordered()
        if not below:
            yield f"set{name}"
        for child in below:
            yield from _lines(name, child)
    if node.inactive:
        yield f"deactivate{name}"
