"""The sinks of a log, each made from what murenger.yml says of it.

Input: settings. Output: ports `AnchorSink`, bound to the world.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from murenger.adapters.anchors.git import GitSink
from murenger.adapters.anchors.rfc3161 import TimestampSink
from murenger.adapters.anchors.syslog import SyslogSink
from murenger.adapters.anchors.witness import WitnessSink
from murenger.config import (
    AnchorSettings,
    GitSinkSettings,
    SinkSettings,
    SyslogSinkSettings,
    TimestampSinkSettings,
    WitnessSinkSettings,
)
from murenger.errors import AnchorError, ConfigError, MurengerError, SignatureError
from murenger.model import AnchorHead, Receipt
from murenger.ports import AnchorSink, Clock


class UnusableSink:
    """Port `AnchorSink` that says why there is none.

    Args:
        name: the sink's name in murenger.yml.
        error: why it could not be made.
    """

    def __init__(self, name: str, error: MurengerError) -> None:
        self._name = name
        self._error = error

    @property
    def name(self) -> str:
        """The sink's name in murenger.yml."""
        return self._name

    def submit(self, head: AnchorHead, *, proof: Callable[[int], Sequence[bytes]]) -> Receipt:
        """Refuse the head.

        Raises:
            AnchorError: always.
        """
        del head, proof
        raise AnchorError(self._error.message, hint=self._error.hint) from self._error

    def state(self) -> str:
        """Refuse to say anything good.

        Raises:
            AnchorError: always.
        """
        raise AnchorError(self._error.message, hint=self._error.hint) from self._error


def make_sinks(
    anchors: AnchorSettings, *, work: Path, clock: Clock, log_vkey: Callable[[], str]
) -> tuple[AnchorSink, ...]:
    """Return the sinks in the order of murenger.yml.

    Args:
        anchors: the settings.
        work: a folder of our own; each sink gets one of its name in it.
        clock: the time.
        log_vkey: returns the log's own public key, for witnesses.

    A sink that cannot be made says so whenever it is asked: it must not keep the others from holding the head.
    """

    def made(settings: SinkSettings) -> AnchorSink:
        try:
            return _sink(settings, anchors.timeout_s, work / settings.name, clock, log_vkey)
        except (ConfigError, SignatureError) as error:
            return UnusableSink(settings.name, error)

    return tuple(made(sink) for sink in anchors.sinks)


def time_stampers(sinks: tuple[AnchorSink, ...]) -> tuple[TimestampSink, ...]:
    """Return the time-stamping authorities among the sinks."""
    return tuple(sink for sink in sinks if isinstance(sink, TimestampSink))


def _sink(settings: SinkSettings, timeout_s: int, work: Path, clock: Clock, log_vkey: Callable[[], str]) -> AnchorSink:
    match settings:
        case WitnessSinkSettings():
            return WitnessSink(
                settings.name,
                settings.url,
                witness_key=settings.key,
                log_vkey=log_vkey(),
                clock=clock,
                timeout_s=timeout_s,
                ca=settings.ca,
            )
        case TimestampSinkSettings():
            return TimestampSink(settings.name, settings.url, roots=settings.roots, clock=clock, timeout_s=timeout_s)
        case GitSinkSettings():
            return GitSink(
                settings.name,
                settings.repository,
                settings.branch,
                work=work / "git",
                clock=clock,
                timeout_s=timeout_s,
            )
        case SyslogSinkSettings():
            return SyslogSink(
                settings.name, settings.host, settings.port, tls_ca=settings.ca, clock=clock, timeout_s=timeout_s
            )
