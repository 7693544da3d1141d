"""Time stamps as RFC 3161 has them, judged by the `openssl` program and by nothing of ours.

Input: bytes and what a time-stamping authority made over them. Output: queries, and the time that a token proves.
"""

from murenger.adapters.openssl.process import openssl_version
from murenger.adapters.openssl.timestamp import (
    MAX_TOKEN_BYTES,
    check_reply,
    check_timestamp,
    make_query,
)

__all__ = [
    "MAX_TOKEN_BYTES",
    "check_reply",
    "check_timestamp",
    "make_query",
    "openssl_version",
]
