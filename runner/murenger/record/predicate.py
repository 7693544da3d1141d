"""Names that are part of every signed byte: predicate types, namespaces, versions.

Input: nothing. Output: constants; changing one would orphan every record already written.
"""

import re

from murenger.model import RecordKind

BASE = "https://murenger.dev/predicate"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
SCHEMA = "1.0"

GENESIS_PREVIOUS = "0" * 64

RECORD_NAMESPACE = "change-record@murenger"

# The role that a person signs in follows from the kind of decision file, never from what a record says about it.
DECISION_NAMESPACES = {
    "plan": "change-approval@murenger",
    "standing-change": "change-approval@murenger",
    "break-glass": "break-glass@murenger",
    "waiver": "waiver@murenger",
    "grant": "grant@murenger",
    "golden": "golden@murenger",
    "review": "review@murenger",
    "key-event": "key-event@murenger",
}

# Keys that shell tools read with a plain search, so they occur at most once in a record, at whatever depth.
UNIQUE_KEYS = ("seq", "prev_record_sha256", "plan_sha256", "decision_sha256")

# A log's name is also its folder's name, so it can never lead out of the store.
ORIGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9@._-]{0,127}")

# Far above any honest record (a diff of 100,000 rules is about 20 MiB), far below what would exhaust memory.
MAX_RECORD_BYTES = 64 * 1024 * 1024
MAX_SIGNATURE_BYTES = 64 * 1024


def predicate_type(kind: RecordKind) -> str:
    """Return the predicateType of a kind."""
    return f"{BASE}/{kind.value}/v1"
