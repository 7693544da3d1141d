"""What a full, a read-only and a broken disk do to a ledger: nothing by halves, and it goes on once there is room."""

import importlib.util
import json
import shutil
import types
from pathlib import Path
from typing import Any

import pytest

from murenger.errors import LedgerError


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
def site(tmp_path: Path, keys: Path) -> Any:
    return SITE.Site(tmp_path / "store", keys)


def test_a_store_that_cannot_be_made_is_named(site: Any) -> None:
    site.store.write_text("a file in the way")
    with pytest.raises(LedgerError, match=str(site.store)):
        site.ledger().append(site.build())


@pytest.mark.parametrize("name", [name for name in CHANGES if name != "pruning"])
def test_a_file_that_may_grow_no_more_leaves_all_as_it_was(tmp_path: Path, keys: Path, name: str) -> None:
    """No mount is needed for this, so it is tested for everybody."""
    change = CHANGES[name]
    site, rehearsal = SITE.Site(tmp_path / "store", keys), SITE.Site(tmp_path / "rehearsal", keys)
    change.prepare(site)
    shutil.copytree(site.store, rehearsal.store)
    before = site.content()
    change.make(rehearsal, rehearsal.ledger())
    lengths = {len(content) for path, content in rehearsal.content().items() if before.get(path) != content}
    ledger = site.ledger()
    ledger.settle()
    for limit_bytes in sorted({0, 100, *(length - 1 for length in lengths if length)}):
        before = site.content()
        with SITE.files_up_to(limit_bytes), pytest.raises(LedgerError, match=r"File too large|lock file"):
            change.make(site, ledger)
        if site.content() != before:
            assert sealed_without_stamp(site, before), limit_bytes
        assert site.unsound() == []
    change.make(site, ledger)
    assert change.is_made(site)
    assert site.unsound() == []


def sealed_without_stamp(site: Any, before: dict[str, bytes]) -> bool:
    added = {Path(path).name for path in site.content().keys() - before.keys()}
    return added == {"SHA256SUMS", "SHA256SUMS.sig"}


# Leaves so many free pages, or files, and tries; until the change is made. Prints what was not as it should be.
FILL = """
import itertools, json, os, shutil, subprocess
from murenger.errors import LedgerError

spec = importlib.util.spec_from_file_location("changes", {changes!r})
changes = importlib.util.module_from_spec(spec); sys.modules["changes"] = changes
spec.loader.exec_module(changes)
change = changes.CHANGES[{name!r}]

def mount(*options):
    subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", {store!r}], check=True)

def remount(limit, count):
    subprocess.run(["mount", "--options-mode=ignore", "-o", f"remount,{{limit}}={{count}}", {store!r}], check=True)

def used():
    status = os.statvfs({store!r})
    if {limit!r} == "size":
        return (status.f_blocks - status.f_bfree) * status.f_frsize
    return status.f_files - status.f_ffree

mount("-o", "size=8m,nr_inodes=2000")
rooms = pathlib.Path({store!r})
rehearsal = contract.Site(rooms / "rehearsal", site.key.parent)
template = contract.Site(rooms / "template", site.key.parent)
change.prepare(template)
shutil.copytree(template.store, rehearsal.store)
change.make(rehearsal, rehearsal.ledger())
shutil.rmtree(rehearsal.store)
site = contract.Site(rooms / "store", site.key.parent)
shutil.copytree(template.store, site.store)
site.ledger().settle()
unit, refused, wrong = (4096 if {limit!r} == "size" else 1), 0, []
for room in itertools.count():
    ledger = site.ledger()
    ledger.settle()
    before = site.content()
    remount({limit!r}, used() + room * unit)
    try:
        change.make(site, ledger)
    except LedgerError as exc:
        refused += 1
        message = str(exc)
        if "No space left" not in message or str(site.folder) not in message:
            wrong.append(message)
    else:
        break
    finally:
        remount({limit!r}, 8 * 1024 * 1024 if {limit!r} == "size" else 2000)
    if site.content() != before and not change.is_made(site):
        added = sorted(site.content().keys() ^ before.keys())
        if {{name.split("/")[-1] for name in added}} != {{"SHA256SUMS", "SHA256SUMS.sig"}}:
            wrong.append((room, added))
    wrong += site.unsound()
ledger.append(site.build_on(3))
wrong += site.unsound()
print(json.dumps([refused, wrong, change.is_made(site)]))
"""


@pytest.mark.lab
@pytest.mark.parametrize("limit", ["size", "nr_inodes"])
@pytest.mark.parametrize("name", CHANGES)
def test_a_disk_that_is_full_at_any_write_leaves_all_as_it_was(site: Any, name: str, limit: str) -> None:
    site.store.mkdir()
    changes = str(Path(__file__).with_name("ledger_changes.py"))
    script = FILL.format(changes=changes, name=name, store=str(site.store), limit=limit)
    done = site.in_child(script, before=SITE.NAMESPACE)
    assert done.returncode == 0, done.stderr
    refused, wrong, made = json.loads(done.stdout)
    assert wrong == []
    assert made
    # Pruning makes room: it needs none.
    assert refused >= (0 if (name, limit) == ("pruning", "size") else 1)


READ_ONLY = """
import subprocess
from murenger.errors import LedgerError
subprocess.run(["sh", "-c", {mount!r}], check=True)
ledger = site.ledger()
print(len(list(ledger.records())), ledger.head().sequence, len(ledger.leaves()), len(ledger.days()), site.unsound())
spec = importlib.util.spec_from_file_location("changes", {changes!r})
changes = importlib.util.module_from_spec(spec); sys.modules["changes"] = changes
spec.loader.exec_module(changes)
for change in changes.CHANGES.values():
    try:
        change.make(site, ledger)
    except LedgerError as exc:
        print(str(exc))
"""


@pytest.mark.lab
def test_a_read_only_store_is_read_and_refuses_every_change_even_to_root(site: Any) -> None:
    CHANGES["pruning"].prepare(site)
    before = site.content()
    mount = f"mount --bind {site.store} {site.store} && mount -o remount,ro,bind {site.store}"
    changes = str(Path(__file__).with_name("ledger_changes.py"))
    done = site.in_child(READ_ONLY.format(mount=mount, changes=changes), before=SITE.NAMESPACE)
    assert done.returncode == 0, done.stderr
    read, *refused = done.stdout.splitlines()
    assert read == "4 3 128 4 []"
    assert len(refused) == len(CHANGES)
    assert all("Read-only file system" in line and str(site.folder) in line for line in refused)
    assert site.content() == before


def test_a_ledger_whose_folder_is_taken_away_starts_anew_or_refuses(site: Any) -> None:
    ledger = site.ledger()
    ledger.append(site.build())
    shutil.rmtree(site.folder)
    assert ledger.head() is None
    assert ledger.append(site.build()).sequence == 0
    assert site.unsound() == []
