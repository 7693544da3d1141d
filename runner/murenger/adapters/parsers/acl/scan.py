"""Scanning: access lists, where they are bound, and what is left, out of a running configuration.

Input: text, and how a platform writes it (`Writing`). Output: a `Ruleset`.
"""

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence

from murenger.adapters.parsers.acl.addresses import Wildcards
from murenger.adapters.parsers.acl.grammar import Box, Entry, Grammar, Groups
from murenger.adapters.parsers.acl.lists import (
    AccessList,
    Binding,
    Unreadable,
    bound_list,
    family_word,
    in_order,
    own_list,
    unknown_list,
)
from murenger.adapters.parsers.acl.vocabulary import Vocabulary
from murenger.adapters.parsers.sections import FreeText, Line, digest_of, outline, residue_of, shortened
from murenger.semantics.intervals import IPV4, IPV6, IntervalSet
from murenger.semantics.ir import L4, Hook, NamedAddresses, NamedService, OpaqueKey, Remark, RuleList, Ruleset

_INTERFACE = re.compile(r"[A-Za-z][A-Za-z-]*\d*(?:[/.:]\d+)*")
_LIST = re.compile(r"(?P<ip>ip|ipv6) access-list (?:(?P<standard>standard|extended) )?(?P<name>\S{1,200})")
_NO_LIST = re.compile(r"no (?P<ip>ip|ipv6) access-list (?:(?:standard|extended) )?(?P<name>\S{1,200})")
GroupLines = Mapping[tuple[str, int, str], Sequence[int]]
"""Object group -> numbers of the lines that define it."""

