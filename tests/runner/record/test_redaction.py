"""Secrets in records: provable later, guessable never."""

import base64
import json
import subprocess
from typing import Any

from murenger.model import RecordKind
from murenger.record.redaction import make_disclosure


def test_a_disclosure_opens_its_redaction_with_openssl_alone() -> None:
    disclosure = make_disclosure("fw1 / users", "hunter2")
    digest = subprocess.run(
        ["openssl", "dgst", "-sha256", "-binary"], input=disclosure.text.encode(), capture_output=True, check=True
    ).stdout
    assert base64.urlsafe_b64encode(digest).decode().rstrip("=") == disclosure.digest
    salt, name, value = json.loads(base64.urlsafe_b64decode(disclosure.text + "=="))
    assert (name, value) == ("fw1 / users", "hunter2")
    assert len(base64.urlsafe_b64decode(salt + "==")) == 16


def test_the_same_secret_is_never_redacted_alike_twice() -> None:
    assert make_disclosure("x", "hunter2").digest != make_disclosure("x", "hunter2").digest
    assert "hunter2" not in repr(make_disclosure("x", "hunter2"))


def test_no_keyed_fingerprint_is_left_in_any_record(told: Any) -> None:
    for record in told.ledger.records():
        assert b"murenger-secret" not in record.content
    assert told.disclosed


def test_device_text_that_reads_redacted_stays_apart_from_a_redaction(told: Any) -> None:
    drift = next(r for r in told.ledger.records() if r.kind is RecordKind.DRIFT)
    after = json.loads(drift.content)["predicate"]["drift"]["ops"][1]["after"]
    assert after[0] == "user admin password "
    assert set(after[1]) == {"alg", "redacted"}
    assert after[2] == " <redacted>"
