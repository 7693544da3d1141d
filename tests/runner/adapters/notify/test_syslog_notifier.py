"""A message goes out as one CEF line in one line of RFC 5424, whatever a device managed to get into its texts."""

import datetime
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import anchor_peers as peers
from tests.notify_peers import AT, incident

from murenger.adapters.clock import SystemClock
from murenger.adapters.notify.cef import incident_line
from murenger.adapters.notify.syslog import SyslogNotifier, syslog_notifier
from murenger.errors import NotifyError
from murenger.model import Risk

# Source: RFC 5424, section 6: what a strict receiver takes.
LINE = re.compile(
    r"<(?P<priority>\d{1,3})>1 (?P<time>\S+) [!-~]{1,255} murenger - incident"
    r" \[murenger@32473(?P<values>(?: [!-~]+=\"(?:\\[\"\\\]]|[^\"\\\]])*\")*)\] (?P<text>CEF:0\|.*)"
)
VALUE = re.compile(r" ([!-~]+?)=\"((?:\\.|[^\"\\\]])*)\"")
# Source: ArcSight Common Event Format: what a reader splits at.
HEADER = re.compile(r"CEF:0\|" + r"((?:\\[\\|]|[^\\|])*)\|" * 6 + r"(.*)", re.DOTALL)
KEY = re.compile(r"(?:^| )([A-Za-z0-9]+)=")
HOSTILE = [
    "a\nb\r\nc",
    "a|b|10|act=closed",
    "a=b act=closed",
    "\x1b]0;title\x07\x1b[2J",
    '"] evil="1"][x',
    "]\n<13>1 - forged - - - -",
    "<script>alert(1)</script>",
    "back\\slash\\|",
    "\u202etxet",
    "\udcff\x00\t",
]


class StoppedClock(SystemClock):
    """A clock that always shows the same time of day; seconds still pass."""

    def now(self) -> datetime.datetime:
        return AT


def channel_at(port: int, *, tls_ca: Path | None = None, timeout_s: float = 3) -> SyslogNotifier:
    clock = StoppedClock()
    return syslog_notifier("siem", peers.HOST, port, tls_ca=tls_ca, clock=clock, version="0.1.0", timeout_s=timeout_s)


def extension(text: str) -> dict[str, str]:
    """Read a CEF line as a receiver does."""
    found = HEADER.fullmatch(text)
    assert found, text
    said = re.sub(r"\\=", "\0", found[7])
    keys = list(KEY.finditer(said))
    ends = [key.start() for key in keys[1:]] + [len(said)]
    return {key[1]: said[key.end() : end].replace("\0", "=") for key, end in zip(keys, ends, strict=True)}


def test_a_message_is_one_line_that_a_strict_receiver_takes() -> None:
    receiver = peers.SyslogReceiver()
    with peers.tcp_peer(receiver.serve) as port:
        channel_at(port).notify(incident(number=2))
    (line,) = receiver.received
    found = LINE.fullmatch(line.decode())
    assert found
    assert (found["priority"], found["time"]) == ("107", "2026-11-22T07:05:09.000120Z")
    values = dict(VALUE.findall(found["values"]))
    assert values["incident"] == incident().id
    assert (values["number"], values["phase"], values["kind"], values["severity"]) == ("2", "updated", "drift", "high")
    said = extension(found["text"])
    assert (said["act"], said["cn1"], said["dvchost"], said["externalId"]) == ("updated", "2", "fw1", incident().id)
    assert (said["cs1"], said["cs2"], said["cs4"]) == ("widening", "4,5", "murenger diff fw1")
    assert "tcp 3389 from any" in said["msg"]


@pytest.mark.parametrize(("severity", "priority", "cef"), [(Risk.LOW, 109, "3"), (Risk.CRITICAL, 106, "10")])
def test_how_grave_it_is_stands_in_both(severity: Risk, priority: int, cef: str) -> None:
    receiver = peers.SyslogReceiver()
    with peers.tcp_peer(receiver.serve) as port:
        channel_at(port).notify(incident(severity=severity))
    found = LINE.fullmatch(receiver.received[0].decode())
    assert found
    header = HEADER.fullmatch(found["text"])
    assert (int(found["priority"]), header and header[6]) == (priority, cef)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_in_its_field(text: str) -> None:
    receiver = peers.SyslogReceiver()
    told = incident(title=text, summary=text, details=(text, text), action=text, zone=text, origin=text)
    with peers.tcp_peer(receiver.serve) as port:
        channel_at(port).notify(told)
    (line,) = receiver.received
    assert line.decode().isprintable()
    found = LINE.fullmatch(line.decode())
    assert found
    plain = extension(incident_line(incident(), version="0.1.0"))
    said = extension(found["text"])
    assert set(said) == set(plain)
    assert (said["act"], said["cn1"]) == ("opened", "1")


@settings(max_examples=40)
@given(text=st.text(max_size=60))
def test_no_text_adds_a_field(text: str) -> None:
    told = incident(title=text, details=(text,), action=text or "x")
    plain = extension(incident_line(incident(), version="0.1.0"))
    said = extension(incident_line(told, version="0.1.0"))
    assert set(said) - {"msg"} == set(plain) - {"msg"}


def test_tls_to_the_wrong_host_sends_nothing(tmp_path: Path) -> None:
    authority, receiver = peers.Authority(tmp_path / "a"), peers.SyslogReceiver()
    with peers.tcp_peer(receiver.serve, tls=authority.server("other", "siem.example.net")) as port:
        channel = channel_at(port, tls_ca=authority.root)
        for ask in (lambda: channel.notify(incident()), channel.state):
            with pytest.raises(NotifyError, match=r"channel siem: .*certificate verify failed"):
                ask()
    assert not receiver.received


def test_tls_to_the_right_host_takes_the_line(tmp_path: Path) -> None:
    authority, receiver = peers.Authority(tmp_path / "a"), peers.SyslogReceiver()
    with peers.tcp_peer(receiver.serve, tls=authority.server()) as port:
        channel = channel_at(port, tls_ca=authority.root)
        assert channel.state().endswith("takes TLS connections")
        channel.notify(incident())
    assert len(receiver.received) == 1


@pytest.mark.parametrize("serve", [peers.silent, peers.garbage])
def test_a_receiver_that_hangs_or_answers_did_not_take_it(serve: peers.Serve) -> None:
    with peers.tcp_peer(serve) as port, pytest.raises(NotifyError, match="channel siem"):
        channel_at(port, timeout_s=0.3).notify(incident())


def test_nobody_there_is_an_error() -> None:
    with peers.nobody() as port, pytest.raises(NotifyError, match=f"channel siem: 127.0.0.1:{port}"):
        channel_at(port).notify(incident())
