"""What a kill -9 or a refusing disk leaves of any change: all of it, or nothing that the next start does not settle."""

import importlib.util
import itertools
import os
import shutil
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from murenger.errors import LedgerError

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


SITE, CHANGES = _sibling("ledger_site"), _sibling("ledger_changes").CHANGES


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = SITE.make_keys(tmp_path_factory.mktemp("keys"))
    return folder


@pytest.fixture
def unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed process needs no disk; what a power cut needs is tested below."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)


class Copies:
    """Copies of one store, made before a change."""

    def __init__(self, folder: Path, keys: Path, change: Any) -> None:
        self._folder, self._keys = folder, keys
        self.template = SITE.Site(folder / "template", keys)
        change.prepare(self.template)
        # Whatever the change will sign is signed here, once.
        change.make(site := self.next("rehearsal"), site.ledger())
        assert change.is_made(site)

    def next(self, name: object) -> Any:
        site = SITE.Site(self._folder / str(name), self._keys)
        shutil.copytree(self.template.store, site.store, symlinks=True)
        return site


# A day that was sealed stays sealed where its stamp is refused; of several days the older may be pruned.
PARTLY = ("a seal", "a seal of a finished day", "pruning")


def refusal(change: Any, site: Any, ledger: Any) -> str:
    """Make a change; return what the ledger said against it, or "" if it was made."""
    try:
        change.make(site, ledger)
    except LedgerError as exc:
        return str(exc)
    return ""


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.usefixtures("unsynced")
def test_a_kill_before_any_step_leaves_what_the_next_start_settles(tmp_path: Path, keys: Path, name: str) -> None:
    change = CHANGES[name]
    copies = Copies(tmp_path, keys, change)
    steps, sites = 0, []
    for step in itertools.count():
        site = copies.next(step)
        if not SITE.killed(lambda site=site, step=step: change.make(site, site.ledger(SITE.dying_at(step)))):
            break
        steps = step + 1
        ledger = site.ledger()
        ledger.settle()
        assert site.unsound() == [], step
        change.make(site, ledger)
        ledger.append(site.build_on(3))
        assert change.is_made(site), step
        assert site.unsound() == [], step
        assert not ledger.settle()
        sites.append(site)
    assert steps >= change.steps
    if "record" in name:
        # The receipts and stamps of these changes are made up, and nothing says why a day was pruned.
        assert [site.faults() for site in (sites[0], sites[-1])] == [[], []]


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.usefixtures("unsynced")
def test_a_disk_that_refuses_any_step_leaves_all_as_it_was(tmp_path: Path, keys: Path, name: str) -> None:
    change = CHANGES[name]
    copies = Copies(tmp_path, keys, change)
    site = copies.next("refused")
    site.ledger().settle()
    ledger = site.ledger()
    ledger.settle()
    for step in itertools.count():
        before = site.content()
        refused = refusal(change, site, site.ledger(SITE.refusing_at(step)))
        if not refused:
            break
        assert str(site.folder) in refused
        ledger.settle()
        assert site.unsound() == [], step
        if site.content() != before:
            # What cannot be taken back is whole: a new checkpoint, a seal without its stamp, one pruned day of two.
            assert change.is_made(site) or name in PARTLY, step
            site = copies.next(f"refused-{step}")
            ledger = site.ledger()
            ledger.settle()
    assert change.is_made(site)
    assert site.unsound() == []
    assert step >= change.steps


class Disk:
    """What would be left if the power failed: it sees which names and which bytes were made durable, and when."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = 0
        self.named: dict[str, int] = {}
        self.folders: dict[str, int] = {}
        self.bytes: dict[int, int] = {}
        self._watch(monkeypatch, "link", lambda _old, new: [new])
        self._watch(monkeypatch, "open", lambda path, *_rest: [] if Path(str(path)).exists() else [path])
        self._watch(monkeypatch, "mkdir", lambda path, _mode=0: [path])
        self._watch(monkeypatch, "replace", lambda old, new: [old, new])
        self._watch(monkeypatch, "rename", lambda old, new: [old, new])
        monkeypatch.setattr(os, "fsync", self._fsync)

    def _watch(self, monkeypatch: pytest.MonkeyPatch, name: str, names: Callable[..., list[object]]) -> None:
        real = getattr(os, name)

        def watched(*given: object) -> object:
            if name == "link":
                # A name for bytes that are not durable could outlive them.
                assert Path(str(given[0])).stat().st_ino in self.bytes, given
            changed = [str(path) for path in names(*given)]
            result = real(*given)
            self.clock += 1
            self.named |= dict.fromkeys(changed, self.clock)
            return result

        monkeypatch.setattr(os, name, watched)

    def _fsync(self, descriptor: int) -> None:
        self.clock += 1
        self.bytes[os.fstat(descriptor).st_ino] = os.fstat(descriptor).st_size
        self.folders[str(Path(f"/proc/self/fd/{descriptor}").readlink())] = self.clock

    def lost(self, site: Any, before: dict[str, bytes]) -> list[str]:
        """Return what a power cut would take."""
        names = {name for name, at in self.named.items() if self.folders.get(str(Path(name).parent), 0) < at}
        after = site.content()
        files = (
            str(path)
            for path in map(site.folder.joinpath, after)
            if path.is_file()
            and before.get(str(path.relative_to(site.folder))) != path.read_bytes()
            and self.bytes.get(path.stat().st_ino) != path.stat().st_size
        )
        # What lies under tmp/ and the lock are not the log.
        kept = (name for name in names if name.startswith(str(site.folder / "days")))
        return sorted({*kept, *files})


@pytest.mark.parametrize("name", CHANGES)
def test_a_power_cut_after_any_change_takes_nothing_of_it(
    tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    site = Copies(tmp_path, keys, CHANGES[name]).next("watched")
    before = site.content()
    disk = Disk(monkeypatch)
    CHANGES[name].make(site, site.ledger())
    assert CHANGES[name].is_made(site)
    assert disk.named
    assert disk.lost(site, before) == []
