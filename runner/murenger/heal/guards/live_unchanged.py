"""Guard live-unchanged: what is about to be overwritten is what was compared (compare-and-swap).

Input: what live was and what it is on the connection that will commit. Output: a check, or a refusal.
"""

import datetime

from murenger.errors import GuardRefusedError
from murenger.model import Check, Digest


class LiveUnchangedGuard:
    """Refuses to overwrite what was not compared; asked at the device, immediately before commit."""

    name = "live-unchanged"

    def check_live(self, *, device: str, compared: Digest, live: Digest, now: datetime.datetime) -> Check:
        """Return that live is what was compared.

        Args:
            device: name of the device.
            compared: digest of live that the plan was made from.
            live: digest of live, read on the committing connection after the candidate was loaded.
            now: the time.

        Raises:
            GuardRefusedError: they differ; nothing was applied.
        """
        if live != compared:
            raise GuardRefusedError(
                "live is no longer what was compared",
                guard=self.name,
                device=device,
                hint="it is compared again at the next pass",
            )
        return Check(name=f"guard {self.name}", expected=compared, observed=live, passed=True, at=now)
