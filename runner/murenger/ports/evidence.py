"""Evidence from outside: what a time-stamping authority proves, as far as it can be checked offline.

Input: bytes and a token over them. Output: a time, or a refusal with its reason.
"""

import datetime
from typing import Protocol


class TimestampVerifier(Protocol):
    """Checks time stamps against the authorities that somebody trusts."""

    def verify_timestamp(
        self, content: bytes, token: bytes, *, at: datetime.datetime | None = None
    ) -> datetime.datetime:
        """Return the time that a token proves for some bytes.

        Args:
            content: the exact bytes.
            token: RFC 3161 TimeStampResp, DER.
            at: when the authority's certificate must be valid; None for now.

        Raises:
            SignatureError: `reason` is invalid (other bytes, or no token), unknown (a stranger made it) or expired (the
                authority's certificate is outside its validity); "" where nothing can be checked at all.
        """
        ...
