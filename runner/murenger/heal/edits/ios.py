"""What the commands of IOS do to access lists and to where they are bound: a strict simulation on the text.

Input: a running configuration, configuration commands one by one. Output: the configuration after each. A command that
is not known here is refused, and so is one that the device would refuse or ignore: a plan must not rest on a guess.
"""

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from murenger.heal.edits.lists import AccessList, Entry, refused
from murenger.heal.edits.made import Step, stepped

Block = tuple[str, ...]
"""A top-level line and the indented lines below it."""
_BANNER = re.compile(r"banner \S+ (?P<end>\^C|\S)")
_NAMED = re.compile(r"ip access-list (?P<kind>extended|standard) (?P<name>\S+)")
_FLAT = re.compile(r"access-list (?P<name>\d+) (?P<text>(?:permit|deny|remark)\b.*)")
_ENTRY = re.compile(r"(?:(?P<number>\d+) )?(?P<text>(?:permit|deny|remark)\b.*)")
_GONE = re.compile(r"no (?:(?P<number>\d+)|(?P<text>(?:permit|deny|remark)\b.*))")
_BIND = re.compile(r"(?P<no>no )?ip access-group (?P<name>\S+) (?P<way>in|out)")
_STANDARD = (range(1, 100), range(1300, 2000))


class Ios:
    """A device's configuration while it is edited.

    Args:
        text: running configuration.

    Raises:
        GuardRefusedError: a list is written in a way that is not known here.
    """

    def __init__(self, text: str) -> None:
        self.blocks: list[Block | AccessList] = []
        for block in _blocks(text):
            self._read(block)
        self._inside = ""
        self._others: tuple[Block, ...] = ()
        self._words: frozenset[str] = frozenset()
        self._handlers: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], None]], ...] = (
            (_NAMED, self._enter_list),
            (re.compile(r"no ip access-list (?P<kind>extended|standard) (?P<name>\S+)"), self._remove_list),
            (re.compile(r"ip access-list resequence (?P<name>\S+) (?P<first>\d+) (?P<step>\d+)"), self._resequence),
            (_FLAT, self._append),
            # Whatever follows the number, IOS deletes all of the list.
            (re.compile(r"no access-list (?P<name>\d+)(?: .*)?"), self._remove_list),
            (re.compile(r"interface (?P<name>\S+)"), self._enter_interface),
            (re.compile(r"exit|end|!"), self._leave),
        )

    @property
    def text(self) -> str:
        """The configuration as it is now."""
        lines = [line for block in self.blocks for line in (block.lines() if isinstance(block, AccessList) else block)]
        return "\n".join(lines) + "\n"

    @property
    def lists(self) -> Mapping[str, AccessList]:
        """The lists by name."""
        return MappingProxyType({one.name: one for one in self.blocks if isinstance(one, AccessList)})

    @property
    def others(self) -> tuple[Block, ...]:
        """Everything but lists and their bindings."""
        return tuple(
            tuple(line for line in block if not _bound(block, line))
            for block in self.blocks
            if not isinstance(block, AccessList)
        )

    @property
    def bindings(self) -> Mapping[tuple[str, str], str]:
        """The name of the list at each interface and direction."""
        found: dict[tuple[str, str], str] = {}
        for block in self.blocks:
            if not isinstance(block, AccessList):
                for line in block:
                    said = _bound(block, line)
                    if said:
                        found[block[0].split()[1], said["way"]] = said["name"]
        return MappingProxyType(found)

    def unsafe_binding(self) -> str:
        """Return the name of a list that is bound and empty or undefined, or ""; such a list lets everything pass."""
        lists = self.lists
        return next((name for name in self.bindings.values() if name not in lists or not _rules(lists[name])), "")

    @property
    def deciding(self) -> tuple[Block | AccessList, ...]:
        """What decides packets, or may: everything but lists that nothing names."""
        others = tuple(one for one in self.blocks if not isinstance(one, AccessList))
        if others != self._others:
            self._others = others
            self._words = frozenset(word for block in others for line in block for word in line.split())
        return tuple(one for one in self.blocks if not isinstance(one, AccessList) or one.name in self._words)

    def run(self, command: str) -> None:
        """Do what a command does.

        Raises:
            GuardRefusedError: it is not known here, or the device would refuse or ignore it.
        """
        command = " ".join(command.split())
        if self._inside in self.lists and self._edit(self.lists[self._inside], command):
            return
        if self._inside.startswith("interface ") and self._bind(command):
            return
        for pattern, handler in self._handlers:
            said = pattern.fullmatch(command)
            if said:
                handler(said)
                return
        raise refused(f"nobody here knows what the command {command!r} does")

    def _read(self, block: Block) -> None:
        named, flat = _NAMED.fullmatch(" ".join(block[0].split())), _FLAT.fullmatch(" ".join(block[0].split()))
        if named:
            entries = [_entry(line) for line in block[1:] if line.strip() != "!"]
            self.blocks.append(AccessList(name=named["name"], kind=named["kind"], entries=tuple(entries)))
        elif flat:
            known = self.lists.get(flat["name"]) or AccessList(
                name=flat["name"], kind=_kind(flat["name"]), is_flat=True
            )
            self._put(dataclasses.replace(known, entries=(*known.entries, Entry(flat["text"], None))))
        elif block[0].strip() not in {"!", ""}:
            self.blocks.append(block)

    def _put(self, new: AccessList) -> None:
        for place, one in enumerate(self.blocks):
            if isinstance(one, AccessList) and one.name == new.name:
                self.blocks[place] = new
                return
        # The device shows its lists together, above its lines.
        lists = [place + 1 for place, one in enumerate(self.blocks) if isinstance(one, AccessList)]
        lines = [place for place, one in enumerate(self.blocks) if not isinstance(one, AccessList) and _is_line(one)]
        self.blocks.insert(lists[-1] if lists else lines[0] if lines else len(self.blocks), new)

    def _edit(self, one: AccessList, command: str) -> bool:
        added, gone = _ENTRY.fullmatch(command), _GONE.fullmatch(command)
        if added:
            self._put(one.inserted(int(added["number"]) if added["number"] else None, added["text"]))
        elif gone:
            self._put(one.deleted(int(gone["number"]) if gone["number"] else None, gone["text"] or ""))
        return bool(added or gone)

    def _bind(self, command: str) -> bool:
        said = _BIND.fullmatch(command)
        if not said:
            return False
        place, block = self._interface()
        lines = list(block)
        there = [line for line in lines if (old := _bound(block, line)) and old["way"] == said["way"]]
        if said["no"]:
            if not there or there[0].split()[2] != said["name"]:
                raise refused(f"{self._inside}: list {said['name']} is not bound there")
            lines.remove(there[0])
        elif there:
            lines[lines.index(there[0])] = f" {command}"
        else:
            lines.append(f" {command}")
        self.blocks[place] = tuple(lines)
        return True

    def _interface(self) -> tuple[int, Block]:
        return next(
            (place, one)
            for place, one in enumerate(self.blocks)
            if not isinstance(one, AccessList) and one[0] == self._inside
        )

    def _enter_list(self, said: re.Match[str]) -> None:
        known = self.lists.get(said["name"])
        if known is not None and known.kind != said["kind"]:
            raise refused(f"list {said['name']} is {known.kind}")
        if known is None:
            self._put(AccessList(name=said["name"], kind=said["kind"]))
        self._inside = said["name"]

    def _remove_list(self, said: re.Match[str]) -> None:
        known = self.lists.get(said["name"])
        if known is None:
            raise refused(f"there is no list {said['name']}")
        self.blocks.remove(known)
        self._inside = ""

    def _resequence(self, said: re.Match[str]) -> None:
        known = self.lists.get(said["name"])
        if known is None:
            raise refused(f"there is no list {said['name']}")
        self._put(known.resequenced(int(said["first"]), int(said["step"])))

    def _append(self, said: re.Match[str]) -> None:
        known = self.lists.get(said["name"]) or AccessList(name=said["name"], kind=_kind(said["name"]), is_flat=True)
        self._put(known.inserted(None, said["text"]))
        self._inside = ""

    def _enter_interface(self, said: re.Match[str]) -> None:
        name = f"interface {said['name']}"
        if not any(not isinstance(one, AccessList) and one[0] == name for one in self.blocks):
            raise refused(f"there is no {name}")
        self._inside = name

    def _leave(self, _said: re.Match[str]) -> None:
        self._inside = ""


