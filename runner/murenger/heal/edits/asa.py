"""Access lists of ASA: a strict simulation of what its commands do, and plans that use them.

Input: running configurations that differ in access lists and access groups only. Output: commands, with the
configuration after each that changes what decides packets. A command that is not known here is refused, and so is one
that the device would refuse or ignore.
"""

import dataclasses
import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from murenger.heal.edits.lists import refused
from murenger.heal.edits.made import SUFFIX, EditPlan, Method, Step, stepped
from murenger.semantics.ordered_edits import Operation, Run, ordered_edits

_ENTRY = r"(?P<text>(?:extended|standard|remark|webtype|ethertype) .*)"
_LINE = re.compile(rf"access-list (?P<name>\S+) (?:line (?P<line>\d+) )?{_ENTRY}")
_GONE = re.compile(rf"no access-list (?P<name>\S+) (?:line \d+ )?{_ENTRY}")
_CLEAR = re.compile(r"clear configure access-list (?P<name>\S+)")
_GROUP = re.compile(r"(?P<no>no )?access-group (?P<name>\S+) (?P<place>(?:in|out) interface \S+|global)")
_NOTHING = frozenset({"exit", "end", "!", ""})


@dataclasses.dataclass(slots=True)
class Asa:
    """A device's configuration while it is edited.

    Attributes:
        others: every line but access lists and access groups.
        lists: entries by list.
        groups: the list at each place, such as `in interface outside`.
    """

    others: tuple[str, ...]
    lists: dict[str, tuple[str, ...]]
    groups: dict[str, str]

    @staticmethod
    def read(text: str) -> "Asa":
        """Return what a running configuration says."""
        device = Asa((), {}, {})
        others: list[str] = []
        for line in text.splitlines():
            words = " ".join(line.split())
            entry, group = _LINE.fullmatch(words), _GROUP.fullmatch(words)
            if entry and not entry["line"] and not line.startswith(" "):
                device.lists[entry["name"]] = (*device.lists.get(entry["name"], ()), entry["text"])
            elif group and not group["no"] and not line.startswith(" "):
                device.groups[group["place"]] = group["name"]
            elif words not in {"!", ""}:
                others.append(line.rstrip())
        device.others = tuple(others)
        return device

    @property
    def text(self) -> str:
        """The configuration as it is now."""
        lines = [f"access-list {name} {entry}" for name, entries in self.lists.items() for entry in entries]
        groups = [f"access-group {name} {place}" for place, name in self.groups.items()]
        return "\n".join((*self.others, *lines, *groups)) + "\n"

    @property
    def deciding(self) -> tuple[object, ...]:
        """What decides packets, or may: everything but lists that nothing names."""
        named = {word for line in self.others for word in line.split()} | set(self.groups.values())
        used = tuple((name, entries) for name, entries in self.lists.items() if name in named)
        return used, tuple(self.groups.items())

    def user_of(self, name: str) -> str:
        """Return the line that names a list, access groups aside, or ""."""
        return next((line.strip() for line in self.others if name in line.split()), "")

    def run(self, command: str) -> None:
        """Do what a command does.

        Raises:
            GuardRefusedError: it is not known here, or the device would refuse or ignore it.
        """
        command = " ".join(command.split())
        if said := _LINE.fullmatch(command):
            self._insert(said["name"], int(said["line"] or 0), said["text"])
        elif said := _GONE.fullmatch(command):
            self._delete(said["name"], said["text"])
        elif said := _CLEAR.fullmatch(command):
            self._clear(said["name"])
        elif said := _GROUP.fullmatch(command):
            self._group(said["name"], said["place"], is_off=bool(said["no"]))
        elif command not in _NOTHING:
            raise refused(f"nobody here knows what the command {command!r} does")

    def _insert(self, name: str, line: int, text: str) -> None:
        entries = self.lists.get(name, ())
        if text in entries:
            raise refused(f"access-list {name}: {text!r} is there already, and the device would do nothing")
        if line > len(entries) + 1:
            raise refused(f"access-list {name} has no line {line}")
        place = line - 1 if line else len(entries)
        self.lists[name] = (*entries[:place], text, *entries[place:])

    def _delete(self, name: str, text: str) -> None:
        entries = self.lists.get(name, ())
        if text not in entries:
            raise refused(f"access-list {name}: there is no line {text!r}")
        if len(entries) == 1 and (name in self.groups.values() or self.user_of(name)):
            raise refused(f"access-list {name} would be empty while it is used")
        left = tuple(one for one in entries if one != text)
        if left:
            self.lists[name] = left
        else:
            del self.lists[name]

    def _clear(self, name: str) -> None:
        if name not in self.lists:
            raise refused(f"there is no access-list {name}")
        if name in self.groups.values() or self.user_of(name):
            raise refused(f"access-list {name} would vanish while it is used")
        del self.lists[name]

    def _group(self, name: str, place: str, *, is_off: bool) -> None:
        if is_off:
            if self.groups.get(place) != name:
                raise refused(f"access-list {name} is not bound {place}")
            del self.groups[place]
            return
        if name not in self.lists:
            raise refused(f"there is no access-list {name} to be bound")
        self.groups[place] = name


