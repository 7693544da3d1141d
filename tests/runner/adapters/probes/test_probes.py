"""Probes made for real: sockets of this host, Ansible itself; and answers of getters, whatever is in them."""

import contextlib
import dataclasses
import pathlib
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from murenger.adapters.ansible.launch import PlaybookLauncher, PlaybookRun
from murenger.adapters.napalm import Login, TimeLimits
from murenger.adapters.probes import Prober, prober
from murenger.adapters.probes.getter import holds, value_at
from murenger.errors import RemediationError, UnreachableError
from murenger.model import Device
from murenger.model import probe as probe_model
from murenger.model.probe import GetterProbe, PlaybookProbe, Scalar, TcpProbe
from murenger.ports import Sighting

DEVICE = Device(name="fw1", platform="nftables", address="127.0.0.1")
ANSWER = {
    "is_up": True,
    "uptime": 3.0,
    "peers": {"192.0.2.1": {"up": True}, "10": "ten"},
    "names": ["a", "b"],
    7: {"name": "vlan seven"},
}


@pytest.fixture
def made(tmp_path: pathlib.Path) -> Prober:
    (tmp_path / "hosts").write_text("here ansible_connection=local\n", encoding="utf-8")

    def launcher() -> PlaybookLauncher:
        return PlaybookLauncher(
            inventory=tmp_path / "hosts", vault_password_file=None, directory=tmp_path, timeout_s=60
        )

    return Prober(login=lambda _: Login(username="reader"), limits=TimeLimits(), launcher=launcher)


@contextlib.contextmanager
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def tcp(port: int, *, is_open: bool = True, **changes: Any) -> TcpProbe:
    return TcpProbe(**{"name": "web", "host": "127.0.0.1", "port": port, "is_open": is_open, "timeout_s": 2, **changes})


@pytest.mark.parametrize("is_open", [True, False])
def test_an_open_port_is_told_from_a_closed_one(
    made: Prober,
    is_open: bool,  # noqa: FBT001 - a case
    closed_port: int,
) -> None:
    with listening() as port:
        assert made.probe(DEVICE, tcp(port, is_open=is_open)).passed is is_open
    seen = made.probe(DEVICE, tcp(closed_port, is_open=is_open))
    assert seen.passed is not is_open
    assert "refused" in seen.text


def test_a_port_that_never_answers_is_closed_and_takes_no_longer_than_it_may(made: Prober) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        port = server.getsockname()[1]
        with contextlib.ExitStack() as clients:
            # A full backlog drops what comes after, as a filter that says nothing does.
            for _ in range(3):
                client = clients.enter_context(socket.socket())
                client.setblocking(False)
                client.connect_ex(("127.0.0.1", port))
            began = time.monotonic()
            seen = made.probe(DEVICE, tcp(port, is_open=False, timeout_s=1))
    assert seen.passed, seen.text
    assert "no answer in 1.0 s" in seen.text
    assert time.monotonic() - began < 3


def test_a_name_without_an_address_proves_nothing(made: Prober) -> None:
    for is_open in (True, False):
        seen = made.probe(DEVICE, tcp(9, is_open=is_open, host="no-such-host.invalid"))
        assert not seen.passed


def test_a_fault_of_our_own_is_not_a_closed_port(made: Prober) -> None:
    seen = made.probe(DEVICE, tcp(9, is_open=False, host="255.255.255.255"))
    assert not seen.passed, "a broadcast address cannot be connected to from here"


def test_what_hangs_is_no_pass_and_is_left_behind(monkeypatch: pytest.MonkeyPatch, made: Prober) -> None:
    released = threading.Event()

    def hang(_: TcpProbe) -> Sighting:
        released.wait(30)
        return Sighting(passed=True, text="late")

    monkeypatch.setattr(prober, "see_port", hang)
    seen = made.probe(DEVICE, tcp(9, timeout_s=1))
    released.set()
    assert seen == Sighting(passed=False, text="no result within 2 s")
    assert "late" not in repr(seen)


@pytest.mark.parametrize("error", [UnreachableError("no connection"), KeyError("x"), RecursionError("deep")])
def test_whatever_a_driver_raises_is_no_pass(monkeypatch: pytest.MonkeyPatch, made: Prober, error: Exception) -> None:
    def fail(*_: object) -> Sighting:
        raise error

    monkeypatch.setattr(prober, "see_value", fail)
    seen = made.probe(DEVICE, getter("is_up", True))
    assert not seen.passed
    assert seen.text


def getter(path: str, expected: Scalar, *, is_contained: bool = False) -> GetterProbe:
    keys = tuple(path.split("/")) if path else ()
    return GetterProbe(name="x", getter="get_facts", path=keys, expected=expected, is_contained=is_contained)


