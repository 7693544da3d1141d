"""Does a statement keep the schema of its kind? Asked of every record, so answered without looking twice.

Input: a parsed statement and its bytes. Output: nothing, or what is wrong in the words of `record.schema`.
"""

from murenger.record.predicate import UNIQUE_KEYS
from murenger.record.schema import check_statement, validator_of
from murenger.record.verify.examined import Examined

# Canonical bytes escape quotes in text, so this can only be a key.
_SEQ, _PREVIOUS, _PLAN, _DECISION = (f'"{key}":'.encode() for key in UNIQUE_KEYS)


def check_contract(record: Examined) -> None:
    """Refuse a record that breaks the schema of its kind.

    Raises:
        ValueError: it does, and how.
        RecursionError: it is nested too deeply.
    """
    if record.statement is None or record.content is None:
        return
    content = record.content
    if (
        record.kind is None
        or content.count(_SEQ) > 1
        or content.count(_PREVIOUS) > 1
        or content.count(_PLAN) > 1
        or content.count(_DECISION) > 1
        or not validator_of(record.kind).is_valid(record.statement)
    ):
        check_statement(record.statement)
        raise ValueError("the record breaks the schema of its kind")
