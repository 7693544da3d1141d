"""Enters configuration lines into a tree, one at a time, as the device's own configuration modes do.

Input: command lines, indentation irrelevant. Output: a changed tree; or a refusal in the vendor's words, with the tree
as it was before that line.
"""

import dataclasses
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from murenger.lab.eos import grammar, patterns, tree
from murenger.lab.eos.grammar import Kind, Rule
from murenger.lab.eos.passwords import encrypt_7, new_salt, sha512_crypt
from murenger.lab.eos.tokens import Words

HEREDOC_END = "EOF"
_STEP = 10


class RefusedError(Exception):
    """A command the device does not accept.

    Attributes:
        messages: the vendor's lines, without a leading `%`.
        is_syntax: whether no command looks like that; otherwise the command was understood but could not be done.
    """

    def __init__(self, message: str, *, is_syntax: bool = False) -> None:
        super().__init__(message)
        self.messages = (message,)
        self.is_syntax = is_syntax


def syntax_error(words: Words, trail: patterns.Trail) -> RefusedError:
    """Return the vendor's complaint about a line that stopped making sense.

    Args:
        words: the line.
        trail: how far it made sense.
    """
    if trail.furthest < len(words):
        return RefusedError(
            f"Invalid input (at token {trail.furthest}: '{words[trail.furthest]}')",
            is_syntax=True,
        )
    last = len(words) - 1
    return RefusedError(f"Incomplete command (at token {last}: '{words[last]}')", is_syntax=True)


@dataclasses.dataclass(frozen=True, slots=True)
class _Command:
    words: Words
    negated: bool
    free_text: str | None


# What trying one rule gave: None where the line is not this rule's, else the section that it opened, if any.
_Opened: TypeAlias = tuple[tree.Node, ...] | None


class Editor:
    """A configuration session's cursor: the tree and the modes that are open in it.

    Attributes:
        root: the configuration that is changed in place.
    """

    def __init__(self, root: tree.Node) -> None:
        self.root = root
        self._open: list[tree.Node] = [root]

    @property
    def depth(self) -> int:
        """Return how many modes are open above the global one."""
        return len(self._open) - 1

    def leave(self) -> None:
        """Close the innermost mode, but never the global one."""
        if self.depth:
            self._open.pop()

    def enter(self, line: str, free_text: str | None = None) -> None:
        """Enter one line, looked up in the innermost mode first and then in the modes around it.

        Args:
            line: one command, with or without indentation.
            free_text: the body of a banner or comment, without its EOF line.

        Raises:
            RefusedError: no open mode knows the line, or what it asks for cannot be done.
        """
        words = Words(line)
        if words.text in {"comment", "no comment"}:
            self._comment(words.text, free_text)
            return
        negated = len(words) > 1 and words[0] in {"no", "default"}
        is_default = negated and words[0] == "default"
        command = _Command(words.after(1) if negated else words, negated, free_text)
        trail = patterns.Trail()
        for depth in range(self.depth, -1, -1):
            if self._try_mode(depth, command, trail, is_default=is_default):
                return
        trail.furthest += negated
        raise syntax_error(words, trail)

    def _comment(self, line: str, free_text: str | None) -> None:
        if not self.depth:
            raise RefusedError(f"Invalid input (at token 0: '{Words(line)[0]}')", is_syntax=True)
        text = (free_text or "") if line == "comment" else ""
        self._open[-1].comment = tuple(part for part in text.splitlines() if part and part != HEREDOC_END)

    def _try_mode(self, depth: int, command: _Command, trail: patterns.Trail, *, is_default: bool) -> bool:
        node = self._open[depth]
        for rule in grammar.MODES[node.mode]:
            if command.negated:
                opened = self._negate(node, rule, command, trail, is_default=is_default)
            else:
                opened = self._assert(node, rule, command, trail)
            if opened is not None:
                # A line that belongs to an outer mode closes the modes inside it.
                self._open[depth + 1 :] = opened
                return True
        return False

    def _assert(self, node: tree.Node, rule: Rule, command: _Command, trail: patterns.Trail) -> _Opened:
        first = patterns.first_word(rule.pattern)
        found = None
        if first is None or first == command.words[0]:
            found = patterns.match(rule.pattern, command.words, trail)
        if found is None:
            return None
        if rule.kind is Kind.SECTION:
            return (_section(node, rule, found.line),)
        if rule.kind is Kind.ACTION:
            _resequence(node, found.captures)
        elif rule.kind is Kind.ENTRY:
            _insert(node, rule, found)
        elif rule.kind is Kind.INVERSE:
            node.children.pop(rule.key, None)
        elif rule.kind is Kind.HEREDOC:
            _store(node, rule, rule.key, found.line, _body(command.free_text))
        else:
            line, key = _settled(rule, found)
            _store(node, rule, key, line)
        return ()

    def _negate(
        self, node: tree.Node, rule: Rule, command: _Command, trail: patterns.Trail, *, is_default: bool
    ) -> _Opened:
        if rule.kind is Kind.ACTION:
            return None
        if rule.kind is Kind.ENTRY:
            return _remove_entry(node, rule, command.words, trail)
        slot = _slot_of(rule, command.words, trail)
        if slot is None:
            return None
        if rule.kind is Kind.INVERSE and not is_default:
            _store(node, rule, rule.key, f"no {rule.key}")
        elif slot in grammar.PERMANENT:
            node.children[slot].children.clear()
            node.children[slot].comment = ()
        else:
            node.children.pop(slot, None)
        return ()