@pytest.mark.parametrize(
    ("path", "expected", "passes"),
    [
        ("is_up", True, True),
        ("is_up", 1, False),
        ("is_up", "True", False),
        ("uptime", 3, True),
        ("uptime", "3.0", False),
        ("peers/192.0.2.1/up", True, True),
        ("peers/10", "ten", True),
        ("names/1", "b", True),
        ("7/name", "vlan seven", True),
        ("names", "a", False),
    ],
)
def test_a_value_must_equal_in_type_too(path: str, expected: Scalar, passes: bool) -> None:  # noqa: FBT001 - a case
    probe = getter(path, expected)
    value, missing = value_at(ANSWER, probe.path)
    assert not missing
    assert holds(value, probe) is passes


@pytest.mark.parametrize(
    ("path", "expected", "passes"),
    [
        ("names", "a", True),
        ("names", "c", False),
        ("7/name", "seven", True),
        ("7/name", 7, False),
        ("peers", "192.0.2.1", True),
        ("peers", "192.0.2", False),
        ("is_up", True, False),
    ],
)
def test_a_value_must_contain(path: str, expected: Scalar, passes: bool) -> None:  # noqa: FBT001 - a case
    probe = getter(path, expected, is_contained=True)
    assert holds(value_at(ANSWER, probe.path)[0], probe) is passes


@pytest.mark.parametrize("path", ["nope", "names/2", "names/-1", "names/x", "is_up/deeper", "7/name/0", "peers/1"])
def test_a_path_that_leads_nowhere_names_the_key(path: str) -> None:
    keys = path.split("/")
    assert value_at(ANSWER, keys) == (None, keys[-1])


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Playing(PlaybookLauncher):
    """A launcher that tells how a play ended, and remembers what it was asked."""

    result: PlaybookRun | RemediationError
    asked: list[object]

    def run(self, playbook: str, *, device: str, variables: Mapping[str, str]) -> PlaybookRun:
        self.asked.append((playbook, device, dict(variables), self.timeout_s))
        if isinstance(self.result, RemediationError):
            raise self.result
        return self.result


def ended(status: str, return_code: int, *messages: str, stdout: str = "") -> PlaybookRun:
    return PlaybookRun(status=status, return_code=return_code, messages=messages, stdout=stdout)


@pytest.fixture
def playing(made: Prober) -> Callable[[PlaybookRun | RemediationError], tuple[Prober, list[object]]]:
    def with_result(result: PlaybookRun | RemediationError) -> tuple[Prober, list[object]]:
        asked: list[object] = []
        usual = made.launcher()
        launcher = Playing(
            inventory=usual.inventory,
            vault_password_file=None,
            directory=usual.directory,
            timeout_s=60,
            result=result,
            asked=asked,
        )
        return dataclasses.replace(made, launcher=lambda: launcher), asked

    return with_result


def test_a_playbook_runs_with_the_device_as_its_limit_and_the_probes_time(playing: Any) -> None:
    made, asked = playing(ended("successful", 0))
    assert made.probe(DEVICE, PlaybookProbe(name="look", playbook="a.b.look", timeout_s=9)).passed
    assert asked == [("a.b.look", "fw1", {}, 9)]


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (ended("failed", 2, "the backend is down"), "the backend is down"),
        (ended("timeout", 254), "ended as timeout"),
        (ended("successful", 1), "ended as successful"),
        (ended("failed", 4, stdout="one\nlast\n"), "last"),
        (RemediationError("could not be run"), "could not be run"),
    ],
)
def test_a_playbook_that_does_not_succeed_says_its_last_words(playing: Any, result: Any, said: str) -> None:
    made, _ = playing(result)
    seen = made.probe(DEVICE, PlaybookProbe(name="look", playbook="a.b.look"))
    assert (seen.passed, seen.text) == (False, said)


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize(
    "result",
    [
        ended("failed", 4, "Failed to connect to the host via ssh: murenger-probe: closed?"),
        ended("timeout", 254),
        RemediationError("could not be run"),
    ],
)
def test_a_vantage_host_that_could_not_try_proves_nothing(playing: Any, result: Any, is_open: bool) -> None:  # noqa: FBT001 - a case
    made, _ = playing(result)
    assert not made.probe(DEVICE, tcp(9, vantage="far", is_open=is_open)).passed


def test_another_host_really_tells_open_from_closed(made: Prober, monkeypatch: pytest.MonkeyPatch) -> None:
    # A machine that is busy with other tests starts Ansible slowly.
    monkeypatch.setattr(probe_model, "VANTAGE_S", 100)
    with listening() as port:
        seen = made.probe(DEVICE, tcp(port, vantage="here", timeout_s=1))
        assert seen.passed, seen.text
    seen = made.probe(DEVICE, tcp(port, vantage="here", timeout_s=1, is_open=False))
    assert seen.passed, seen.text
    assert "closed, seen from here" in seen.text
