"""Copies of a store: taken while somebody appends, restored elsewhere, and what `verify` says of one that is too old.

The commands are those of docs/guides/restore.md.
"""

import contextlib
import importlib.util
import os
import shlex
import shutil
import signal
import subprocess
import time
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from murenger.adapters.keys import SshVerifier
from murenger.errors import LedgerError
from murenger.record.verify import Code, LogReport, Scope, verify_store
from murenger.record.verify.given import parse_given

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
GUIDE = Path(__file__).parents[2] / "docs/guides/restore.md"

COPY = "flock --shared STORE/ORIGIN/LOCK cp -a STORE/ORIGIN COPY/ORIGIN"
ARCHIVE = "flock --shared STORE/ORIGIN/LOCK tar -C STORE -cf COPY/ORIGIN.tar ORIGIN"
UNPACK = "tar -C COPY -xpf COPY/ORIGIN.tar"
HEAD = (
    "sha256sum \"$(find days -path '*/records/*.json' | sort | tail -1)\""
    r" | sed -E 's,([0-9a-f]+).*/([0-9]+).json,\2 \1,'"
)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = SITE.make_keys(tmp_path_factory.mktemp("keys"))
    return folder


@pytest.fixture
def site(tmp_path: Path, keys: Path) -> Any:
    return SITE.Site(tmp_path / "store", keys)


def work(site: Any, days: int) -> None:
    """Append and seal as a runner does, only faster; what it signs is the same each time."""
    ledger = site.ledger()
    for day in range(days):
        for _ in range(6):
            ledger.append(site.build_on(day))
        if day:
            ledger.seal(site.day(day - 1).name)


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> None:
    """Have the signatures of the first days made, so that they take no time later."""
    work(SITE.Site(tmp_path_factory.mktemp("rehearsal"), keys), 12)


@contextlib.contextmanager
def somebody_appends(site: Any) -> Iterator[None]:
    """Have a process append until the end of the block, or until it has so much that nobody needs more."""
    pid = SITE.forked(lambda: work(site, 400))
    deadline = time.monotonic() + 30
    while site.ledger().head() is None and time.monotonic() < deadline:
        time.sleep(0.001)
    before = site.ledger().head().sequence
    try:
        yield
        assert site.ledger().head().sequence > before, "nothing was appended meanwhile"
    finally:
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status), "it failed"


def run(command: str, site: Any, copy: Path, *, codes: tuple[int, ...] = (0,)) -> None:
    """Run a command of the guide."""
    places = {"STORE/ORIGIN": str(site.folder), "COPY/ORIGIN": str(copy / SITE.ORIGIN), "STORE": str(site.store)}
    words = shlex.split(command)
    for word, place in (*places.items(), ("COPY", str(copy)), ("ORIGIN", SITE.ORIGIN)):
        words = [each if each.startswith("/") else each.replace(word, place) for each in words]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode in codes, done.stderr


def verdict(site: Any, *anchors: str) -> tuple[int, LogReport]:
    given = tuple(parse_given(f"anchor{count}", anchor.encode()) for count, anchor in enumerate(anchors))
    report = verify_store(site.folder, verifier=SshVerifier(site.trust), scope=Scope(anchors=given))
    return report.exit_code, report.logs[0]


def line(record: Any) -> str:
    return f"{record.sequence} {record.sha256}"


def test_the_guide_has_the_commands_that_are_tested() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    for command in (COPY, ARCHIVE, UNPACK):
        words = command.replace("STORE", "/var/lib/murenger").replace("COPY", "/backup")
        assert words.replace("ORIGIN", "fw-site1.example") in text
    assert HEAD in text


def test_the_head_that_stock_tools_give_is_an_anchor(site: Any) -> None:
    site.fill(0, 0, 1, 2)
    done = subprocess.run(["sh", "-c", HEAD], cwd=site.folder, capture_output=True, text=True, check=True)
    code, log = verdict(site, done.stdout)
    assert (code, log.findings, log.proven_to) == (0, (), 3)


@pytest.mark.parametrize("commands", [(COPY,), (ARCHIVE, UNPACK)])
@pytest.mark.usefixtures("rehearsed")
def test_a_copy_taken_under_the_lock_is_whole_however_busy_the_store(
    site: Any, tmp_path: Path, commands: tuple[str, ...]
) -> None:
    with somebody_appends(site):
        for count in range(3):
            copy = tmp_path / f"copy{count}"
            copy.mkdir()
            before = site.ledger().head()
            for command in commands:
                run(command, site, copy)
            restored = SITE.Site(copy, site.key.parent)
            assert restored.ledger().head().sequence >= before.sequence
            assert restored.unsound() == []
            code, log = verdict(restored, line(before))
            assert (code, log.findings) == (0, ())
            assert log.proven_to == before.sequence
    # The machine that it is restored on goes on where the copy ends.
    head = restored.ledger().head()
    assert restored.ledger().append(restored.build_on(500)).sequence == head.sequence + 1
    assert restored.unsound() == []


