"""A change that opens and closes nothing, for each platform, as data; and a line that no device of it accepts.

Input: a configuration in canonical form. Output: the same with the change in it, or with the change and the bad line.
A platform is added by a row here, as its driver is by a row in `profiles.py`.
"""

import dataclasses
import re
from types import MappingProxyType

from murenger.errors import UnsupportedPlatformError


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class HarmlessChange:
    """Something that a configuration can hold without any effect on traffic, logins or management.

    Attributes:
        what: what it is, for people.
        mark: a name that no configuration has by itself; it stands in every text of this change.
        place: the text goes before what this matches, once.
        text: what is put into a whole configuration.
        bad: one line that no device of the platform accepts, put after the text.
        merge: what adds the same to a running configuration; `{section}` is the part that `section` names.
        section: finds the name of the part that the change lies in, the last one counts; None where it lies in none.
        revert_s: seconds that a revert timer is tried with; the shortest that leaves time to look, and that is exact.
        someone_else: `optional_args` by which a driver edits as another administrator would, without taking our locks.
    """

    what: str
    mark: str
    place: re.Pattern[str]
    text: str
    bad: str
    merge: str
    revert_s: int
    section: re.Pattern[str] | None = None
    someone_else: tuple[tuple[str, object], ...] = ()

    def another(self) -> "HarmlessChange":
        """Return a change of the same kind under another name, as somebody else would make it."""
        mark = f"{self.mark}2"
        texts = {name: getattr(self, name).replace(self.mark, mark) for name in ("text", "bad", "merge")}
        return dataclasses.replace(self, mark=mark, **texts)

    def put_into(self, base: str) -> str:
        """Return a configuration with the change in it.

        Args:
            base: canonical text.
        """
        return self._put(base, self.text)

    def spoilt(self, base: str) -> str:
        """Return a configuration with the change in it, and a bad line after that."""
        return self._put(base, self.text + self.bad)

    def to_merge(self, base: str) -> str:
        """Return what adds the change to a device that runs a configuration."""
        if self.section is None:
            return self.merge
        names = self.section.findall(base)
        return self.merge.replace("{section}", names[-1]) if names else ""

    def lines(self) -> frozenset[str]:
        """Return the lines, stripped, that a listing may have more for this change."""
        return frozenset({"", *(line.strip() for line in self.text.splitlines())})

    def _put(self, base: str, text: str) -> str:
        found = list(self.place.finditer(base))
        at = found[-1].start() if found else len(base)
        return base[:at] + text + base[at:]


HARMLESS = MappingProxyType(
    {
        "nftables": HarmlessChange(
            what="a chain that no other chain leads to",
            mark="murenger_conformance",
            place=re.compile(r"^\}$", re.MULTILINE),
            text='\n\tchain murenger_conformance {\n\t\tdrop comment "nothing leads here"\n\t}\n',
            bad="\n\tchain murenger_conformance_bad {\n\t\tno such statement\n\t}\n",
            merge='table {section} {\n\tchain murenger_conformance {\n\t\tdrop comment "nothing leads here"\n\t}\n}\n',
            section=re.compile(r"^table (\S+ \S+) \{$", re.MULTILINE),
            revert_s=10,
        ),
        "eos": HarmlessChange(
            what="an access list that no interface is bound to",
            mark="MURENGER-CONFORMANCE",
            place=re.compile(r"^end$", re.MULTILINE),
            text="ip access-list standard MURENGER-CONFORMANCE\n   10 permit 192.0.2.0/24\n!\n",
            bad="no-such-command-of-murenger\n!\n",
            merge="ip access-list standard MURENGER-CONFORMANCE\n   10 permit 192.0.2.0/24\n",
            revert_s=60,
        ),
        "junos": HarmlessChange(
            what="a prefix list that nothing uses",
            mark="murenger-conformance",
            place=re.compile(r"\Z"),
            text="policy-options {\n    prefix-list murenger-conformance {\n        192.0.2.0/24;\n    }\n}\n",
            bad="policy-options {\n    no-such-statement-of-murenger;\n}\n",
            merge="policy-options {\n    prefix-list murenger-conformance {\n        192.0.2.0/24;\n    }\n}\n",
            revert_s=60,
            # Whoever edits in shared mode takes no lock, and that is whose edits must not be published.
            someone_else=(("lock_disable", True),),
        ),
    }
)


def harmless(platform: str) -> HarmlessChange:
    """Return the harmless change of a platform.

    Raises:
        UnsupportedPlatformError: none is known, so its driver cannot be tried.
    """
    try:
        return HARMLESS[platform]
    except KeyError:
        raise UnsupportedPlatformError(
            f"no harmless change is known for platform {platform!r}", hint=f"one of {', '.join(sorted(HARMLESS))}"
        ) from None
