"""Packs to look at: a believable fortnight, an empty one, and one in which everything is hostile.

Input: an empty story. Output: the view of a pack, as the pack's maker hands it over.
"""

import dataclasses
import datetime
from typing import Any

from murenger.record.evidence.view import GapKind, GapView, IncidentState, PackView, RequirementView


def fortnight(story: Any) -> PackView:
    """Return two weeks of a small site in which all kinds of things happen."""
    story.write("runner", story.at(8, 6), event="runner-started", runner={"phase": "start", "reason": "boot"})
    for device in ("fw1", "fw2", "dmz-edge-a", "core-fw", "branch-07"):
        story.write("golden", story.at(8, 6, 1), device, event="golden-adopted", golden=story.golden(device))
    _healed_by_standing_change(story)
    _approved_by_a_person_after_a_freeze(story)
    _rolled_back_then_healed(story)
    _gone_by_itself(story)
    _held(story)
    _seen_before_the_period(story)
    story.gaps += [
        GapView(
            kind=GapKind.STOPPED,
            device="",
            started_at=story.at(11, 2),
            ended_at=story.at(11, 2, 41),
            duration_s=2460,
            cause="the runner said that it stopped: operating system update",
            records=(story.records[0].sequence,),
        ),
        GapView(
            kind=GapKind.UNREACHABLE,
            device="branch-07",
            started_at=story.at(17, 20),
            ended_at=None,
            duration_s=None,
            cause="no answer on port 22",
            records=(),
        ),
    ]
    view: PackView = story.view(requirements=requirements(story))
    return view


def _healed_by_standing_change(story: Any) -> None:
    seen = story.at(9, 13, 2, 11)
    flow = {
        "text": "tcp 5432 from any to card-db (192.0.2.0/24), office -> cde",
        "golden_rule": "chain forward policy drop in table inet murenger / chain forward, lines 8-14",
        "live_rule": "chain forward rule 3 temp for migration in table inet murenger / chain forward, lines 12-12",
        "boxes": ["tcp 5432 from any to card-db (192.0.2.0/24), office -> cde"],
        "whole": True,
        "packets": "72057594037927936",
        "certain": True,
        "intents": ["cde-only-from-app"],
    }
    violation = {
        "text": "cde-only-from-app",
        "risk": "critical",
        "owner": "pci@example.net",
        "reference": "PCI DSS 1.3.1",
        "certain": True,
    }
    packet = {"in": "office", "out": "cde", "src": "203.0.113.9", "dst": "192.0.2.14", "proto": "tcp", "dport": 5432}
    first = story.drift(
        "fw1",
        seen,
        [
            story.op(
                "added",
                ["table inet murenger", "chain forward"],
                after='ip daddr 192.0.2.0/24 tcp dport 5432 accept comment "temp for migration"',
                after_position=3,
            )
        ],
        effect="widens",
        opened=[flow],
        violations=[violation],
        assumptions=["ip saddr @guests"],
        examples=[packet],
        claimed="mallory",
    )
    rest = story.heal("fw1", seen + datetime.timedelta(seconds=200), 52, seen=seen)
    story.incident(
        "fw1",
        IncidentState.HEALED,
        seen,
        seen + datetime.timedelta(seconds=252),
        (first, *rest),
        effect="widens",
        approved_by=("alice@corp.example",),
    )


def _approved_by_a_person_after_a_freeze(story: Any) -> None:
    seen = story.at(12, 16, 40)
    golden = "tcp dport 443 ct state new limit rate 200/second accept"
    live = "tcp dport { 443, 8443 } ct state new limit rate 2000/second accept"
    first = story.drift(
        "dmz-edge-a",
        seen,
        [
            story.op(
                "changed", ["table inet murenger", "chain input"], golden, live, before_position=4, after_position=4
            ),
            story.op(
                "changed",
                ["users", "admin"],
                ["user admin password ", story.redacted, " role ops"],
                ["user admin password ", story.redacted | {"redacted": "Zq" + "A" * 41}, " role ops"],
                severity="secret",
            ),
        ],
        effect="widens",
        claimed="ops-shared",
        not_comparable=["vpn / psk"],
    )
    held = story.hold(
        "dmz-edge-a",
        story.at(12, 16, 41),
        "freeze",
        "Change freeze until Friday morning.",
        until=story.at(13, 6),
        guard="windows",
    )
    rest = story.heal("dmz-edge-a", story.at(13, 7, 12), 38, seen=seen, mode="person")
    story.incident(
        "dmz-edge-a",
        IncidentState.HEALED,
        seen,
        story.at(13, 7, 12, 38),
        (first, held, *rest),
        effect="widens",
        approved_by=("alice@corp.example",),
        tickets=("CHG0042137",),
    )