def simulate(text: str, commands: Iterable[str]) -> Iterator[Step]:
    """Return the configuration after each command that changes what decides packets, and at the end.

    A list that nothing names decides none: while it is written, no packet can tell.

    Raises:
        GuardRefusedError: a command is not known, or the device would refuse or ignore it; the message names it.
    """
    return stepped(Ios(text), commands)


def _blocks(text: str) -> Iterator[Block]:
    block: list[str] = []
    end = ""
    for line in text.splitlines():
        if end:
            block.append(line)
            end = "" if end in line else end
            continue
        if block and line[:1] in {" ", "\t"}:
            block.append(line.rstrip())
            continue
        if block:
            yield tuple(block)
        block = [line.rstrip()]
        said = _BANNER.match(line)
        if said and said["end"] not in line[said.end() :]:
            end = said["end"]
    if block:
        yield tuple(block)


def _entry(line: str) -> Entry:
    said = _ENTRY.fullmatch(" ".join(line.split()))
    if not said:
        raise refused(f"nobody here knows the line {line.strip()!r} of an access list")
    return Entry(said["text"], int(said["number"]) if said["number"] else None)


def _rules(one: AccessList) -> list[Entry]:
    return [entry for entry in one.entries if not entry.is_remark]


def _bound(block: Block, line: str) -> re.Match[str] | None:
    return _BIND.fullmatch(line.strip()) if block[0].startswith("interface ") else None


def _is_line(block: Block) -> bool:
    return block[0].startswith("line ")


def _kind(number: str) -> str:
    return "standard" if any(int(number) in some for some in _STANDARD) else "extended"
