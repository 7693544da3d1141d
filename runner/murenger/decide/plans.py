"""Plan files: one change to one device, as a person approves it.

Input: a plan. Output: the bytes that a person signs, and back. Source: RECORDS.md, "Decision file". Origin, serial,
digest before, nonce and end keep an approval from being used for another log, device, state or time.
"""

import dataclasses
import datetime
import hashlib

from murenger.decide.fields import SCHEMA, Fields, encode, plain_text, time_text
from murenger.errors import ApprovalError, ConfigError
from murenger.model import (
    Digest,
    Effect,
    Impact,
    JsonValue,
    Plan,
    SafetyNet,
    Verdict,
    check_device_name,
)

TYPE = "plan"
DEFAULT_TEST = ("live, read over a fresh connection, equals the expected digest",)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PlannedImpact:
    """What a plan file says of the traffic that the drift opened or closed.

    Attributes:
        verdict: equal, different or unknown.
        effect: direction of the change.
        opened: traffic that only live permits, one line each.
        closed: traffic that only golden permits.
        unknowns: what is not decided.
    """

    verdict: Verdict
    effect: Effect
    opened: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    unknowns: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PlanDocument:
    """What a plan file says.

    Attributes:
        sha256: hex digest of the file's exact bytes.
        origin: name of the log it is good for.
        author: who made the plan; never its signer.
        author_key_fingerprint: `SHA256:...` of the author's key, or "".
        nonce: what makes two plans for the same change two files.
        not_after: after this the plan may not be carried out.
        made_at: when it was made.
        device: name of the device.
        platform: a dialect's name.
        serial: the device's serial number, or "".
        before_digest: live when the plan was made, and still when it is carried out.
        golden_digest: digest of the golden text.
        golden_revision: git commit of the golden policy.
        commands: what will be applied, in order, live -> golden; no secret.
        expected_digest: what a read after the change must give.
        impact: what the drift lets through or blocks; witnesses are not part of the file.
        test: checks that follow the change.
        safety_net: how the device returns by itself.
        revert_in_s: seconds until it does.
        reason: why the change is wanted.
        security_impact: what the change means for security.
    """

    sha256: str
    origin: str
    author: str
    author_key_fingerprint: str
    nonce: str
    not_after: datetime.datetime
    made_at: datetime.datetime
    device: str
    platform: str
    serial: str
    before_digest: Digest
    golden_digest: Digest
    golden_revision: str
    commands: tuple[str, ...]
    expected_digest: Digest
    impact: PlannedImpact
    test: tuple[str, ...]
    safety_net: SafetyNet
    revert_in_s: int
    reason: str
    security_impact: str


def plan_document(
    plan: Plan,
    *,
    origin: str,
    author: str,
    author_key_fingerprint: str,
    nonce: str,
    reason: str,
    security_impact: str,
    test: tuple[str, ...] = DEFAULT_TEST,
) -> bytes:
    """Return a plan as canonical bytes, ready to be signed in namespace change-approval@murenger.

    Args:
        plan: the plan; its `expires_at` becomes the end of any approval.
        origin: name of the log it is good for.
        author: principal of who made the plan, which is the runner or the person at the command line.
        author_key_fingerprint: `SHA256:...` of the author's key, or "" where the author has none.
        nonce: at least 16 random letters and digits.
        reason: why the change is wanted.
        security_impact: what the change means for security.
        test: checks that will follow the change.

    Raises:
        ApprovalError: what was given is not a plan that `parse_plan` would take.
    """
    content = encode(
        TYPE,
        {
            "type": TYPE,
            "schema": SCHEMA,
            "origin": origin,
            "author": author,
            "author_key_fp": author_key_fingerprint,
            "nonce": nonce,
            "not_after": time_text(plan.expires_at),
            "made_at": time_text(plan.made_at),
            "device": {"name": plan.device, "platform": plan.platform, "serial": plain_text(plan.serial)},
            "before": {"sha256": _hex(plan.drift.live_digest)},
            "golden": {"sha256": _hex(plan.drift.golden_digest), "commit": plan.golden_revision},
            "commands": [plain_text(step) for step in plan.steps],
            "after": {"sha256": _hex(plan.expected_digest)},
            "impact": _impact(plan.drift.impact),
            "test": [plain_text(name) for name in test],
            "backout": {"method": plan.safety_net.value, "timer_s": plan.revert_in_s},
            "change": {"reason": plain_text(reason), "security_impact": plain_text(security_impact)},
        },
    )
    parse_plan(content)
    return content


