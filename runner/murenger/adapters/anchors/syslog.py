"""A syslog receiver as an anchor: one line for each head, on a host that others administer.

Input: the head of the log. Output: the line that was sent. Syslog knows no receipt: nobody signs that the line was
kept, so it never counts as held elsewhere.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from murenger.adapters.anchors.exchange import anchor_errors
from murenger.adapters.syslog import SyslogClient, syslog_line
from murenger.errors import AnchorError
from murenger.model import AnchorHead, Receipt, ReceiptKind
from murenger.ports import Clock

TIMEOUT_S = 20.0

# Severity 5: notice.
_SEVERITY = 5


class SyslogSink:
    """Port `AnchorSink` on a syslog receiver.

    Args:
        name: the sink's name in murenger.yml.
        host: the receiver's name or address; with TLS its certificate must carry it.
        port: 1 to 65535; 6514 is the usual one for TLS.
        tls_ca: certificates that may vouch for the receiver, PEM; None for plain TCP, which anybody on the way can
            read, change and swallow.
        clock: the time in the line, and how time passes.
        timeout_s: seconds for one line, everything together, > 0.
    """

    def __init__(
        self, name: str, host: str, port: int, *, tls_ca: Path | None, clock: Clock, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._name = name
        self._client = SyslogClient(host, port, tls_ca=tls_ca, clock=clock, timeout_s=timeout_s)
        self._clock = clock

    @property
    def name(self) -> str:
        """The sink's name in murenger.yml."""
        return self._name

    def submit(self, head: AnchorHead, *, proof: Callable[[int], Sequence[bytes]]) -> Receipt:
        """Send the head as one line.

        Args:
            head: where the log ends.
            proof: not asked, for syslog remembers nothing that could be asked.

        Raises:
            AnchorError: the receiver is down, slow, not who it should be, answers, or closed before it took the line.
        """
        del proof
        line = self._line(head)
        with anchor_errors(self._name, self._client.peer):
            self._client.send(line)
        return Receipt(
            sink=self._name,
            kind=ReceiptKind.SYSLOG,
            sequence=head.sequence,
            content=line + b"\n",
            at=None,
            held_elsewhere=False,
        )

    def state(self) -> str:
        """Return who takes connections; nothing is sent.

        Raises:
            AnchorError: nobody does, or not who it should be.
        """
        with anchor_errors(self._name, self._client.peer):
            return self._client.state()

    def _line(self, head: AnchorHead) -> bytes:
        values = {
            "origin": head.origin,
            "seq": str(head.sequence),
            "head": head.sha256,
            "size": str(head.size),
            "root": head.root,
        }
        try:
            return syslog_line(
                severity=_SEVERITY, at=self._clock.now(), message_id="anchor", values=values, text=head.line
            )
        except ValueError as exc:
            raise AnchorError(f"anchor {self._name}: {exc}") from exc
