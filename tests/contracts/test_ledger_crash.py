"""What a full disk, a crash, a second writer and a damaged file do to a ledger: never a false record."""

import errno
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from murenger.adapters.keys import SshSigner
from murenger.errors import LedgerError
from murenger.model import ChangeRecord, canonical_bytes
from murenger.ports import Ledger

# The children of these tests touch no thread of their parent; later Pythons warn of every fork beside a thread.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")


def _sibling(name: str) -> types.ModuleType:
    """Return a module of this folder, which pytest's importlib mode keeps off sys.path."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SITE = _sibling("ledger_site")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = SITE.make_keys(tmp_path_factory.mktemp("keys"))
    return folder


@pytest.fixture
def site(tmp_path: Path, keys: Path) -> Any:
    return SITE.Site(tmp_path / "store", keys)


def numbers(ledger: Ledger) -> list[int]:
    return [record.sequence for record in ledger.records()]


# What goes wrong on disk.


def test_a_store_that_cannot_be_made_is_named(site: Any) -> None:
    site.store.write_text("a file in the way")
    with pytest.raises(LedgerError, match=str(site.store)):
        site.ledger().append(site.build())


def test_a_file_that_may_grow_no_more_appends_nothing(site: Any) -> None:
    ledger = site.ledger()
    ledger.append(site.build())
    before = sorted(site.folder.rglob("*"))
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))\n"
        "from murenger.errors import LedgerError\n"
        "try:\n    site.ledger().append(site.build())\n"
        "except LedgerError as exc:\n    print(exc); sys.exit(3)\n"
    )
    done = in_child(site, script)
    assert done.returncode == 3
    assert str(site.folder) in done.stdout
    assert sorted(site.folder.rglob("*")) == before
    assert site.faults() == []
    assert ledger.append(site.build()).sequence == 1


def test_a_disk_that_refuses_any_step_appends_nothing(site: Any) -> None:
    decision = canonical_bytes({"type": "standing-change"})
    signature = SshSigner("alice@site", site.approver).sign(decision, namespace=SITE.APPROVAL)
    ledger = site.ledger()
    ledger.append(site.build())
    steps = 0
    while True:
        before = {path: path.read_bytes() for path in site.folder.rglob("*") if path.is_file()}
        try:
            site.ledger(refusing_at(steps)).append(site.build(), documents=[(decision, signature)])
        except LedgerError as exc:
            refusal = str(exc)
        else:
            break
        assert str(site.folder) in refusal
        assert {path: path.read_bytes() for path in site.folder.rglob("*") if path.is_file()} == before
        steps += 1
    assert steps > 12
    assert numbers(ledger) == [0, 1]


def refusing_at(step: int) -> Callable[[str], None]:
    """Return a hook that refuses the n-th step as a full disk would."""
    left = [step]

    def hook(_name: str) -> None:
        left[0] -= 1
        if left[0] == -1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return hook


NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount")

REFUSED = """
import subprocess, sys
from murenger.errors import LedgerError
subprocess.run({mount}, check=True)
count = 0
try:
    for count in range(10_000):
        site.ledger().append(site.build(text="x" * 5000))
except LedgerError as exc:
    print(exc)
    print(site.faults())
    print(len(list(site.ledger().records())), count)
    sys.exit(3)
"""


@pytest.mark.lab
def test_a_full_disk_appends_nothing_and_what_is_there_stays_sound(site: Any) -> None:
    site.store.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(site.store)]
    done = in_child(site, REFUSED.format(mount=mount), before=NAMESPACE)
    assert done.returncode == 3, done.stderr
    message, faults, counts = done.stdout.splitlines()
    assert "No space left" in message
    assert str(site.folder) in message
    assert faults == "[]"
    appended, attempts = counts.split()
    assert appended == attempts
    assert int(appended) > 1


@pytest.mark.lab
def test_a_read_only_disk_appends_nothing_even_as_root(site: Any) -> None:
    site.ledger().append(site.build())
    script = f"mount --bind {site.store} {site.store} && mount -o remount,ro,bind {site.store}"
    done = in_child(site, REFUSED.format(mount=["sh", "-c", script]), before=NAMESPACE)
    assert done.returncode == 3, done.stderr
    message, faults, counts = done.stdout.splitlines()
    assert "Read-only file system" in message
    assert (faults, counts) == ("[]", "1 0")


def in_child(site: Any, script: str, *, before: tuple[str, ...] = ()) -> "subprocess.CompletedProcess[str]":
    """Run a script in a process of its own, with the same `site`."""
    module = str(Path(__file__).with_name("ledger_site.py"))
    head = (
        "import importlib.util, pathlib, sys\n"
        f"spec = importlib.util.spec_from_file_location('contract', {module!r})\n"
        "contract = importlib.util.module_from_spec(spec); sys.modules['contract'] = contract\n"
        "spec.loader.exec_module(contract)\n"
        f"site = contract.Site(pathlib.Path({str(site.store)!r}), pathlib.Path({str(site.key.parent)!r}))\n"
    )
    return subprocess.run(
        [*before, sys.executable, "-c", head + script], capture_output=True, text=True, timeout=120, check=False
    )


# What a crash leaves.


def dying_at(step: int) -> Callable[[str], None]:
    """Return a hook that kills the process before its n-th step."""
    left = [step]

    def hook(_name: str) -> None:
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1

    return hook


def append_and_die(site: Any, step: int, documents: list[tuple[bytes, str]]) -> bool:
    """Append in a child that is killed before its n-th step; tell whether it was."""
    _, status = os.waitpid(forked(lambda: site.ledger(dying_at(step)).append(site.build(), documents=documents)), 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def forked(work: Callable[[], object]) -> int:
    """Return the id of a child that does the work and ends, with exit code 1 if the work raises."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return pid


