"""fwshift's own compare as a peer: whether it sees a difference between two lists of rules.

Input: IPv4 rules of one match each, whose addresses are prefixes. Output: True or False; `write` gives the iptables
text that fwshift reads.
"""

import ipaddress
from collections.abc import Sequence

from fwshift import compare, transform
from fwshift.model import Policy
from fwshift.parsers import iptables
from fwshift.report import Report

from murenger.semantics.intervals import ANY_IPV4, ANY_PORT, IntervalSet
from murenger.semantics.ir import L4, Action, Rule

_NAMES = {1: "icmp", 6: "tcp", 17: "udp"}


def is_equal(golden: Sequence[Rule], live: Sequence[Rule]) -> bool:
    """Return whether fwshift finds no difference; what it could not tell counts as one."""
    found = compare.compare(_policy(golden), _policy(live))
    return not found.differences


def _policy(rules: Sequence[Rule]) -> Policy:
    report = Report()
    policy = iptables.parse(write(rules).encode(), report, family=4)
    transform.harden(policy, report)
    return policy


def write(rules: Sequence[Rule]) -> str:
    """Return rules as the chain FORWARD of `iptables-save`; the last one becomes its policy."""
    default = "ACCEPT" if rules[-1].action is Action.PERMIT else "DROP"
    head = ["*filter", ":INPUT ACCEPT [0:0]", f":FORWARD {default} [0:0]", ":OUTPUT ACCEPT [0:0]"]
    return "\n".join([*head, *(_line(rule) for rule in rules[:-1]), "COMMIT", ""])


def _line(rule: Rule) -> str:
    match = rule.any_of[0]
    words = ["-A FORWARD"]
    for option, values in (("-s", match.src), ("-d", match.dst)):
        if values != ANY_IPV4:
            words.append(f"{option} {_prefix(values)}")
    words += _l4(match.l4[0])
    words.append("-j ACCEPT" if rule.action is Action.PERMIT else "-j DROP")
    return " ".join(words)


def _l4(l4: L4) -> list[str]:
    if l4.proto.size > 1:
        return []
    name = _NAMES[l4.proto.spans[0][0]]
    words = [f"-p {name}"]
    if name == "icmp":
        return words
    words += [f"-m {name}"]
    for option, ports in (("--sport", l4.sport), ("--dport", l4.dport)):
        if ports != ANY_PORT:
            low, high = ports.spans[0]
            words.append(f"{option} {low}" if low == high else f"{option} {low}:{high}")
    return words


def _prefix(values: IntervalSet) -> str:
    low, high = values.spans[0]
    return f"{ipaddress.IPv4Address(low)}/{32 - (high - low).bit_length()}"
