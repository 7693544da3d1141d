"""The pack described: `evidence.json` for programs, `VERIFY.md` for people.

Input: what was asked for and what was found. Output: JSON data and Markdown text.
"""

import dataclasses
import importlib.resources
import re
import string
from collections.abc import Mapping

from murenger.model import JsonValue
from murenger.record.evidence.order import PackOrder, PackSource
from murenger.record.evidence.survey import Survey
from murenger.record.evidence.view import PackView
from murenger.record.groups import time_text
from murenger.secrets.terminal import escape_for_terminal

SCHEMA = "murenger.evidence/1"
_TEMPLATE = "VERIFY.md"
_DAY_BY_HAND = """
    cd days/DAY                                                 # a day, and the seal of the day before
    sha256sum -c --strict SHA256SUMS
    ssh-keygen -Y verify -f DIR/allowed_signers -I RUNNER -n change-record@murenger -s SHA256SUMS.sig < SHA256SUMS
    openssl ts -verify -data SHA256SUMS -in SHA256SUMS.tsr -CAfile DIR/tsa-roots.pem
    openssl ts -reply -in SHA256SUMS.tsr -text | grep 'Time stamp'
"""
_PRINCIPAL = re.compile(r"[A-Za-z0-9@._-]+")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What `evidence.json` says.

    Attributes:
        data: the JSON object.
        version: of murenger.
        runner: principal of the runner, as the records name it.
        sealed_day: the newest sealed day in the pack, or "".
        first: number of the first record.
        last: number of the last record.
    """

    data: Mapping[str, JsonValue]
    version: str
    runner: str
    sealed_day: str
    first: int
    last: int


def describe(order: PackOrder, source: PackSource, survey: Survey, view: PackView) -> Facts:
    """Return the description of a pack whose records were all taken in.

    Args:
        order: what was asked for.
        source: what the pack is made of.
        survey: what the first pass added up; it has a head.
        view: what the pages show.
    """
    head = survey.head or (0, "")
    first = next((day.first for day in source.days if day.first is not None), head[0])
    verification = view.verification
    data: dict[str, JsonValue] = {
        "schema": SCHEMA,
        "origin": order.origin,
        "made_at": time_text(order.made_at),
        "murenger": order.version,
        "recipient": order.recipient or None,
        "purpose": order.purpose or None,
        "period": {"from": f"{order.period_from}", "to": f"{order.period_to}"},
        "devices": list(order.devices),
        "days": [
            {
                "day": day.name,
                "first": day.first,
                "last": day.last,
                "sealed": day.sealed,
                "stamped": day.stamped,
            }
            for day in source.days
        ],
        "carried_manifest": source.carried or None,
        "unsealed_days": list(source.unsealed),
        "records": {"first": first, "last": head[0], "count": survey.records, "heartbeats": survey.heartbeats},
        "head": {"number": head[0], "sha256": head[1]},
        "checkpoint": source.checkpoints[0].decode("utf-8", "replace") if source.checkpoints else None,
        "incidents": len(view.incidents),
        "gaps": {"count": len(view.gaps), "largest_s": view.largest_gap_s},
        "requirements": {item.number: item.count for item in view.requirements},
        "verification": {
            "exit_code": verification.exit_code,
            "intact": verification.intact,
            "at": time_text(verification.at),
            "findings": list(verification.findings),
            "limits": list(verification.limits),
            "head": {"number": verification.head_sequence, "sha256": verification.head_sha256 or None},
        },
        "completeness": list(view.completeness),
        "algorithms": [{"for": purpose, "algorithm": algorithm} for purpose, algorithm in view.algorithms],
    }
    return Facts(
        data=data,
        version=order.version,
        runner=_runner(view),
        sealed_day=next((day.name for day in reversed(source.days) if day.sealed), ""),
        first=first,
        last=head[0],
    )


def instructions(facts: Facts, view: PackView, *, script_sha256: str) -> bytes:
    """Return `VERIFY.md`.

    Args:
        facts: the description.
        view: what the pages show.
        script_sha256: hex digest of `verify.sh`.
    """
    template = string.Template(importlib.resources.files(__package__).joinpath(_TEMPLATE).read_text("utf-8"))
    whom = f" for {view.recipient}" if view.recipient else ""
    purpose = f" ({view.purpose})" if view.purpose else ""
    values = {
        "origin": view.origin,
        "period_from": f"{view.period_from}",
        "period_to": f"{view.period_to}",
        "first": str(facts.first),
        "last": str(facts.last),
        "made_at": time_text(view.made_at),
        "version": facts.version,
        "for_whom": _line(whom + purpose),
        "verdict": _verdict(view),
        "verify_sha256": script_sha256,
        "runner": facts.runner,
        "day_by_hand": _DAY_BY_HAND.replace("DAY", facts.sealed_day).replace("RUNNER", facts.runner)
        if facts.sealed_day
        else "",
        "last_path": view.records[-1].path if view.records else "days/DAY/records/NUMBER.json",
        "completeness": "\n".join(f"* {_line(item)}" for item in view.completeness),
        "algorithms": "\n".join(f"* {_line(purpose)}: {_line(algorithm)}" for purpose, algorithm in view.algorithms),
    }
    return template.substitute(values).encode("utf-8", "backslashreplace")


def _verdict(view: PackView) -> str:
    verification = view.verification
    if verification.intact:
        return f"When it was made, `murenger verify` found no fault in the log (exit code {verification.exit_code})."
    faults = "\n".join(f"* {_line(finding)}" for finding in verification.findings)
    return (
        "**WARNING: THE LOG DID NOT VERIFY WHEN THIS PACK WAS MADE.** It was handed out all the same, by explicit "
        f"request. `murenger verify` found:\n\n{faults}"
    )


def _runner(view: PackView) -> str:
    for record in view.records:
        executor = record.said.get("executor")
        named = executor.get("runner_id") if isinstance(executor, Mapping) else None
        # It becomes part of a command that people copy.
        if isinstance(named, str) and _PRINCIPAL.fullmatch(named):
            return named
    return "RUNNER"


def _line(text: str) -> str:
    """Return text that cannot start anything of its own in Markdown or a terminal."""
    shown = escape_for_terminal(text).replace("\n", " ").replace("\t", " ")
    return "".join(f"\\{character}" if character in "`*_[]<>|#!" else character for character in shown)
