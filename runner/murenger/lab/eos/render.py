"""Prints a configuration in the device's own form: order, indentation, separators and `end`.

Input: a configuration tree. Output: the text that `show running-config` gives, whole, sanitized, or as a difference.
"""

import difflib
import re
from collections.abc import Callable, Iterator

from murenger.lab.eos import tree
from murenger.lab.eos.grammar import MODES, Kind
from murenger.lab.eos.passwords import decrypt_7, encrypt_7

_REMOVED = "<removed>"
_SECRETS = (
    re.compile(r"(?P<keep>(?:secret|password) sha512 )\S+"),
    re.compile(r"(?P<keep>^(?:radius|tacacs)-server .*?\b7 )\S+"),
    re.compile(r"(?P<keep>^neighbor \S+ password 7 )\S+"),
    re.compile(r"(?P<keep>^snmp-server community )\S+"),
    re.compile(r"(?P<keep>^snmp-server host \S+ version \S+ )\S+"),
)
_CLEAR = re.compile(
    r"(?P<keep>^(?:username|enable|aaa root|radius-server|tacacs-server|neighbor) (?:.* )?"
    r"(?:secret|password|key) (?:0 )?)"
    r"(?!0 |7 |sha512 )\S+$"
)
_TYPE_7 = re.compile(r"(^(?:radius|tacacs)-server .*?\b7 |^neighbor \S+ password 7 )(\S+)$")

Spelling = Callable[[str], str]


def as_stored(line: str) -> str:
    """Print a line as it is stored."""
    return line


def sanitized(line: str) -> str:
    """Print a line with its secret replaced, as `sanitized` does."""
    for secret in _SECRETS:
        line = secret.sub(rf"\g<keep>{_REMOVED}", line)
    return line


def without_secrets(command: str) -> str:
    """Return a command as it may be remembered: secrets replaced, whether encoded or clear."""
    return _CLEAR.sub(rf"\g<keep>{_REMOVED}", sanitized(command.strip()))


def resalted(prefix: str, salt: int | None = None) -> Spelling:
    """Return a spelling that writes type 7 secrets anew.

    Args:
        prefix: only lines that start so are written anew.
        salt: 0 to 15; None draws one for each line.
    """

    def spell(line: str) -> str:
        found = _TYPE_7.match(line) if line.startswith(prefix) else None
        return line if found is None else found[1] + encrypt_7(decrypt_7(found[2]), salt)

    return spell


def body(root: tree.Node, spell: Spelling = as_stored) -> list[str]:
    """Return the configuration's lines, from the first `!` separator to `end`."""
    lines: list[str] = []
    for block in _blocks(root, spell):
        lines += ["!", *block]
    return [*lines, "!", "end"]


def text(root: tree.Node, *, command: str, device: str, spell: Spelling = as_stored) -> str:
    """Return a configuration as a `show` command prints it.

    Args:
        root: the configuration.
        command: the command to name in the first line.
        device: the words of the `! device:` line.
        spell: how each line is printed.
    """
    header = [f"! Command: {command}", f"! device: {device}", "!", "! boot system flash:/vEOS-lab.swi"]
    return "\n".join([*header, *body(root, spell)]) + "\n"


def differences(running: tree.Node, candidate: tree.Node, *, session: str, spell: Spelling = as_stored) -> str:
    """Return what committing a candidate would change, as a unified difference; empty where nothing would."""
    lines = difflib.unified_diff(
        body(running, spell)[:-1],
        body(candidate, spell)[:-1],
        "system:/running-config",
        f"session:/{session}-session-config",
        lineterm="",
    )
    found = "\n".join(lines)
    return f"{found}\n" if found else ""


def _natural(slot: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", slot)]


def _ordered(node: tree.Node) -> Iterator[tuple[str, tree.Node]]:
    rules = MODES[node.mode]

    def place(item: tuple[str, tree.Node]) -> tuple[int, list[tuple[int, str]]]:
        slot, child = item
        rule = rules[child.rank]
        if rule.kind is Kind.ENTRY:
            return len(rules), _natural(slot)
        return child.rank, _natural(slot) if rule.sort else []

    yield from sorted(node.children.items(), key=place)


def _blocks(root: tree.Node, spell: Spelling) -> Iterator[list[str]]:
    """Yield what stands between `!` lines: one section, or neighbouring lines of one group."""
    rules = MODES["global"]
    shown: list[tuple[int, str, list[str]]] = []
    present = {child.rank for child in root.children.values()}
    for slot, child in _ordered(root):
        rule = rules[child.rank]
        alone = rule.kind in {Kind.SECTION, Kind.HEREDOC}
        group = slot if alone else rule.group or rule.key.split(" ")[0]
        shown.append((child.rank, group, list(_lines(slot, child, "", spell))))
    for rank, rule in enumerate(rules):
        if rule.absent and rank not in present:
            shown.append((rank, rule.key, [rule.absent]))
    shown.sort(key=lambda item: item[0])
    block: list[str] = []
    previous = ""
    for _rank, group, lines in shown:
        if block and group != previous:
            yield block
            block = []
        block += lines
        previous = group
    if block:
        yield block


def _lines(slot: str, node: tree.Node, indent: str, spell: Spelling) -> Iterator[str]:
    number = f"{slot} " if slot.isdigit() else ""
    yield f"{indent}{number}{spell(node.line)}"
    if node.free_text is not None:
        yield from [*node.free_text.split("\n"), "EOF"] if node.free_text else ["EOF"]
    inner = f"{indent}   "
    yield from (f"{inner}!! {part}" for part in node.comment)
    for below, child in _ordered(node) if node.mode else ():
        if child.mode:
            yield f"{inner}!"
        yield from _lines(below, child, inner, spell)
