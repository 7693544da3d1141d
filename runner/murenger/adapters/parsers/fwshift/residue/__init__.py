"""Residue: what the model does not hold, section by section.

Input: a configuration and the lines whose meaning its rules carry. Output: a digest of each section of everything else.
What is harmless is on the short lists in this package; a line that is neither carried nor on one of them is residue,
and so is a part of the configuration that appears for the first time.
"""

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from types import MappingProxyType

from murenger.adapters.parsers.fwshift.residue import blocks, elements, indented, saved, statements
from murenger.adapters.parsers.fwshift.residue.said import Said, sections
from murenger.semantics.ir import ResidueSection

_SECTIONERS: Mapping[str, Callable[[str], Iterator[Said]]] = MappingProxyType(
    {
        "asa": indented.asa,
        "fortios": blocks.fortios,
        "ios": indented.ios,
        "iptables": saved.iptables,
        "junos": statements.junos,
        "opnsense": elements.opnsense,
        "panos": elements.panos,
        "pfsense": elements.pfsense,
    }
)


def residue(platform: str, text: str, carried_lines: AbstractSet[int]) -> tuple[ResidueSection, ...]:
    """Return what a configuration says besides its rules.

    Args:
        platform: its platform.
        text: the whole configuration, as the platform's reader counts its lines: XML one element a row, Junos one
            statement a row, both without the first lines that say nothing.
        carried_lines: 1-based numbers of the lines whose meaning the rules hold, or that are known to be harmless.
    """
    said = [one for one in _SECTIONERS[platform](text) if one.number not in carried_lines and not one.is_harmless]
    begun = {number for one in said if not one.is_frame for number in one.frames}
    return sections(one for one in said if not one.is_frame or one.number in begun)
