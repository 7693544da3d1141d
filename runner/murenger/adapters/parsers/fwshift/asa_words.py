"""Words of an ASA's entries that the library cannot read, and what stands in for them.

Input: the words of entries. Output: the entries that the library is given, with the objects that they name besides.
"""

import itertools
import re
from collections.abc import Collection, Sequence

_MANAGER_WORDS = re.compile(r" (rule-id \d+|event-log (flow-start|flow-end|both))(?= |$)")
_BEFORE_NAMES = frozenset({"object", "object-group", "host", "time-range", "interface"})


class StandIns:
    """The address of an interface, which no line of the text may say: an object whose content nobody can tell.

    Args:
        taken: names of objects that the configuration defines.
    """

    def __init__(self, taken: Collection[str]) -> None:
        self._taken = taken
        self._names: dict[str, None] = {}

    def entry(self, name: str, rest: Sequence[str]) -> str:
        """Return the line of an entry of a list that the library can read."""
        words = list(rest)
        for at, (before, word) in enumerate(itertools.pairwise(rest)):
            stand_in = f"interface-{word}"
            is_address = before == "interface" and rest[at - 1] not in _BEFORE_NAMES
            if is_address and stand_in not in self._taken:
                words[at : at + 2] = ["object", stand_in]
                self._names.setdefault(stand_in)
        return _MANAGER_WORDS.sub("", f"access-list {name} {' '.join(words)}")

    def objects(self) -> list[str]:
        """Return the lines that define what stands in."""
        return [line for name in self._names for line in (f"object network {name}", f" fqdn {name}.invalid")]
