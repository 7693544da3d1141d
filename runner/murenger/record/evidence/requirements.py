"""Which requirements of PCI DSS v4.0.1 a change record speaks to, by number and in our own words.

Input: a record's kind and what it says. Output: numbers of requirements, and what to tell an assessor about each.

The numbers were taken from third-party copies of the standard and are to be checked against the official text, which is
copyrighted and is not quoted here. A record is evidence for a requirement; it never makes anybody compliant.
"""

import dataclasses
import re
from collections.abc import Mapping

from murenger.model import JsonValue


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One requirement that the pack has records for.

    Attributes:
        number: such as `1.2.2`.
        title: what an assessor looks for, in our own words.
        evidence: what the pack has for it, in our own words.
        kinds: kinds of records that speak to it.
        supporting: True if people or other tools must complete it.
    """

    number: str
    title: str
    evidence: str
    kinds: frozenset[str]
    supporting: bool = False


_CHANGE = ("plan", "approval", "intent", "outcome")
_PEOPLE = ("approval", "waiver", "grant", "review", "golden", "key-event")


def _requirement(number: str, kinds: tuple[str, ...], title: str, evidence: str, *, more: bool = False) -> Requirement:
    return Requirement(number=number, title=title, evidence=evidence, kinds=frozenset(kinds), supporting=more)


REQUIREMENTS: tuple[Requirement, ...] = (
    _requirement(
        "1.2.1",
        ("golden",),
        "A standard for rulesets exists, and settings follow it",
        "each golden policy that was adopted: revision, digest, signer, and when it was first judged",
    ),
    _requirement(
        "1.2.2",
        ("drift", "golden", "waiver", "grant", "hold", *_CHANGE),
        "Every change of a control's configuration is found in the change process",
        "every configuration change that was observed, with the record of what was decided and done about it",
    ),
    _requirement(
        "1.2.5",
        ("golden", "waiver", "grant"),
        "Services that are let through are justified and approved",
        "the approved policy, and each accepted difference and time-boxed access with owner, reason and end",
        more=True,
    ),
    _requirement(
        "1.2.7",
        ("review",),
        "Rulesets are reviewed at least every six months",
        "signed reviews: period, items, dispositions, and when the next one is due",
    ),
    _requirement(
        "1.2.8",
        ("drift", "golden", "outcome", "heartbeat"),
        "Stored configurations are protected and match what runs",
        "comparisons of the running configuration with the signed golden policy, and what was done about differences",
    ),
    _requirement(
        "1.3.1",
        ("drift", "outcome"),
        "Inbound traffic is limited to what is needed",
        "what each drift opened or closed, as far as it was assessed",
        more=True,
    ),
    _requirement(
        "1.3.2",
        ("drift", "outcome"),
        "Outbound traffic is limited to what is needed",
        "what each drift opened or closed, as far as it was assessed",
        more=True,
    ),
    _requirement(
        "1.4.1",
        ("drift", "outcome"),
        "Controls stand between trusted and untrusted networks",
        "what each drift opened or closed, as far as it was assessed",
        more=True,
    ),
    _requirement(
        "6.5.1",
        (*_CHANGE, "hold"),
        "A change has a reason, an impact, an approval, a test and a way back",
        "each change with reason, security impact, approval reference, tests before and after, and back-out",
    ),
    _requirement(
        "6.5.2",
        ("outcome",),
        "After a significant change the controls are confirmed again",
        "reads over a fresh connection after each change, and the retest that it calls for",
        more=True,
    ),
    _requirement(
        "6.5.4",
        ("approval", "intent", "outcome"),
        "Whoever makes a change is not the one who approves it",
        "author and approver of each decision, told apart by key",
        more=True,
    ),
    _requirement(
        "8.2.1",
        _PEOPLE,
        "Actions are tied to one person",
        "the principal and key fingerprint behind each decision",
        more=True,
    ),
    _requirement(
        "8.2.7",
        ("grant",),
        "Access by third parties is open only while it is needed",
        "time-boxed access: when it was opened, used, closed",
        more=True,
    ),
    _requirement(
        "10.2.1.2",
        ("drift", "intent", "outcome", "grant"),
        "Actions with administrative rights are logged",
        "changes that others made, with the attribution and how far it is trusted, and those that were made here",
    ),
    _requirement(
        "10.2.2",
        ("*",),
        "Log entries say who, what, when, with what result, from where, and about what",
        "every record of the period: each carries these fields by schema",
    ),
    _requirement(
        "10.3.3",
        ("genesis", "export"),
        "Logs are copied where their subjects cannot change them",
        "the anchoring policy, receipts of anchors beside the records, and packs that were handed out",
        more=True,
    ),
    _requirement(
        "10.3.4",
        ("genesis", "recovery", "key-event", "prune"),
        "Changes to logs are noticed",
        "signatures, chain and daily seals over every record, and what was found and put aside",
    ),
    _requirement(
        "10.4.1",
        ("review", "heartbeat", "drift", "failure"),
        "Security events are reviewed daily",
        "daily dispositions where people signed them, and the events themselves",
        more=True,
    ),
    _requirement(
        "10.5.1",
        ("genesis", "prune"),
        "Logs are kept for a year",
        "the retention that the log promised, and each removal of days past it",
    ),
    _requirement(
        "10.6.1",
        ("heartbeat", "recovery", "runner"),
        "Clocks agree",
        "what each record says of its clock, and each step of it",
        more=True,
    ),
    _requirement(
        "10.7.2",
        ("failure", "drift", "outcome", "runner"),
        "The failure of a critical control is noticed, alerted and dealt with",
        "each interval in which a control or this program itself failed: start, detection, end",
    ),
    _requirement(
        "10.7.3",
        ("failure", "drift", "outcome", "review"),
        "A failed control is restored, and cause, duration and prevention are written down",
        "duration, cause, remedy, and when monitoring resumed, of each such interval",
    ),
    _requirement(
        "11.4.5",
        ("outcome", "golden"),
        "Segmentation is tested again after it was changed",
        "changes that call for a retest; the test itself is somebody else's",
        more=True,
    ),
    _requirement(
        "11.5.2",
        ("heartbeat", "drift", "failure", "runner"),
        "Unauthorised changes of critical files are looked for at least weekly",
        "each scan with its population, the largest gap between two, and each difference found",
    ),
    _requirement(
        "12.3.3",
        ("genesis", "key-event"),
        "Cryptography in use is listed and watched",
        "algorithms and keys of this log; see also evidence.json",
        more=True,
    ),
    _requirement(
        "12.4.2",
        ("review",),
        "Reviews are made by people other than those who do the work",
        "who signed each review, and whether they were independent",
        more=True,
    ),
    _requirement(
        "12.10.5",
        ("drift", "failure", "approval", "outcome", "hold"),
        "The incident plan covers alerts of network controls and of change detection",
        "when each was found, acknowledged, acted upon and closed",
        more=True,
    ),
)

_NUMBER = re.compile(r"[0-9]{1,2}(?:\.[0-9]{1,2}){1,4}")


def requirements_of(kind: str, said: Mapping[str, JsonValue]) -> tuple[str, ...]:
    """Return the numbers of the requirements that a record speaks to, in the order of `REQUIREMENTS`.

    Args:
        kind: of the record.
        said: its predicate; numbers that the record itself names are added where they are in the table.
    """
    named = said.get("pci")
    own = (
        {item for item in named if isinstance(item, str) and _NUMBER.fullmatch(item)} if isinstance(named, list) else ()
    )
    return tuple(item.number for item in REQUIREMENTS if kind in item.kinds or "*" in item.kinds or item.number in own)