def simulate(text: str, commands: Iterable[str]) -> Iterator[Step]:
    """Return the configuration after each command that changes what decides packets, and at the end.

    Raises:
        GuardRefusedError: a command is not known, or the device would refuse or ignore it; the message names it.
    """
    return stepped(Asa.read(text), commands)


def plan(live: str, golden: str) -> EditPlan:
    """Return commands that make golden's access lists of live's.

    Raises:
        GuardRefusedError: they differ in something else, or a list is used in a way that forbids it; the message names
            it.
    """
    now, wanted = Asa.read(live), Asa.read(golden)
    if now.others != wanted.others:
        other = next(iter(set(now.others) ^ set(wanted.others)), "the order of lines")
        raise refused(f"{other.strip()!r} is not the same in live and golden, and only access lists are edited")
    commands: list[str] = []
    methods: dict[str, Method] = {}
    for name, entries in wanted.lists.items():
        before = now.lists.get(name, ())
        if before == entries:
            continue
        if len(set(entries)) < len(entries) or len(set(before)) < len(before):
            raise refused(f"access-list {name} holds a line twice")
        inserted = ordered(name, before, entries)
        if inserted is not None:
            methods[name] = Method.ORDERED
            commands += inserted
        else:
            methods[name] = Method.SHADOW
            commands += _shadowed(now, name, entries)
    commands += _regrouped(now.groups, wanted.groups)
    commands += [f"clear configure access-list {name}" for name in now.lists if name not in wanted.lists]
    return EditPlan(
        commands=tuple(commands), live=now.text, steps=tuple(simulate(live, commands)), methods=tuple(methods.items())
    )


def ordered(name: str, live: Sequence[str], golden: Sequence[str]) -> list[str] | None:
    """Return the ordered edits as commands, or None where an entry would have to stand there twice."""
    matcher = difflib.SequenceMatcher(None, golden, live, autojunk=False)
    runs = [Run(golden[a:b], live[c:d], tag == "equal") for tag, a, b, c, d in matcher.get_opcodes()]
    edits = ordered_edits(runs)
    if any(edit.operation is Operation.INSERT and edit.entry in live for edit in edits):
        return None
    return [
        f"access-list {name} line {edit.position + 1} {edit.entry}"
        if edit.operation is Operation.INSERT
        else f"no access-list {name} {edit.entry}"
        for edit in edits
    ]


def _shadowed(now: Asa, name: str, entries: Sequence[str]) -> list[str]:
    shadow = f"{name}{SUFFIX}"
    if shadow in now.text:
        raise refused(f"the name {shadow} is taken")
    if user := now.user_of(name):
        raise refused(f"cannot replace access-list {name}: {user!r} uses it")
    places = [place for place, bound in now.groups.items() if bound == name]
    return [
        *(f"access-list {shadow} {entry}" for entry in entries),
        *(f"access-group {shadow} {place}" for place in places),
        f"clear configure access-list {name}",
        *(f"access-list {name} {entry}" for entry in entries),
        *(f"access-group {name} {place}" for place in places),
        f"clear configure access-list {shadow}",
    ]


def _regrouped(live: Mapping[str, str], golden: Mapping[str, str]) -> Iterator[str]:
    for place, name in golden.items():
        if live.get(place) != name:
            yield f"access-group {name} {place}"
    for place, name in live.items():
        if place not in golden:
            yield f"no access-group {name} {place}"