def _section(node: tree.Node, rule: Rule, line: str) -> tree.Node:
    kinds = ("ip access-list standard ", "ip access-list ")
    for kind in kinds:
        other = kind + line.removeprefix(kinds[1]).removeprefix("standard ")
        if line.startswith(kinds[1]) and other != line and other in node.children:
            raise RefusedError("Error: An access list of that name exists with another type")
    if line not in node.children:
        node.children[line] = tree.Node(line=line, mode=rule.opens, rank=tree.rank_of(node.mode, rule))
    return node.children[line]


def _slot_of(rule: Rule, words: Words, trail: patterns.Trail) -> str | None:
    """Return the slot that a negated line means; None where it does not mean this rule."""
    first = patterns.first_word(rule.pattern)
    if first is not None and first != words[0]:
        return None
    full = patterns.match(rule.pattern, words, trail)
    if full is not None:
        return rule.key.format(**full.captures) if rule.key else full.line
    if rule.negate:
        shorter = patterns.match(rule.negate, words, trail)
        return rule.key.format(**shorter.captures) if shorter is not None else None
    if not rule.key or not len(words):
        return None
    captures = patterns.match_start(rule.pattern, words)
    try:
        slot = rule.key.format(**captures)
    except KeyError:
        return None
    return slot if slot == words.text else None


def _settled(rule: Rule, found: patterns.Match) -> tuple[str, str]:
    """Return the line as stored, clear secrets encoded, and its slot."""
    line, captures = found.line, dict(found.captures)
    clear = captures.get("clear")
    if clear is not None:
        hashed = rule.key.startswith(("username", "enable", "aaa root"))
        captures["stored"] = f"sha512 {sha512_crypt(clear, new_salt())}" if hashed else f"7 {encrypt_7(clear)}"
        line = line.removesuffix(clear).removesuffix("0 ") + captures["stored"]
    if rule.spelling:
        line = rule.spelling.format(**captures)
    return line, rule.key.format(**captures) if rule.key else line


def _store(node: tree.Node, rule: Rule, key: str, line: str, free_text: str | None = None) -> None:
    if node.children.get(key) is not None and node.children[key].line == line and free_text is None:
        return
    node.children[key] = tree.Node(line=line, rank=tree.rank_of(node.mode, rule), free_text=free_text)


def _body(free_text: str | None) -> str:
    if free_text is None:
        raise RefusedError("Incomplete command: a banner needs its text and EOF")
    lines = free_text.splitlines()
    if lines and lines[-1] == HEREDOC_END:
        lines.pop()
    return "\n".join(lines)


def entries(node: tree.Node) -> list[tuple[int, tree.Node]]:
    """Return the numbered entries of an access list in order of evaluation."""
    return sorted((int(key), child) for key, child in node.children.items() if key.isdigit())


def _insert(node: tree.Node, rule: Rule, found: patterns.Match) -> None:
    number = found.captures.get("seq")
    text = found.line.removeprefix(f"{number} ") if number else found.line
    if number is None:
        if any(entry.line == text for _number, entry in entries(node)):
            return
        last = max((present for present, _entry in entries(node)), default=0)
        number = str(last // _STEP * _STEP + _STEP)
    elif number in node.children and node.children[number].line != text:
        raise RefusedError("Error: Duplicate sequence number")
    node.children[number] = tree.Node(line=text, rank=tree.rank_of(node.mode, rule))


def _remove_entry(node: tree.Node, rule: Rule, words: Words, trail: patterns.Trail) -> _Opened:
    if len(words) == 1 and words[0].isdigit():
        node.children.pop(words[0], None)
        return ()
    found = patterns.match(rule.pattern, words, trail)
    if found is None:
        return None
    number = found.captures.get("seq")
    text = found.line.removeprefix(f"{number} ") if number else found.line
    for present, entry in entries(node):
        if entry.line == text and number in {None, str(present)}:
            del node.children[str(present)]
            break
    return ()


def _resequence(node: tree.Node, captures: patterns.Captures) -> None:
    start, step = int(captures.get("start", _STEP)), int(captures.get("step", _STEP))
    ordered = [entry for _number, entry in entries(node)]
    for key in [key for key in node.children if key.isdigit()]:
        del node.children[key]
    for place, entry in enumerate(ordered):
        node.children[str(start + place * step)] = entry


def commands(lines: Iterable[str]) -> Iterator[tuple[str, str | None]]:
    """Turn configuration text into commands, as the device reads a file.

    Args:
        lines: text lines; `!` lines are skipped, `!!` lines are mode comments, banners end at EOF.

    Yields:
        One command and, for banners and comments, its free text.
    """
    stream = iter(lines)
    remarks: list[str] = []
    for raw in stream:
        line = raw.strip()
        if line.startswith("!!"):
            remarks.append(line.lstrip("! "))
            continue
        if remarks:
            yield "comment", "\n".join(remarks)
            remarks = []
        if line in {"banner login", "banner motd", "comment"}:
            yield line, "\n".join(_until_end(stream))
        elif line and not line.startswith("!"):
            yield line, None
    if remarks:
        yield "comment", "\n".join(remarks)


def _until_end(stream: Iterator[str]) -> Iterator[str]:
    for raw in stream:
        if raw.rstrip("\r\n") == HEREDOC_END:
            return
        yield raw.rstrip("\r\n")


def load(text: str) -> tree.Node:
    """Read a whole configuration, as the device does at boot.

    Args:
        text: a configuration as `render` prints it, or written by hand.

    Returns:
        The configuration it describes, over factory defaults.

    Raises:
        RefusedError: a line is not known.
    """
    root = tree.clean()
    editor = Editor(root)
    for line, free_text in commands(text.splitlines()):
        if line == "end":
            break
        if line == "exit":
            editor.leave()
        else:
            editor.enter(line, free_text)
    return root
