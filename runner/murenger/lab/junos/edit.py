"""Changes a configuration tree the way the device's management daemon does: curly text and console lines.

Input: a tree and text. Output: the tree changed in place, or a `JunosError`; callers work on a copy so that an error
leaves nothing behind.
"""

from collections.abc import Iterator
from typing import TypeAlias

from murenger.lab.junos.errors import Complaint, JunosError, edit_path, syntax_error
from murenger.lab.junos.schema import Kind, find
from murenger.lab.junos.tokens import Kind as TokenKind
from murenger.lab.junos.tokens import Token, tokenize
from murenger.lab.junos.tree import Node, Words, prune, reorder, rules_below

TAGS = frozenset({"inactive:", "active:", "replace:", "delete:"})
Trail: TypeAlias = tuple[Node, ...]
# Groups may hold groups; without a limit a hostile text would exhaust the interpreter's stack.
DEPTH = 40


def load_text(root: Node, text: str, *, honour_replace: bool) -> None:
    """Load curly configuration text into a tree.

    Args:
        root: the configuration to change; its state after an error is undefined.
        text: configuration in curly text form.
        honour_replace: obey `replace:` tags (load replace); a plain merge ignores them.

    Raises:
        JunosError: the text does not follow the grammar.
    """
    _Loader(tokenize(text), honour_replace=honour_replace).load((root,))
    prune(root)


def path_of(trail: Trail) -> tuple[str, ...]:
    """Return the labels of the statements in a trail, without the root."""
    return tuple(node.label for node in trail[1:])


def place(trail: Trail, words: list[Token]) -> Trail:
    """Set one statement, creating what leads to it.

    Args:
        trail: the statements that enclose it, root first.
        words: the statement's words; several leaves of one block may follow one another.

    Returns:
        The trail to the last statement that was set.

    Raises:
        JunosError: a word that the grammar does not allow there.
    """
    remaining = list(words)
    while remaining:
        parent = trail[-1]
        found = find(rules_below(parent.rule), remaining)
        if found is None:
            raise syntax_error(remaining[0].text, path_of(trail))
        rule, taken = found
        if len(trail) > DEPTH:
            raise syntax_error(taken[0], path_of(trail[:3]), "configuration is nested too deeply")
        del remaining[: len(taken)]
        node = _child(parent, rule_words=taken, make=Node(rule, taken))
        if rule.kind is Kind.BLOCK:
            trail = (*trail, node)
            if not rules_below(rule) and remaining:
                # A flag is complete; what follows belongs to its block.
                trail = trail[:-1]
            continue
        _take_value((*trail, node), remaining)
        if not remaining:
            return (*trail, node)
    return trail


def _child(parent: Node, *, rule_words: Words, make: Node) -> Node:
    if make.rule.choice:
        rivals = [
            words
            for words, node in parent.children.items()
            if node.rule.choice == make.rule.choice and words != rule_words
        ]
        for words in rivals:
            del parent.children[words]
    return parent.children.setdefault(rule_words, make)


def _take_value(trail: Trail, remaining: list[Token]) -> None:
    node = trail[-1]
    if not remaining:
        raise syntax_error(node.words[-1], path_of(trail[:-1]), "missing argument")
    values = _bracketed(remaining) if remaining[0].is_mark("[") else [remaining.pop(0)]
    if node.rule.kind is Kind.LEAF and len(values) != 1:
        raise syntax_error("[", path_of(trail[:-1]))
    for token in values:
        if token.kind is TokenKind.MARK or (node.rule.value and not node.rule.value.accepts(token.text)):
            raise syntax_error(token.text, path_of(trail[:-1]), f"invalid value '{token.text}'")
    texts = tuple(token.text for token in values)
    if node.rule.kind is Kind.LEAF:
        node.values = texts
    else:
        node.values = tuple(dict.fromkeys((*node.values, *texts)))


def _bracketed(remaining: list[Token]) -> list[Token]:
    remaining.pop(0)
    values: list[Token] = []
    while remaining and not remaining[0].is_mark("]"):
        values.append(remaining.pop(0))
    if not remaining or not values:
        raise syntax_error("[", ())
    remaining.pop(0)
    return values


