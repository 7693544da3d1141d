"""Parser of Arista EOS: access lists, where they are bound, and the rest of the configuration as residue.

Input: a running configuration. Output: its rules.

What is known and what is not: an access list that is bound to an interface filters what comes in there, whether for
the switch or through it, or what leaves there. What the switch does with an empty or an undefined list is not
documented: unknown. The control-plane list that the switch has by itself is the same for every configuration of a
release and does not show in it: it is not modelled.
"""

import re
from collections.abc import Sequence

from murenger.adapters.parsers.acl.grammar import Groups
from murenger.adapters.parsers.acl.scan import AclParser, GroupLines, Writing
from murenger.adapters.parsers.acl.vocabulary import EOS
from murenger.adapters.parsers.sections import FreeText, Line
from murenger.semantics.parser import RuleParser


def _no_groups(_lines: Sequence[Line]) -> tuple[Groups, GroupLines]:
    return {}, {}


WRITING = Writing(
    platform="eos",
    vocabulary=EOS,
    comments=re.compile("!"),
    free_texts=(
        FreeText(start=re.compile(r"banner (?:motd|login|exec)"), end="EOF"),
        FreeText(start=re.compile(r"action bash"), end="EOF"),
    ),
    bindings=re.compile(r"(?P<ip>ip|ipv6) access-group (?P<name>\S{1,200}) (?P<way>in|out)"),
    foreign=re.compile(r"(?:mac access-group \S+|traffic-policy) (?P<way>in|out|input|output)(?: \S+)?"),
    control_plane=frozenset({"control-plane", "system control-plane"}),
    harmless_in_list=re.compile(r"(?:\d+ )?remark(?: |$)|(?:no )?(?:counters|statistics) per-entry$"),
    residue_in_list=re.compile(r"(?:no )?fragment-rules$"),
    groups=_no_groups,
)


def parser(platform: str) -> RuleParser:
    """Return the parser.

    Args:
        platform: eos.
    """
    del platform
    return AclParser(WRITING)
