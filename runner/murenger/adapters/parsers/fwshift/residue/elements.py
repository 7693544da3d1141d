"""Sections of XML: PAN-OS, pfSense and OPNsense.

Input: a configuration with one element a row, as `xml_tree.rows_of` writes it. Output: its rows with the elements that
they stand in.

Harmless: descriptions where they are texts for people, and what the device notes about who changed what when.
"""

import dataclasses
import re
from collections.abc import Callable, Iterator, Sequence

from murenger.adapters.parsers.fwshift.residue.said import Said
from murenger.errors import ParseError

_TAG = re.compile(r"<(?P<close>/?)(?P<tag>[^\s/>]+)(?P<attributes>(?:\s[^>]*)?)>(?P<text>.*)", re.DOTALL)
_NAMED = re.compile(r"""\sname=("[^"]*"|'[^']*')""")
_CHANGED = re.compile(r"""\s(detail-version|urldb|time|admin|dirtyId|uuid)=("[^"]*"|'[^']*')""")
"""Attributes of PAN-OS about the last change, and identifiers of rules, which nothing refers to."""
_PANOS_SAID = frozenset({"description", "comment", "comments", "color", "audit-comment"})
_FRAME = frozenset({"response", "result", "config", "devices", "localhost.localdomain"})
_PF_SAID = frozenset({"descr", "description", "detail", "rangedescr"})
_PF_PLACES = re.compile(
    r"(filter/rule|nat/(rule|outbound/rule|onetoone|npt)|aliases/alias|schedules/schedule(/timerange)?"
    r"|gateways/gateway_item|staticroutes/route|vlans/vlan|virtualip/vip|system/(user|group)|OPNsense/Firewall/.*)"
)
"""Elements whose description is a text for people; an interface's is the name that rules know it by."""
_PF_NOTED = re.compile(r"(revision|lastchange|widgets|rrddata)(/.*)?|filter/separator(/.*)?")
_PF_CHANGED = re.compile(r".*/(created|updated)(/.*)?|(filter|nat)/rule/tracker")
_Judge = Callable[[tuple[str, ...]], bool]


def panos(text: str) -> Iterator[Said]:
    """Yield the rows of a configuration of PAN-OS."""
    return _said(text, _panos_is_harmless, _panos_section, _CHANGED)


def pfsense(text: str) -> Iterator[Said]:
    """Yield the rows of a configuration of pfSense."""
    return _said(text, _pf_is_harmless, _pf_section, None)


def opnsense(text: str) -> Iterator[Said]:
    """Yield the rows of a configuration of OPNsense."""
    return _said(text, _pf_is_harmless, _pf_section, None)


def _said(
    text: str, is_harmless: _Judge, section: Callable[[Sequence[str]], str], volatile: re.Pattern[str] | None
) -> Iterator[Said]:
    above: list[_Element] = []
    for number, row in enumerate(text.split("\n"), 1):
        found = _TAG.fullmatch(row.lstrip(" "))
        if found is None:
            raise ParseError(f"row {number} is no element")
        if found["close"]:
            above.pop()
            continue
        attributes = volatile.sub("", found["attributes"]) if volatile else found["attributes"]
        one = _Element(found["tag"], attributes, number)
        is_leaf = found["text"].endswith(f"</{one.tag}>")
        tags = tuple(each.tag for each in (*above, one))
        yield Said(
            number=number,
            section=section([each.name for each in (*above, one)]),
            path=tuple(each.text for each in above),
            text=one.text + found["text"],
            is_harmless=is_harmless(tags),
            frames=tuple(each.number for each in above if not each.attributes),
            is_frame=not is_leaf and not attributes and not found["text"],
        )
        if not is_leaf:
            above.append(one)


@dataclasses.dataclass(frozen=True, slots=True)
class _Element:
    tag: str
    attributes: str
    number: int

    @property
    def text(self) -> str:
        """Its opening tag."""
        return f"<{self.tag}{self.attributes}>"

    @property
    def name(self) -> str:
        """What a section calls it."""
        named = _NAMED.search(self.attributes) if self.tag == "entry" else None
        return named[1][1:-1] if named else self.tag


def _panos_is_harmless(tags: tuple[str, ...]) -> bool:
    return tags[-1] in _PANOS_SAID and "entry" in tags[:-1]


def _panos_section(names: Sequence[str]) -> str:
    inside = [name for name in names if name not in _FRAME]
    depth = 4 if inside[:1] in (["vsys"], ["device-group"]) else 2
    return " / ".join(inside[:depth]) or "config"


def _pf_is_harmless(tags: tuple[str, ...]) -> bool:
    above, path = "/".join(tags[1:-1]), "/".join(tags[1:])
    if tags[-1] in _PF_SAID:
        return _PF_PLACES.fullmatch(above) is not None or _PF_NOTED.fullmatch(path) is not None
    return _PF_NOTED.fullmatch(path) is not None or _PF_CHANGED.fullmatch(path) is not None


def _pf_section(names: Sequence[str]) -> str:
    depth = {"OPNsense": 3, "system": 2, "interfaces": 2, "nat": 2}.get(names[1], 1) if len(names) > 1 else 1
    return " / ".join(names[1 : 1 + depth]) or "configuration"