class _Loader:
    """Reads one curly text; each method consumes tokens."""

    def __init__(self, tokens: Iterator[Token], *, honour_replace: bool) -> None:
        self._tokens = tokens
        self._honour_replace = honour_replace

    def load(self, trail: Trail) -> None:
        """Load statements until the text or the enclosing block ends."""
        comments: tuple[str, ...] = ()
        words: list[Token] = []
        for token in self._tokens:
            if token.kind is TokenKind.COMMENT:
                comments = (*comments, token.text) if not words else comments
            elif token.is_mark(";"):
                self._statement(trail, words, comments, block=False)
                words, comments = [], ()
            elif token.is_mark("{"):
                self._statement(trail, words, comments, block=True)
                words, comments = [], ()
            elif token.is_mark("}"):
                if words or len(trail) == 1:
                    raise syntax_error("}", path_of(trail))
                return
            else:
                words.append(token)
        if words:
            raise syntax_error(words[0].text, path_of(trail), "unexpected end of file")
        if len(trail) > 1:
            raise syntax_error("}", path_of(trail), "unexpected end of file, missing closing brace")

    def _statement(self, trail: Trail, words: list[Token], comments: tuple[str, ...], *, block: bool) -> None:
        tags: list[str] = []
        while words and words[0].kind is TokenKind.WORD and words[0].text in TAGS:
            tags.append(words.pop(0).text)
        if not words:
            raise syntax_error("{" if block else ";", path_of(trail))
        if "delete:" in tags:
            if block:
                raise syntax_error("{", path_of(trail))
            remove(trail, words)
            return
        reached = self._set(trail, words, tags)
        node = reached[-1]
        node.comments = comments or node.comments
        if "inactive:" in tags or "active:" in tags:
            node.inactive = "inactive:" in tags
        if block:
            if not rules_below(node.rule):
                raise syntax_error("{", path_of(reached))
            self.load(reached)

    def _set(self, trail: Trail, words: list[Token], tags: list[str]) -> Trail:
        if "replace:" not in tags or not self._honour_replace:
            return place(trail, words)
        existing = locate(trail, words)
        if existing is not None:
            # The entry keeps its place among its siblings; only what it holds is replaced.
            existing[-1].children.clear()
            existing[-1].values = ()
            existing[-1].comments = ()
            existing[-1].inactive = False
        return place(trail, words)


def locate(trail: Trail, words: list[Token]) -> Trail | None:
    """Find a statement without creating it.

    Args:
        trail: where to start.
        words: the statement's words; values of a leaf are ignored.

    Returns:
        The trail to it, or None when it does not exist.

    Raises:
        JunosError: a word that the grammar does not allow there.
    """
    remaining = list(words)
    while remaining:
        found = find(rules_below(trail[-1].rule), remaining)
        if found is None:
            raise syntax_error(remaining[0].text, path_of(trail))
        rule, taken = found
        node = trail[-1].children.get(taken)
        if node is None:
            return None
        trail = (*trail, node)
        del remaining[: len(taken)]
        if rule.kind is not Kind.BLOCK:
            return trail
    return trail


def remove(trail: Trail, words: list[Token]) -> None:
    """Delete a statement, or one value of a leaf-list.

    Args:
        trail: the statements that enclose it.
        words: the statement's words.

    Raises:
        JunosError: no such statement, or a word that the grammar does not allow.
    """
    found = locate(trail, words)
    if found is None:
        missing = " ".join(token.text for token in words)
        raise JunosError(
            Complaint(
                message="statement not found", path=edit_path(path_of(trail)), bad_element=missing, severity="warning"
            )
        )
    node = found[-1]
    used = sum(len(step.words) for step in found[len(trail) :])
    extra = [token.text for token in words[used:] if token.kind is not TokenKind.MARK]
    if node.rule.kind is Kind.VALUES and extra:
        if any(value not in node.values for value in extra):
            raise JunosError(Complaint(message="statement not found", bad_element=extra[0], severity="warning"))
        node.values = tuple(value for value in node.values if value not in extra)
        return
    del found[-2].children[node.words]


def insert(trail: Trail, words: list[Token], *, target: list[Token], after: bool) -> None:
    """Move a list entry in front of or behind a sibling.

    Args:
        trail: where the path starts.
        words: path to the entry that moves.
        target: the sibling's own words, such as `policy web`.
        after: behind rather than in front.

    Raises:
        JunosError: no such entry, or one whose order the device decides itself.
    """
    found = locate(trail, words)
    if found is None or found[-1].rule.sorted or not found[-1].rule.is_list:
        raise JunosError(Complaint(message="statement not found", bad_element=" ".join(token.text for token in words)))
    parent, moved = found[-2], found[-1].words
    beside = tuple(token.text for token in target)
    sibling = parent.children.get(beside)
    if sibling is None or sibling.rule is not found[-1].rule or beside == moved:
        raise JunosError(Complaint(message="statement not found", bad_element=" ".join(beside)))
    reorder(parent, moved, target=beside, after=after)
