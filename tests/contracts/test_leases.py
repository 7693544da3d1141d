"""Port Leases: what every adapter must hold to; real processes really killed, files taken away under a holder."""

import contextlib
import pathlib
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from murenger.adapters.files.leases import FileLeases
from murenger.errors import ConfigError, LeaseHeldError
from murenger.ports import Leases

HOLDER = """
import pathlib, sys
from murenger.adapters.files.leases import FileLeases
with FileLeases(pathlib.Path(sys.argv[1])).hold(sys.argv[2]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(params=["files"])
def leases(tmp_path: pathlib.Path) -> Leases:
    return FileLeases(tmp_path / "state")


@contextlib.contextmanager
def held_elsewhere(state: pathlib.Path, device: str) -> Iterator[subprocess.Popen[str]]:
    """Hold a device in another process, which says so before we go on."""
    command = [sys.executable, "-c", HOLDER, str(state), device]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def is_free(leases: Leases, device: str) -> bool:
    try:
        with leases.hold(device):
            return True
    except LeaseHeldError:
        return False


def test_a_lease_is_free_again_when_its_context_ends(leases: Leases) -> None:
    for _ in range(3):
        with leases.hold("fw1"):
            assert not is_free(leases, "fw1")
    assert is_free(leases, "fw1")


def test_a_lease_is_free_again_after_an_error(leases: Leases) -> None:
    with pytest.raises(ZeroDivisionError), leases.hold("fw1"):
        raise ZeroDivisionError
    assert is_free(leases, "fw1")


def test_devices_do_not_hinder_one_another(leases: Leases) -> None:
    with leases.hold("fw1"), leases.hold("fw2"), leases.hold("fw11"):
        assert is_free(leases, "fw3")


def test_another_thread_is_kept_out(leases: Leases) -> None:
    found: list[bool] = []
    with leases.hold("fw1"):
        thread = threading.Thread(target=lambda: found.append(is_free(leases, "fw1")))
        thread.start()
        thread.join()
    assert found == [False]


def test_another_process_is_kept_out_and_named(leases: Leases, tmp_path: pathlib.Path) -> None:
    with held_elsewhere(tmp_path / "state", "fw1") as process:
        with pytest.raises(LeaseHeldError, match=f"fw1: process {process.pid} works on this device"):
            leases.hold("fw1").__enter__()
        assert is_free(leases, "fw2")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_process_frees_its_lease_at_once(
    leases: Leases, tmp_path: pathlib.Path, number: signal.Signals
) -> None:
    with held_elsewhere(tmp_path / "state", "fw1") as process:
        assert not is_free(leases, "fw1")
        process.send_signal(number)
        process.wait()
        assert is_free(leases, "fw1")


def test_a_child_process_does_not_keep_its_parents_lease(leases: Leases) -> None:
    with leases.hold("fw1"):
        child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    try:
        assert is_free(leases, "fw1")
    finally:
        child.communicate()


def test_of_many_at_once_one_gets_the_lease(leases: Leases) -> None:
    start, done = threading.Barrier(8), threading.Barrier(8)
    winners: list[int] = []

    def contend(number: int) -> None:
        start.wait()
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(LeaseHeldError):
                stack.enter_context(leases.hold("fw1"))
                winners.append(number)
            done.wait()

    threads = [threading.Thread(target=contend, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(winners) == 1


@pytest.mark.parametrize("name", ["all", "../fw1", "a/b", "", "fw1\n", "*"])
def test_what_cannot_be_a_device_cannot_be_held(leases: Leases, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be used"):
        leases.hold(name).__enter__()


def test_each_holders_token_is_greater_than_all_before_it(leases: Leases) -> None:
    tokens = []
    for _ in range(3):
        with leases.hold("fw1") as lease, leases.hold("fw2"):
            lease.check()
            tokens.append(lease.token)
    assert tokens == sorted(set(tokens))
    assert tokens[0] >= 1


def test_tokens_go_on_after_a_process_was_killed(leases: Leases, tmp_path: pathlib.Path) -> None:
    with leases.hold("fw1") as lease:
        before = lease.token
    with held_elsewhere(tmp_path / "state", "fw1"):
        pass
    with leases.hold("fw1") as lease:
        assert lease.token == before + 2


def meddle_lock(state: pathlib.Path) -> None:
    (state / "leases" / "fw1.lock").unlink()


def meddle_state(state: pathlib.Path) -> None:
    state.rename(state.with_name("moved"))


def meddle_fence(state: pathlib.Path) -> None:
    (state / "leases" / "fw1.token").write_text("0000000000000000000x\n", encoding="ascii")


@pytest.mark.parametrize("meddle", [meddle_lock, meddle_state, meddle_fence])
def test_a_holder_whose_files_were_meddled_with_is_refused(
    leases: Leases, tmp_path: pathlib.Path, meddle: Callable[[pathlib.Path], None]
) -> None:
    with leases.hold("fw1") as lease:
        lease.check()
        meddle(tmp_path / "state")
        with pytest.raises(LeaseHeldError, match="fw1: the lease on this device was lost"):
            lease.check()


@pytest.mark.parametrize("meddle", [meddle_lock, meddle_state])
def test_of_two_holders_of_two_lock_files_only_the_later_one_may_go_on(
    leases: Leases, tmp_path: pathlib.Path, meddle: Callable[[pathlib.Path], None]
) -> None:
    with leases.hold("fw1") as stale:
        meddle(tmp_path / "state")
        with leases.hold("fw1") as newest:
            newest.check()
            with pytest.raises(LeaseHeldError, match="lock file was replaced"):
                stale.check()
        with pytest.raises(LeaseHeldError):
            stale.check()


def test_a_holder_whose_lock_file_was_put_back_is_still_refused_for_its_old_token(
    leases: Leases, tmp_path: pathlib.Path
) -> None:
    folder = tmp_path / "state" / "leases"
    with leases.hold("fw1") as stale:
        (folder / "fw1.lock").rename(folder / "aside")
        with leases.hold("fw1"):
            pass
        (folder / "aside").rename(folder / "fw1.lock")
        with pytest.raises(LeaseHeldError, match=f"token {stale.token} is not the newest, {stale.token + 1} is"):
            stale.check()


@pytest.mark.parametrize("content", [b"7\n", b"-0000000000000000007\n", b"\x00" * 21, b"0" * 40])
def test_a_token_that_cannot_be_read_is_no_reason_to_begin_anew(
    leases: Leases, tmp_path: pathlib.Path, content: bytes
) -> None:
    with leases.hold("fw1"):
        pass
    (tmp_path / "state" / "leases" / "fw1.token").write_bytes(content)
    with pytest.raises(ConfigError, match="does not hold a token"):
        leases.hold("fw1").__enter__()


def test_a_first_token_that_a_crash_kept_from_the_disk_never_counted(leases: Leases, tmp_path: pathlib.Path) -> None:
    with leases.hold("fw1"):
        pass
    (tmp_path / "state" / "leases" / "fw1.token").write_bytes(b"")
    with leases.hold("fw1") as lease:
        assert lease.token == 1
