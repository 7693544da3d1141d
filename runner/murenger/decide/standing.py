"""Standing changes: a class of change that a person approves once, until a date.

Input: the bounds of the class. Output: the bytes that a person signs, and back. Source: RECORDS.md, "Decision file".
"""

import datetime
import hashlib
from collections.abc import Sequence

from murenger.decide.fields import SCHEMA, Fields, encode, plain_text, time_text
from murenger.errors import ApprovalError, ConfigError
from murenger.model import Operation, StandingChange, check_device_name

TYPE = "standing-change"


def standing_change_document(
    *,
    origin: str,
    author: str,
    author_key_fingerprint: str,
    nonce: str,
    not_after: datetime.datetime,
    devices: Sequence[str],
    operations: Sequence[Operation],
    max_differences: int,
    reason: str,
    security_impact: str,
    backout: str,
    test: str,
) -> bytes:
    """Return a standing change as canonical bytes, ready to be signed in namespace change-approval@murenger.

    Args:
        origin: name of the log it is good for.
        author: principal of who wrote it; somebody else must sign.
        author_key_fingerprint: `SHA256:...` of the author's key, or "" where the author has none.
        nonce: at least 16 random letters and digits.
        not_after: when it ends, aware; cut to whole seconds.
        devices: names it covers; at least one, no groups, no patterns.
        operations: kinds of difference that may be healed; at least one.
        max_differences: the largest drift it covers, >= 1.
        reason: why the change is wanted.
        security_impact: what the change means for security.
        backout: how the change is undone.
        test: how the change is checked.

    Raises:
        ApprovalError: what was given is not a standing change that `parse_standing_change` would take.
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
            "not_after": time_text(not_after),
            "devices": sorted(devices),
            "operations": sorted(operation.value for operation in operations),
            "max_differences": max_differences,
            "reason": plain_text(reason),
            "security_impact": plain_text(security_impact),
            "backout": plain_text(backout),
            "test": plain_text(test),
        },
    )
    parse_standing_change(content)
    return content


def parse_standing_change(content: bytes) -> StandingChange:
    """Return what the bytes of a standing change say; signature and end are for others to check.

    Raises:
        ApprovalError: the bytes are not canonical, or a field is missing, unknown, empty or ill-formed.
    """
    fields = Fields.of(content, TYPE)
    fields.nonce("nonce")
    fields.text("author_key_fp", may_be_empty=True)
    change = StandingChange(
        sha256=hashlib.sha256(content).hexdigest(),
        origin=fields.text("origin"),
        author=fields.text("author"),
        devices=_devices(fields),
        operations=_operations(fields),
        max_differences=fields.number("max_differences"),
        not_after=fields.time("not_after"),
        reason=fields.text("reason"),
        security_impact=fields.text("security_impact"),
        backout=fields.text("backout"),
        test=fields.text("test"),
    )
    fields.finish()
    return change


def _devices(fields: Fields) -> tuple[str, ...]:
    devices = fields.texts("devices")
    if not devices or len(set(devices)) != len(devices):
        raise fields.wrong("devices", "a list of at least one name, each once")
    for name in devices:
        try:
            check_device_name(name)
        except ConfigError as exc:
            raise ApprovalError(f"{TYPE}: {exc.message}", hint=exc.hint) from exc
    return devices


def _operations(fields: Fields) -> tuple[str, ...]:
    operations = fields.texts("operations")
    known = {operation.value for operation in Operation}
    if not operations or len(set(operations)) != len(operations) or not known.issuperset(operations):
        raise fields.wrong("operations", f"a list of at least one of {', '.join(sorted(known))}, each once")
    return operations
