"""Port Notifier: a syslog receiver, such as a SIEM.

Input: incidents. Output: one line of RFC 5424 for each message, whose text is a CEF line.
"""

from pathlib import Path

from murenger.adapters.notify.cef import incident_line
from murenger.adapters.notify.errors import channel_errors
from murenger.adapters.syslog import SyslogClient, syslog_line
from murenger.model.impact import Risk
from murenger.model.incident import Incident
from murenger.model.terminal import escape_for_terminal
from murenger.ports import Clock

TIMEOUT_S = 10.0

# Source: RFC 5424, section 6.2.1: critical, error, warning, notice.
_SEVERITIES = {Risk.CRITICAL: 2, Risk.HIGH: 3, Risk.MEDIUM: 4, Risk.LOW: 5}


class SyslogNotifier:
    """Port `Notifier` on a syslog receiver.

    Args:
        name: the channel's name in murenger.yml.
        client: the way to the receiver.
        clock: the time in the line.
        version: of murenger.
    """

    def __init__(self, name: str, client: SyslogClient, *, clock: Clock, version: str) -> None:
        self._name = name
        self._client = client
        self._clock = clock
        self._version = version

    @property
    def name(self) -> str:
        """The channel's name in murenger.yml."""
        return self._name

    def notify(self, incident: Incident) -> None:
        """Send one message as one line.

        Raises:
            NotifyError: the receiver is down, slow, not who it should be, or closed before it took the line.
        """
        with channel_errors(self._name, self._client.peer):
            self._client.send(self._line(incident))

    def state(self) -> str:
        """Return who takes connections; nothing is sent.

        Raises:
            NotifyError: nobody does, or not who it should be.
        """
        with channel_errors(self._name, self._client.peer):
            return self._client.state()

    def _line(self, incident: Incident) -> bytes:
        values = {
            "incident": incident.id,
            "number": str(incident.number),
            "phase": incident.phase.value,
            "kind": incident.kind.value,
            "severity": incident.severity.value,
            "origin": incident.origin,
            "device": incident.device,
        }
        return syslog_line(
            severity=_SEVERITIES[incident.severity],
            at=self._clock.now(),
            message_id="incident",
            values={name: _one_line(value) for name, value in values.items() if value},
            text=_one_line(incident_line(incident, version=self._version)),
        )


def _one_line(text: str) -> str:
    """Return a text that a line may hold: the rest of it is escaped already where CEF asks for that."""
    return escape_for_terminal(text).replace("\n", " ").replace("\t", " ")


def syslog_notifier(
    name: str,
    host: str,
    port: int,
    *,
    tls_ca: Path | None,
    clock: Clock,
    version: str,
    timeout_s: float = TIMEOUT_S,
) -> SyslogNotifier:
    """Return the notifier of a receiver; for the arguments see `SyslogClient` and `SyslogNotifier`."""
    client = SyslogClient(host, port, tls_ca=tls_ca, clock=clock, timeout_s=timeout_s)
    return SyslogNotifier(name, client, clock=clock, version=version)