@pytest.mark.parametrize("command", [COPY, ARCHIVE])
@pytest.mark.usefixtures("rehearsed")
def test_a_copy_taken_without_the_lock_is_torn_at_its_end_at_most_and_never_silently(
    site: Any, tmp_path: Path, command: str
) -> None:
    site.fill(0, 0, 1)
    bare = command.partition("LOCK ")[2]
    with somebody_appends(site):
        for count in range(4):
            copy = tmp_path / f"copy{count}"
            copy.mkdir()
            before = site.ledger().head()
            run(bare, site, copy, codes=(0, 1))
            if command == ARCHIVE:
                run(UNPACK, site, copy)
            check_torn(SITE.Site(copy, site.key.parent), site, before.sequence)


def check_torn(restored: Any, site: Any, whole_to: int) -> None:
    """Check a copy that may lack anything after a record, and nothing before."""
    for path in site.folder.glob("days/*/records/*"):
        if int(path.name[:9]) <= whole_to:
            assert (restored.folder / path.relative_to(site.folder)).read_bytes() == path.read_bytes()
    refused = refusal(restored)
    if refused:
        # Whoever restores it is told, and nothing is appended after what is torn.
        assert "murenger verify" in refused or "nothing is appended" in refused
        assert verdict(restored)[0] == 1
    else:
        assert restored.unsound() == []
        assert verdict(restored)[1].findings == ()


def refusal(restored: Any) -> str:
    """Append to a copy; return what the ledger said against it, or ""."""
    try:
        restored.ledger().append(restored.build_on(500))
    except LedgerError as exc:
        return str(exc)
    return ""


@pytest.fixture
def old(site: Any, tmp_path: Path) -> Any:
    """A copy of a store that three records were appended to afterwards."""
    site.fill(0, 0, 1)
    site.ledger().seal(site.day().name)
    copy = SITE.Site(tmp_path / "copy", site.key.parent)
    shutil.copytree(site.store, copy.store)
    site.fill(1, 2, 2)
    return copy


def test_an_old_copy_looks_whole_until_an_anchor_says_that_more_is_missing(site: Any, old: Any) -> None:
    code, log = verdict(old)
    assert (code, log.findings, log.proven_to) == (3, (), None)
    code, log = verdict(old, line(site.ledger().head()))
    assert code == 1
    assert [finding.code for finding in log.findings] == [Code.TRUNCATED]
    assert verdict(site, line(site.ledger().head()))[0] == 0


def test_an_old_copy_is_proven_up_to_an_anchor_of_its_age(old: Any) -> None:
    code, log = verdict(old, line(old.ledger().head()))
    assert (code, log.findings, log.proven_to) == (0, (), 2)


def test_an_old_copy_that_was_written_to_is_another_history(site: Any, old: Any) -> None:
    for day in (3, 4, 5):
        old.ledger().append(old.build_on(day))
    code, log = verdict(old)
    assert (code, log.findings) == (3, ())
    code, log = verdict(old, line(site.ledger().head()))
    assert code == 1
    assert log.findings[0].code in {Code.REWRITTEN, Code.FORK}


def test_two_old_copies_together_show_what_the_newer_lacks(site: Any, old: Any) -> None:
    """What a copy has is found in the store byte for byte, so a lost file is put back from it."""
    (victim,) = site.folder.glob("days/*/records/000000001.json")
    lost = victim.relative_to(site.folder)
    victim.unlink()
    code, log = verdict(site)
    assert code == 1
    assert Code.RECORD_MISSING in {finding.code for finding in log.findings}
    shutil.copy2(old.folder / lost, victim)
    assert verdict(site, line(site.ledger().head()))[0] == 0
    assert site.unsound() == []


def test_a_copy_that_a_restore_made_writable_or_lost_empty_folders_of_still_works(site: Any, tmp_path: Path) -> None:
    """Some tools keep neither modes nor empty folders."""
    site.fill(0, 1)
    site.ledger().seal(site.day().name)
    copy = SITE.Site(tmp_path / "copy", site.key.parent)
    shutil.copytree(site.store, copy.store, copy_function=shutil.copyfile)
    for name in ("tmp", "quarantine", "LOCK"):
        path = copy.folder / name
        path.rmdir() if path.is_dir() else path.unlink()
    for path in copy.folder.rglob("decisions"):
        path.rmdir()
    assert copy.ledger().append(copy.build_on(1)).sequence == 2
    assert copy.unsound() == []
    assert verdict(copy, line(site.ledger().head()))[0] == 0