_PORTS = L4(proto=IntervalSet.of((6, 6), (17, 17), (132, 132)))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """How one platform writes its access lists and binds them.

    Attributes:
        platform: its name.
        vocabulary: its names.
        comments: matches the beginning of a line that says nothing.
        free_texts: banners and the like.
        bindings: within an interface; groups `ip` (ip or ipv6), `name` and `way` (in or out).
        foreign: within an interface, filters of which nothing is modelled but that they are there; group `way`.
        control_plane: headers under which `ip access-group NAME in` stands for what is for the device itself.
        harmless_in_list: lines of an access list that decide nothing.
        residue_in_list: lines of an access list that decide no unfragmented packet.
        groups: reads object groups; returns them, and the numbers of their lines.
        vlan_filter: at top level, a filter of VLANs of which nothing else is modelled; group `vlans`.
        implicit_ipv6: boxes for which it depends on the release what stands before the implicit deny of an IPv6 list.
    """

    platform: str
    vocabulary: Vocabulary
    comments: re.Pattern[str]
    free_texts: tuple[FreeText, ...]
    bindings: re.Pattern[str]
    foreign: re.Pattern[str]
    control_plane: frozenset[str]
    harmless_in_list: re.Pattern[str]
    residue_in_list: re.Pattern[str]
    groups: Callable[[Sequence[Line]], tuple[Groups, GroupLines]]
    vlan_filter: re.Pattern[str] | None = None
    implicit_ipv6: tuple[Box, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class _Bound:
    family: int
    name: str
    way: str
    interface: str
    line: int


class AclParser:
    """Reads the running configuration of a platform whose filters are access lists."""

    def __init__(self, writing: Writing) -> None:
        self._writing = writing

    def parse(self, text: str) -> Ruleset:
        """Return what a configuration means; see `RuleParser.parse`.

        Raises:
            ParseError: it is too large, too deep, or ends inside a banner.
        """
        lines = outline(text, comments=self._writing.comments, free_texts=self._writing.free_texts)
        return _Scan(self._writing, lines).ruleset()


class _Scan:
    """One configuration while it is read."""

    def __init__(self, writing: Writing, lines: tuple[Line, ...]) -> None:
        self._writing = writing
        self._lines = lines
        self._carried: set[int] = set()
        self._remarks: list[Remark] = []
        self._named: dict[str, list[Line]] = {}
        self._digests: dict[str, str] = {}
        for line in lines:
            if line.path:
                self._named.setdefault(line.path[0].rsplit(" ", 1)[-1], []).append(line)
        groups, self._group_lines = writing.groups(lines)
        self._grammar = Grammar(
            words=writing.vocabulary, groups=groups, definition=self._definition, wildcards=Wildcards()
        )

    def _definition(self, name: str) -> str:
        """Return a digest of every section whose header ends with a name, or ""."""
        if name not in self._digests:
            found = self._named.get(name)
            self._digests[name] = digest_of(*(" > ".join((*line.path, line.text)) for line in found)) if found else ""
        return self._digests[name]

    def ruleset(self) -> Ruleset:
        """Return what was read."""
        lists = self._access_lists()
        bound = self._bindings()
        found = [*self._bound_lists(lists, bound), *self._foreign_lists()]
        used = {(one.family, one.name) for one in bound}
        names = dict.fromkeys(name for _, name in lists)
        for name in names:
            same = [lists[key] for key in ((IPV4, name), (IPV6, name)) if key in lists]
            found.append(own_list(name, same, bound=all((one.family, name) in used for one in same)))
        self._carry_groups(lists)
        return Ruleset(
            platform=self._writing.platform,
            lists=tuple(found),
            covers=frozenset({Hook.FORWARD, Hook.INPUT} if self._has_interfaces() else ()),
            residue=residue_of(self._lines, self._carried, self._is_harmless),
            addresses=self._addresses(),
            services=self._services(),
            remarks=tuple(sorted(self._remarks, key=lambda remark: remark.line)),
            parser=f"{self._writing.platform} 1",
        )

    def _has_interfaces(self) -> bool:
        """True unless the text is a part without any interface: then nobody can tell what is bound where."""
        return any(not line.path and line.text.startswith("interface ") for line in self._lines)

    def _access_lists(self) -> dict[tuple[int, str], AccessList]:
        items: dict[tuple[int, str], list[Entry | Unreadable]] = {}
        headers: dict[tuple[int, str], int] = {}
        current: tuple[int, str] | None = None
        is_standard = False
        for line in self._lines:
            if not line.path:
                current = None
                gone = _NO_LIST.fullmatch(line.text)
                begin = _LIST.fullmatch(line.text)
                if gone:
                    items.pop(_list_key(gone), None)
                elif begin:
                    current, is_standard = _list_key(begin), begin["standard"] == "standard"
                    items.setdefault(current, [])
                    headers.setdefault(current, line.number)
                    self._carried.add(line.number)
            elif current is not None:
                item = self._item(line, current, is_standard=is_standard)
                if item is not None:
                    items[current].append(item)
                    self._carried.add(line.number)
        return {
            key: AccessList(
                name=key[1],
                family=key[0],
                items=in_order(found),
                line=headers[key],
                implicit=self._writing.implicit_ipv6 if key[0] == IPV6 else (),
            )
            for key, found in items.items()
        }

    def _item(self, line: Line, key: tuple[int, str], *, is_standard: bool) -> Entry | Unreadable | None:
        if self._writing.harmless_in_list.match(line.text) or self._writing.residue_in_list.match(line.text):
            return None
        entry = None
        if len(line.path) == 1:
            entry = self._grammar.entry(line.text, key[0], line.number, is_standard=is_standard)
        if entry is None:
            self._remark("unreadable-line", f"{key[1]}: {line.text}", line.number)
            return Unreadable(line=line.number, text=line.text)
        for condition in {one.label for box in entry.boxes for one, _ in box.opaque}:
            self._remark("opaque-condition", f"{key[1]}: {condition}", line.number)
        return entry

    def _remark(self, code: str, text: str, line: int) -> None:
        self._remarks.append(Remark(code=code, text=text[:_MAX_REMARK], line=line))

    def _bindings(self) -> list[_Bound]:
        found: dict[tuple[int, str, str, str], _Bound] = {}
        for line in self._lines:
            if len(line.path) != 1:
                continue
            header = line.path[0]
            interface = _interface(header)
            if not interface and header not in self._writing.control_plane:
                continue
            match = self._writing.bindings.fullmatch(line.text)
            if match is None or (not interface and match["way"] != "in"):
                continue
            one = _Bound(_family(match), match["name"], match["way"], interface, line.number)
            # A later line takes the place of an earlier one, which the device would not keep: it stays residue.
            found[one.family, line.text.split(" ")[1], one.way, interface] = one
        self._carried |= {one.line for one in found.values()}
        headers = {line.path[0] for line in self._lines if line.number in self._carried and line.path}
        self._carried |= {line.number for line in self._lines if not line.path and line.text in headers}
        return list(found.values())

    def _bound_lists(self, lists: Mapping[tuple[int, str], AccessList], bound: Sequence[_Bound]) -> list[RuleList]:
        groups: dict[tuple[int, str, str, bool], list[_Bound]] = {}
        for one in bound:
            groups.setdefault((one.family, one.name, one.way, bool(one.interface)), []).append(one)
        found: list[RuleList] = []
        for (family, name, way, on_interface), members in groups.items():
            interfaces = sorted({one.interface for one in members})
            strange = [one for one in members if one.interface and not _INTERFACE.fullmatch(one.interface)]
            where = f"{family_word(family)} {name} {way}" + ("" if on_interface else " on the control plane")
            hooks = {Hook.FORWARD, Hook.INPUT} if way == "in" else {Hook.FORWARD}
            binding = Binding(
                direction=way,
                interfaces=tuple(interfaces) if on_interface else (),
                hooks=frozenset(hooks if on_interface else {Hook.INPUT}),
                label=where,
            )
            if strange:
                found.append(
                    self._unknown(
                        shortened(f"{where} on {', '.join(interfaces)}"),
                        binding,
                        family,
                        strange[0].line,
                        anywhere=True,
                    )
                )
            elif (family, name) not in lists:
                found.append(self._unknown(f"undefined access list {name}", binding, family, members[0].line))
            else:
                found.append(bound_list(lists[family, name], binding))
        return found

    def _unknown(self, what: str, binding: Binding, family: int, line: int, *, anywhere: bool = False) -> RuleList:
        self._remark("opaque-condition", what, line)
        key = OpaqueKey("unknown-filter", digest_of("unknown-filter", self._writing.platform, what), what)
        if anywhere:
            binding = dataclasses.replace(binding, interfaces=())
        return unknown_list(what, {family}, binding, key, line)

    def _foreign_lists(self) -> list[RuleList]:
        found: list[RuleList] = []
        for line in self._lines:
            if len(line.path) == 1 and _interface(line.path[0]):
                match = self._writing.foreign.fullmatch(line.text)
                if match:
                    way = "out" if (match["way"] or "in").startswith("out") else "in"
                    found.append(self._foreign(line, way, (_interface(line.path[0]),)))
            elif not line.path and self._writing.vlan_filter:
                match = self._writing.vlan_filter.fullmatch(line.text)
                if match:
                    interfaces = _vlan_interfaces(match["vlans"])
                    found += [self._foreign(line, way, interfaces) for way in ("in", "out")]
        return found

    def _foreign(self, line: Line, way: str, interfaces: tuple[str, ...]) -> RuleList:
        where = shortened(f"{line.text} {way}") + (f" on {interfaces[0]}" if len(interfaces) == 1 else "")
        hooks = {Hook.FORWARD, Hook.INPUT} if way == "in" else {Hook.FORWARD}
        binding = Binding(direction=way, interfaces=interfaces, hooks=frozenset(hooks), label=where)
        self._remark("opaque-condition", where, line.number)
        digest = digest_of("foreign-filter", line.text, *map(self._definition, line.text.split(" ")))
        key = OpaqueKey("foreign-filter", digest, shortened(line.text))
        return unknown_list(where, {IPV4, IPV6}, binding, key, line.number)

    def _carry_groups(self, lists: Mapping[tuple[int, str], AccessList]) -> None:
        entries = (item for one in lists.values() for item in one.items if isinstance(item, Entry))
        used = {key for entry in entries for key in entry.groups}
        for key in used & self._group_lines.keys():
            self._carried.update(self._group_lines[key])

    def _is_harmless(self, line: Line) -> bool:
        top = line.path[0] if line.path else line.text
        if top.startswith("banner "):
            return True
        if line.is_verbatim:
            return False
        if line.text == "end" and not line.path:
            return True
        if line.path and _LIST.fullmatch(line.path[0]):
            return self._writing.harmless_in_list.match(line.text) is not None
        return len(line.path) == 1 and line.path[0].startswith("interface ") and line.text.startswith("description ")

    def _addresses(self) -> tuple[NamedAddresses, ...]:
        return tuple(
            NamedAddresses(name=name, family=family, addresses=group)
            for (_, family, name), group in self._grammar.groups.items()
            if family and group
        )

    def _services(self) -> tuple[NamedService, ...]:
        return tuple(
            NamedService(name=name, l4=(dataclasses.replace(_PORTS, dport=group),))
            for (_, family, name), group in self._grammar.groups.items()
            if not family and group
        )


_MAX_REMARK = 200
_MAX_VLAN = 4_094


def _vlan_interfaces(text: str) -> tuple[str, ...]:
    """Return the interfaces of the VLANs that a list such as `10-12,20` names; none, which is all, if it is strange."""
    found: set[int] = set()
    for part in text.split(","):
        low, _, high = part.partition("-")
        ends = [int(end) for end in (low, high or low) if end.isdigit() and len(end) <= len(str(_MAX_VLAN))]
        if len(ends) != 2 or ends[1] > _MAX_VLAN:
            return ()
        found.update(range(ends[0], ends[1] + 1))
    return tuple(f"Vlan{number}" for number in sorted(found))


def _interface(header: str) -> str:
    """Return the interface that a header opens, or ""."""
    return shortened(header.removeprefix("interface ").replace(" ", "")) if header.startswith("interface ") else ""


def _family(match: re.Match[str]) -> int:
    return IPV4 if match["ip"] == "ip" else IPV6


def _list_key(match: re.Match[str]) -> tuple[int, str]:
    return _family(match), match["name"]