def parse_plan(content: bytes) -> PlanDocument:
    """Return what the bytes of a plan file say; signature and end are for others to check.

    Raises:
        ApprovalError: the bytes are not canonical, or a field is missing, unknown, empty or ill-formed.
    """
    fields = Fields.of(content, TYPE)
    device, golden, backout, change = (fields.inner(name) for name in ("device", "golden", "backout", "change"))
    before, after, impact = (fields.inner(name) for name in ("before", "after", "impact"))
    document = PlanDocument(
        sha256=hashlib.sha256(content).hexdigest(),
        origin=fields.text("origin"),
        author=fields.text("author"),
        author_key_fingerprint=fields.text("author_key_fp", may_be_empty=True),
        nonce=fields.nonce("nonce"),
        not_after=fields.time("not_after"),
        made_at=fields.time("made_at"),
        device=_device_name(device),
        platform=device.text("platform"),
        serial=device.text("serial", may_be_empty=True),
        before_digest=before.digest("sha256"),
        golden_digest=golden.digest("sha256"),
        golden_revision=golden.revision("commit"),
        commands=_some(fields, "commands"),
        expected_digest=after.digest("sha256"),
        impact=_parse_impact(impact),
        test=_some(fields, "test"),
        safety_net=_safety_net(backout),
        revert_in_s=backout.number("timer_s"),
        reason=change.text("reason"),
        security_impact=change.text("security_impact"),
    )
    for part in (fields, device, before, golden, after, impact, backout, change):
        part.finish()
    return document


def match_plan(document: PlanDocument, plan: Plan, *, test: tuple[str, ...] = DEFAULT_TEST) -> None:
    """Refuse to carry out a plan under a plan file that says something else.

    Args:
        document: what was approved.
        plan: what would be carried out now.
        test: checks that would follow it now.

    Raises:
        ApprovalError: device, serial, live, golden, commands, result, tests or way back differ; the message says which.
    """
    pairs = (
        ("device", document.device, plan.device),
        ("platform", document.platform, plan.platform),
        ("serial number", document.serial, plain_text(plan.serial)),
        ("live configuration", document.before_digest, plan.drift.live_digest),
        ("golden text", document.golden_digest, plan.drift.golden_digest),
        ("golden revision", document.golden_revision, plan.golden_revision),
        ("commands", document.commands, tuple(plain_text(step) for step in plan.steps)),
        ("expected result", document.expected_digest, plan.expected_digest),
        ("tests", document.test, tuple(plain_text(name) for name in test)),
        ("safety net", document.safety_net, plan.safety_net),
        ("revert time", document.revert_in_s, plan.revert_in_s),
    )
    changed = [name for name, approved, current in pairs if approved != current]
    if changed:
        raise ApprovalError(
            f"plan {document.sha256[:12]} is void: {', '.join(changed)} changed since it was made",
            device=plan.device,
            hint="make a new plan and have that approved",
        )


def _hex(digest: Digest) -> str:
    return digest.removeprefix("sha256:")


def _some(fields: Fields, name: str) -> tuple[str, ...]:
    texts = fields.texts(name)
    if not texts:
        raise fields.wrong(name, "a list of at least one text")
    return texts


def _impact(impact: Impact) -> dict[str, JsonValue]:
    return {
        "verdict": impact.verdict.value,
        "effect": impact.effect.value,
        "opened": [plain_text(flow.text) for flow in impact.opened],
        "closed": [plain_text(flow.text) for flow in impact.closed],
        "unknowns": [plain_text(text) for text in impact.unknowns],
    }


def _parse_impact(fields: Fields) -> PlannedImpact:
    verdict, effect = fields.text("verdict"), fields.text("effect")
    if verdict not in {member.value for member in Verdict}:
        raise fields.wrong("verdict", "equal, different or unknown")
    if effect not in {member.value for member in Effect}:
        raise fields.wrong("effect", "none, widens, tightens, both or unknown")
    return PlannedImpact(
        verdict=Verdict(verdict),
        effect=Effect(effect),
        opened=fields.texts("opened"),
        closed=fields.texts("closed"),
        unknowns=fields.texts("unknowns"),
    )


def _safety_net(fields: Fields) -> SafetyNet:
    method = fields.text("method")
    if method not in {member.value for member in SafetyNet}:
        raise fields.wrong("method", " or ".join(member.value for member in SafetyNet))
    return SafetyNet(method)


def _device_name(fields: Fields) -> str:
    try:
        return check_device_name(fields.text("name"))
    except ConfigError as exc:
        raise ApprovalError(f"{TYPE}: {exc.message}", hint=exc.hint) from exc
