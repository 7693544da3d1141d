"""What the engine answers: regions of traffic that two rulesets treat differently, and what could not be decided.

Input: the engine's work. Output: frozen values without names or texts for people; `murenger.semantics.impact` makes
those.
"""

import dataclasses
import enum

from murenger.model.impact import Effect, Verdict
from murenger.model.packet import Packet
from murenger.semantics.ir import Hook, Match, OpaqueKey, Provenance


class Reason(enum.Enum):
    """Why something is not decided."""

    BUDGET = "budget"
    """Time, nodes, memory or rules allowed were not enough."""
    OPAQUE = "opaque"
    """It depends on a condition that nobody can tell."""
    RESIDUE = "residue"
    """A part changed that the model does not hold."""
    UNREADABLE = "unreadable"
    """One side could not be read as rules."""
    PARSER_ERROR = "parser-error"
    """The parser gave up."""
    ENGINE_DISAGREEMENT = "engine-disagreement"
    """An independent check contradicts the engine: a defect of murenger, to be reported."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Something not decided.

    Attributes:
        reason: why.
        text: one line for people; may quote the configuration.
        golden_line: 1-based line in golden where there is one, or 0.
        live_line: the same in live.
    """

    reason: Reason
    text: str
    golden_line: int = 0
    live_line: int = 0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Decider:
    """The rule that decides, and its list."""

    rule_list: str
    rule: Provenance


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Traffic that one pair of rules treats differently.

    Attributes:
        hook: the way it takes.
        acl: with hook ACL, the list.
        opened: True if live permits and golden denies; False for the reverse.
        is_certain: True if so whatever the opaque conditions mean.
        golden: what decides it in golden; of permitted traffic that passes several lists, the last rule some line says.
        live: the same in live.
        boxes: the largest boxes of it, at most `Limits.boxes`; in each, address and port sets are one interval.
        is_whole: True if the boxes are all of it.
        packets: exact number of headers (addresses, protocol, ports or ICMP type and code) in it, whatever the places,
            states, flags and conditions.
        witness: one packet of it, confirmed by the interpreter on both sides.
    """

    hook: Hook
    acl: str
    opened: bool
    is_certain: bool
    golden: Decider
    live: Decider
    boxes: tuple[Match, ...]
    is_whole: bool
    packets: int
    witness: Packet


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SectionChange:
    """A section of residue that differs; a line is 0 where the section is absent on that side."""

    name: str
    golden_line: int
    live_line: int
    summary: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class HandlingChange:
    """Paired rules of one meaning with another handling, such as a lost log."""

    golden: Provenance
    live: Provenance
    before: str
    now: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one comparison may use.

    Attributes:
        cpu_s: CPU seconds; the engine asks often, and the child process is killed at twice that.
        memory_bytes: memory of the child process.
        nodes: nodes of one decision diagram manager.
        pieces: boxes of a region before decision diagrams take over.
        pairs: rule pairs that are reported.
        boxes: boxes of one pair that are reported.
    """

    cpu_s: float = 60.0
    memory_bytes: int = 2 << 30
    nodes: int = 8_000_000
    pieces: int = 20_000
    pairs: int = 200
    boxes: int = 5


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """Whether a drift opens or closes any of some traffic that was asked about.

    Attributes:
        opened: True proven that it opens some, False proven that it opens none, None undecided.
        closed: the same for closing.
        witness: a packet of it that was opened, or that may have been; else None.
    """

    opened: bool | None
    closed: bool | None
    witness: Packet | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What the engine found out about two rulesets.

    Attributes:
        verdict: EQUAL if model and residue are proven equal; DIFFERENT if a packet is proven to be treated differently,
            whatever else is unknown; else UNKNOWN.
        effect: NONE for EQUAL; WIDENS, TIGHTENS or BOTH only if nothing undecided could change the word; else UNKNOWN.
        regions: what differs, certain ones first.
        regions_left: number of further regions, at least.
        unknowns: what is not decided.
        assumptions: opaque conditions that both sides share and on which the proof rests.
        residue: sections that differ.
        handling: rules whose handling alone differs.
        touched: for each question asked, its answer.
        engine: engine and version, or "" where no engine was needed.
        stage: digest, alignment, boxes or bdd: the last stage needed.
        cpu_s: CPU seconds spent.
        nodes: nodes in use at the end.
    """

    verdict: Verdict
    effect: Effect
    regions: tuple[Region, ...] = ()
    regions_left: int = 0
    unknowns: tuple[Unknown, ...] = ()
    assumptions: tuple[OpaqueKey, ...] = ()
    residue: tuple[SectionChange, ...] = ()
    handling: tuple[HandlingChange, ...] = ()
    touched: tuple[tuple[str, Touched], ...] = ()
    engine: str = ""
    stage: str = "digest"
    cpu_s: float = 0.0
    nodes: int = 0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What a ruleset does with some traffic that was asked about.

    Attributes:
        permitted: a packet of it that passes for certain, or None where there is none or it is undecided.
        denied: a packet of it that is denied for certain, or None.
        may_permit: False if proven that none of it passes.
        may_deny: False if proven that none of it is denied.
        permitting: the rule that lets `permitted` pass, or None.
        denying: the rule that denies `denied`, or None.
        unknowns: what is not decided.
    """

    permitted: Packet | None
    denied: Packet | None
    may_permit: bool
    may_deny: bool
    permitting: Decider | None = None
    denying: Decider | None = None
    unknowns: tuple[Unknown, ...] = ()