def _rolled_back_then_healed(story: Any) -> None:
    seen = story.at(15, 3, 14, 15)
    rules = [f"ip saddr 198.51.100.{number} tcp dport 22 drop" for number in range(1, 8)]
    before, after = "\n".join(rules), "\n".join(rules[:3] + rules[4:] + ["ip saddr 0.0.0.0/0 tcp dport 22 accept"])
    first = story.drift(
        "core-fw",
        seen,
        [
            story.op("changed", ["table inet murenger", "chain ssh"], before, after),
            story.op("moved", ["table inet murenger", "chain forward", "rule 9"], "ct state invalid drop",
               "ct state invalid drop", before_position=1, after_position=9),
            story.op("removed", ["table inet murenger", "chain output"], "udp dport 53 ip daddr != 192.0.2.53 drop"),
        ],
        effect="both",
        closed=["udp 53 to 192.0.2.53"],
        opened=["tcp 22 from anywhere"],
    )  # fmt: skip
    failed = story.heal("core-fw", story.at(15, 3, 20), 125, seen=seen, verdict="rolled-back")
    rest = story.heal("core-fw", story.at(15, 4, 2), 44, seen=seen)
    story.incident(
        "core-fw",
        IncidentState.HEALED,
        seen,
        story.at(15, 4, 2, 44),
        (first, *failed, *rest),
        effect="both",
        approved_by=("alice@corp.example",),
    )


def _gone_by_itself(story: Any) -> None:
    seen = story.at(16, 10)
    first = story.drift(
        "fw2", seen, [story.op("removed", ["table inet murenger", "chain forward"], "log prefix audit")], effect="none"
    )
    last = story.drift("fw2", story.at(16, 11, 30), [], phase="close")
    story.incident("fw2", IncidentState.ENDED, seen, story.at(16, 11, 30), (first, last), effect="none")


def _held(story: Any) -> None:
    seen = story.at(20, 22, 5)
    first = story.drift(
        "branch-07",
        seen,
        [
            story.op(
                "added", ["table inet murenger", "chain input"], after="ip saddr 203.0.113.66 drop", after_position=1
            )
        ],
        effect="tightens",
        claimed="soc-bot",
    )
    held = story.hold(
        "branch-07", seen, "tightening", "The drift lets less through: somebody may be blocking an attacker."
    )
    story.incident("branch-07", IncidentState.OPEN, seen, None, (first, held), effect="tightens")


def _seen_before_the_period(story: Any) -> None:
    last = story.hold("fw2", story.at(21, 1), "approval-void", "The plan's approval has expired.")
    story.write("drift", story.at(21, 2), "fw2", event="drift-changed", drift={"phase": "change", "ops": []})
    story.incident("fw2", IncidentState.OPEN, None, None, (last, last + 1))


def empty(story: Any) -> PackView:
    """Return a pack of a period in which nothing happened."""
    view: PackView = story.view(days=(), recipient="", purpose="")
    return view


def hostile(story: Any, evil: str) -> PackView:
    """Return a small pack in which every text that others can write is the given one."""
    seen = story.at(9, 1)
    opened = [evil, {"protocol": evil}, {"text": evil, "golden_rule": evil, "live_rule": evil, "certain": False}]
    first = story.drift(
        evil, seen, [story.op("changed", [evil], evil, ["a ", story.redacted, evil]),
                     story.op("added", [evil], after=evil),
                     story.op(evil, [evil], evil, evil, severity=evil)],
        effect="widens", opened=opened, claimed=evil, not_comparable=[evil], examples=[evil],
    )  # fmt: skip
    held = story.hold(evil, seen, evil, evil, guard=evil)
    rest = story.heal(evil, story.at(9, 2), 10, seen=seen)
    other = story.write(evil, story.at(9, 3), evil, event=evil)
    for record in story.records:
        for name in ("change", "approval", "failure", "backout", "golden", "actor", "impact"):
            group = record.said.get(name)
            if isinstance(group, dict):
                group |= {key: evil for key, value in group.items() if isinstance(value, str) or value is None}
    story.records = [dataclasses.replace(record, summary=evil) for record in story.records]
    story.incident(
        evil, IncidentState.OPEN, seen, None, (first, held, *rest), effect=evil, approved_by=(evil,), tickets=(evil,)
    )
    story.incident(evil, IncidentState.HEALED, seen, story.at(9, 4), (other,), summary=evil)
    story.gaps.append(
        GapView(
            kind=GapKind.FAILURE,
            device=evil,
            started_at=seen,
            ended_at=None,
            duration_s=None,
            cause=evil,
            records=(first,),
        )
    )
    view: PackView = story.view(recipient=evil, purpose=evil, origin=evil, devices=(evil,), completeness=(evil,))
    checked = dataclasses.replace(view.verification, findings=(evil,), limits=(evil,), intact=False, exit_code=1)
    asked = tuple(dataclasses.replace(each, title=evil, evidence=evil) for each in requirements(story))
    return dataclasses.replace(view, verification=checked, requirements=asked, algorithms=((evil, evil),))


def requirements(story: Any) -> tuple[RequirementView, ...]:
    """Return some requirements with their records."""
    kinds = {
        "1.2.2": (
            "Every change of a firewall's configuration has a change record",
            ("drift", "plan", "outcome"),
            False,
        ),
        "1.2.8": ("What runs is what was approved and stored", ("drift", "golden"), False),
        "6.5.1": ("A change has reason, impact, approval, test and way back", ("intent", "outcome"), False),
        "10.7.2": ("A failed control is noticed and dealt with", ("drift", "outcome", "failure"), False),
        "11.4.5": ("Segmentation is tested again after a change", ("outcome",), True),
    }
    made = []
    for number, (title, wanted, supporting) in kinds.items():
        records = tuple(record.sequence for record in story.records if record.kind in wanted)
        made.append(
            RequirementView(
                number=number,
                title=title,
                evidence="Each record of these kinds, with who approved it and what was tested.",
                supporting=supporting,
                path=f"by-requirement/{number}.csv",
                records=records,
                count=len(records),
            )
        )
    return tuple(made)
