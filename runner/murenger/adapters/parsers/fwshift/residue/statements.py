"""Sections of the parts of a Junos configuration that concern security policies.

Input: statements, one a row, as `display set` prints them. Output: them with their sections. Harmless: descriptions of
interfaces, policies, address books, zones, NAT rules and applications.
"""

import re
from collections.abc import Iterator

from murenger.adapters.parsers.fwshift.residue.said import Said

_DESCRIBED = re.compile(
    r"set (security (policies|address-book|zones|nat) .*|applications .*|interfaces .*) description (\"[^\"]*\"|\S+)"
)
_DEPTH = {"zones": 4, "address-book": 3, "policies": 2, "nat": 3}


def junos(text: str) -> Iterator[Said]:
    """Yield the statements of a configuration."""
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if words:
            yield Said(
                number=number,
                section=_section(words[1:]),
                path=(),
                text=line.strip(),
                is_harmless=_DESCRIBED.fullmatch(line.strip()) is not None,
            )


def _section(words: list[str]) -> str:
    if words[:1] == ["security"]:
        return " ".join(words[: _DEPTH.get(words[1], 2) if len(words) > 1 else 1])
    return " ".join(words[: 3 if words[:2] == ["schedulers", "scheduler"] else 2])