def crashes(site: Any, documents: list[tuple[bytes, str]]) -> Iterator[int]:
    """Yield after each crash, one step later each time, until the append ends before the crash."""
    step = 0
    while append_and_die(site, step, documents):
        yield step
        step += 1


def test_after_a_kill_at_every_step_the_log_is_sound_and_no_number_is_used_twice(site: Any) -> None:
    decision = canonical_bytes(
        {"author": "bob", "not_after": "2027-01-01T00:00:00Z", "origin": SITE.ORIGIN, "type": "standing-change"}
    )
    signature = SshSigner("alice@site", site.approver).sign(decision, namespace=SITE.APPROVAL)
    published: list[ChangeRecord] = [site.ledger().append(site.build())]
    quarantined = completed = steps = 0
    for _ in crashes(site, [(decision, signature)]):
        steps += 1
        ledger = site.ledger()
        found = ledger.settle()
        quarantined += sum("put aside" in item.action for item in found)
        completed += sum("line" in item.action for item in found)
        assert site.faults() == []
        records = list(ledger.records())
        assert records[: len(published)] == published
        assert len(records) <= len(published) + 1
        published = [*records, ledger.append(site.build())]
        assert site.faults() == []
        # Each crash also meets a day that has no decision yet.
        shutil.rmtree(site.folder / "days" / "2026-11-21" / "decisions")
    assert steps > 12
    assert quarantined > 10
    assert completed >= 1
    assert [record.sequence for record in published] == list(range(len(published)))


def test_a_crash_of_another_process_is_tidied_by_whoever_appends_next(site: Any) -> None:
    ledger = site.ledger()
    ledger.append(site.build())
    for _ in crashes(site, []):
        ledger.append(site.build())
        assert site.faults() == []
    assert ledger.settle()


def test_nothing_is_appended_after_a_torn_or_unsigned_record(site: Any) -> None:
    site.ledger().append(site.build())
    path = next(site.folder.glob("days/*/records/*.json"))
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[:100])
    with pytest.raises(LedgerError, match="torn"):
        site.ledger().append(site.build())
    path.write_bytes(content)
    path.with_name(path.name + ".sig").unlink()
    with pytest.raises(LedgerError, match="unsigned"):
        site.ledger().settle()


@pytest.mark.parametrize("content", [b"x" * 65, b"0" * 64 + b"\n" + b"x" * 65])
def test_nothing_is_appended_where_leaves_do_not_fit(site: Any, content: bytes) -> None:
    for _ in range(3):
        site.ledger().append(site.build())
    (site.folder / "days" / "2026-11-21" / "LEAVES").write_bytes(content[:-3])
    with pytest.raises(LedgerError, match="does not fit"):
        site.ledger().append(site.build())


def test_a_missing_or_foreign_record_stops_a_reader(site: Any) -> None:
    for _ in range(3):
        site.ledger().append(site.build())
    first, second, third = sorted(site.folder.glob("days/*/records/*.json"))
    content = second.read_bytes()
    second.unlink()
    with pytest.raises(LedgerError, match="record 1 of fw-site1"):
        list(site.ledger().records())
    for wrong in (first.read_bytes(), b"{", b"[]"):
        second.unlink(missing_ok=True)
        second.write_bytes(wrong)
        with pytest.raises(LedgerError, match="damaged"):
            list(site.ledger().records())
    second.unlink()
    second.symlink_to(third)
    with pytest.raises(LedgerError, match="cannot be read"):
        list(site.ledger().records())
    second.unlink()
    second.write_bytes(content)
    assert numbers(site.ledger()) == [0, 1, 2]


def test_three_writers_at_once_interleave_without_loss(site: Any) -> None:
    site.ledger().append(site.build())

    def write() -> None:
        ledger = site.ledger()
        for _ in range(10):
            ledger.append(site.build())

    children = [forked(write) for _ in range(3)]
    assert all(os.waitpid(pid, 0)[1] == 0 for pid in children)
    assert numbers(site.ledger()) == list(range(31))
    assert site.faults() == []
