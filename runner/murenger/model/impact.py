"""Impact: which traffic a drift opened or closed, as far as that is proven.

Input: what the engine has proven. Output: values that reports, plans, decisions and records read.
"""

import dataclasses
import enum

from murenger.model.packet import Packet


class Verdict(enum.Enum):
    """What is known about the traffic impact."""

    EQUAL = "equal"
    """Proven: the same packets pass."""
    DIFFERENT = "different"
    """Proven: some packet is treated differently."""
    UNKNOWN = "unknown"
    """Not decided; counts as widening for alarms and as forbidden for automatic change."""


class Effect(enum.Enum):
    """What a drift did to the set of packets that pass."""

    NONE = "none"
    WIDENS = "widens"
    TIGHTENS = "tightens"
    BOTH = "both"
    UNKNOWN = "unknown"


class Risk(enum.Enum):
    """How bad it is that an intent is violated, worst last."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RuleAt:
    """A rule in a configuration.

    Attributes:
        name: the device's own name or number of it, such as `web-to-db` or `default deny`.
        rule_list: the list it stands in.
        first_line: 1-based line where it begins, or 0 where no line says it.
        last_line: 1-based line where it ends, or 0.
    """

    name: str
    rule_list: str = ""
    first_line: int = 0
    last_line: int = 0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Traffic that one pair of rules treats differently: what golden's rule decided and live's rule decides now.

    Attributes:
        text: one line for people, with names, such as `tcp 3389 from any to card-db (10.1.2.3), eth0 -> eth1`.
        golden: the rule that decides it in golden.
        live: the rule that decides it in live.
        boxes: the largest boxes of it, each one line.
        is_whole: True if the boxes are all of it.
        packets: exact number of different headers (addresses, protocol, ports or ICMP type and code) in it.
        is_certain: True if proven whatever the conditions mean that nobody can tell; else it may be so.
        witness: one packet of it.
        intents: names of the intents that it violates.
    """

    text: str
    golden: RuleAt
    live: RuleAt
    boxes: tuple[str, ...]
    is_whole: bool
    packets: int
    is_certain: bool
    witness: Packet
    intents: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """An intent that the live policy violates and golden does not.

    Attributes:
        intent: its name in intents.yml.
        risk: its severity.
        owner: who answers for it, or "".
        reference: what it serves, such as `PCI DSS 1.3.1`, or "".
        witness: a packet that shows it.
        is_certain: as in `Flow`.
    """

    intent: str
    risk: Risk
    owner: str
    reference: str
    witness: Packet
    is_certain: bool = True


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """How a verdict was reached.

    Attributes:
        engine: engine and version, such as `oxidd 0.13.0`, or the stage that sufficed, such as `digest`.
        parser: parser and library that read both sides, with versions.
        stage: digest, alignment, boxes or bdd: the last that was needed.
        cpu_s: CPU seconds spent.
        cpu_budget_s: CPU seconds allowed.
        nodes: decision diagram nodes in use at the end, 0 if none were.
        node_budget: nodes allowed.
        rules: number of rules, golden and live.
        opaque_rules: number of rules, golden and live, with a condition that nobody can tell.
    """

    engine: str
    parser: str
    stage: str
    cpu_s: float
    cpu_budget_s: float
    nodes: int
    node_budget: int
    rules: tuple[int, int]
    opaque_rules: tuple[int, int]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What a drift lets through or blocks, read golden -> live.

    Attributes:
        verdict: equal, different (both proven) or unknown.
        effect: direction of the change.
        opened: traffic that only live permits, worst first.
        closed: traffic that only golden permits.
        flows_left: number of further rule pairs, at least, that are not listed.
        witnesses: the packets of what is certain in `opened` and `closed`: one side permits each, the other denies it.
        unknowns: why something is not decided, each one line that begins with a reason such as `opaque` or `residue`.
        assumptions: conditions that nobody can tell and that both sides share word for word.
        handling: changes of what else is done with packets (logging, profiles, kind of reject), each one line.
        violations: intents that live violates and golden does not, worst first.
        crown_jewel: True if traffic to a segment that intents.yml calls a crown jewel was opened, or may have been;
            False if proven that none was; None where no segment is called so, or a part changed that was not judged.
        proof: how it was reached, or None where nothing was judged.
    """

    verdict: Verdict
    effect: Effect
    opened: tuple[Flow, ...] = ()
    closed: tuple[Flow, ...] = ()
    flows_left: int = 0
    witnesses: tuple[Packet, ...] = ()
    unknowns: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    handling: tuple[str, ...] = ()
    violations: tuple[Violation, ...] = ()
    crown_jewel: bool | None = None
    proof: Proof | None = None


def undecided(reason: str, text: str = "") -> Impact:
    """Return an impact of which nothing is known, and why.

    Args:
        reason: one word, such as `budget` or `unreadable`.
        text: one clause for people, or "".
    """
    why = f"{reason}: {text}" if text else reason
    return Impact(verdict=Verdict.UNKNOWN, effect=Effect.UNKNOWN, unknowns=(why,))


NOT_ASSESSED = undecided("not-assessed")
NOTHING_CHANGED = Impact(verdict=Verdict.EQUAL, effect=Effect.NONE)
"""The impact where there is no drift."""
