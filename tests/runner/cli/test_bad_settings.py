"""Wrong settings, names and folders: one clear line with file, line and remedy, exit 2, nothing half-done."""

import errno
import os
import pathlib
import stat
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from murenger.config.load import ORIGIN as SETTINGS_ORIGIN
from murenger.record.predicate import ORIGIN

DOORS = [("status",), ("diff",), ("plan", "leaf1"), ("heal", "leaf1"), ("run", "--once"), ("log",), ("verify",)]

FAULTS = [
    ("store:\n", "colour: red\nstore:\n", "unknown key 'colour'"),
    ("  origin: ", "  orgin: x\n  origin: ", "unknown key 'orgin'"),
    ("trust: trust/allowed_signers", "trust: a\ntrust: b", "duplicate key 'trust'"),
    ("  path: store", "\tpath: store", "a tab"),
    ("  origin: test.example.net", "  origin: fw.example.net/site1", "'origin' is not the name of a log"),
    ("  origin: test.example.net", "  origin: .hidden", "'origin' is not the name of a log"),
    ("  origin: test.example.net", f"  origin: {'x' * 129}", "'origin' is not the name of a log"),
    ("    mode: heal", "    mode: haal", "must be one of observe, propose, heal"),
    ('devices: ["leaf1"]', "devices: [leaf*]", "leaf*"),
    ('devices: ["leaf1"]', "devices: ['!leaf1']", "!leaf1"),
    ("version: 1", "version: 2", "version 2 is not known"),
]


# Ansible itself refuses a host with the name of its own groups; a list or a range is no name to begin with.
NO_DEVICE = ("cannot be used (1 to 63 of", "must not be called all or ungrouped", "neither a device nor a group")


@pytest.mark.parametrize("door", DOORS, ids=" ".join)
def test_a_wrong_murenger_yml_is_told_with_file_and_line(bench: Any, refuses: Any, door: tuple[str, ...]) -> None:
    bench.switch.drift()
    original = bench.config.read_text(encoding="utf-8")
    for old, new, says in FAULTS:
        bench.config.write_text(original, encoding="utf-8")
        bench.edit(old, new)
        refuses(*door, says=(f"{bench.config}:", says))


def test_settings_and_ledger_have_one_rule_for_the_name_of_a_log() -> None:
    assert SETTINGS_ORIGIN.pattern == ORIGIN.pattern


def test_a_missing_murenger_yml_is_told_with_the_remedy(
    bench: Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = bench.run("status")
    assert (done.code, len(done.complaints)) == (2, 1)
    assert "no murenger.yml" in done.err
    assert "murenger init" in done.err


@pytest.mark.parametrize(
    "name", ["all", "ungrouped", "localhost", "-x", "a/b", "two words", "x" * 64, "..", "fw1,fw2", "fw[1:3]", "é"]
)
def test_an_inventory_name_that_is_no_device_name_is_refused(bench: Any, refuses: Any, name: str) -> None:
    bench.devices({"leaf1": bench.switch.variables(), name: bench.switch.variables()})
    doors: list[tuple[str, ...]] = [(verb, f"--limit={name}") for verb in ("status", "diff")]
    doors += [("run", "--once", f"--limit={name}"), ("plan", "--", name), ("heal", "--", name)]
    for door in doors:
        line = refuses(*door, says=())
        assert any(reason in line for reason in NO_DEVICE), line


def test_a_policy_that_names_a_bad_device_is_refused(bench: Any, refuses: Any) -> None:
    bench.edit('devices: ["leaf1"]', "devices: [all]")
    bench.devices({"leaf1": bench.switch.variables(), "-x": bench.switch.variables()})
    refuses("run", "--once", says=("'-x'",))


@pytest.mark.parametrize("name", ["leaf2", "leaf1,leaf2", "leaf*", "!leaf1", "&lab", "@file", "~leaf.*"])
def test_a_limit_is_a_name_and_never_a_pattern(refuses: Any, name: str) -> None:
    refuses("run", "--once", "-l", name, says=("neither a device nor a group",))


def test_an_empty_selection_selects_nothing_and_is_told(bench: Any, refuses: Any) -> None:
    bench.edit('devices: ["leaf1"]', "devices: []")
    for door in (("status",), ("diff",), ("run", "--once")):
        refuses(*door, says=("no device is selected", "nothing means none"))


def test_a_group_is_not_a_device_to_heal(refuses: Any) -> None:
    for verb in ("plan", "heal"):
        refuses(verb, "all", says=("'all'", "one device, not a group"))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--origin", "a/b"), "--origin"),
        (("--origin", "x", "--runner-id", "two words"), "--runner-id"),
        (("--origin", "x", "--runner-id", "a+b"), "--runner-id"),
        (("--origin", "x", "--heal", "all"), "'all'"),
        (("--origin", "x", "--heal", "fw1", "--revert-in", "0"), "--revert-in"),
        (("--origin", "x", "--heal", "fw1", "--revert-in", "-5"), "--revert-in"),
    ],
)
def test_init_refuses_before_it_makes_anything(
    bench: Any, tmp_path: pathlib.Path, options: tuple[str, ...], says: str
) -> None:
    done = bench.run("init", str(tmp_path / "new"), *options)
    assert done.code == 2
    assert len(done.complaints) == 1, done
    assert says in done.complaints[0]
    assert not (tmp_path / "new").exists()


def test_init_overwrites_nothing(bench: Any) -> None:
    before = bench.everything()
    done = bench.run("init", str(bench.site), "--origin", "other")
    assert done.code == 2
    assert "already" in done.err
    assert bench.everything() == before


def test_init_keeps_what_is_secret_private(bench: Any) -> None:
    for path in (bench.site / "keys" / "runner", bench.site / "keys" / "vault-password"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    for path in (bench.site / "keys", bench.site / "state"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700, path


def test_config_check_finds_nothing_on_a_fresh_site_and_names_what_is_wrong(bench: Any) -> None:
    assert bench.cli("config", "check").code == 0
    (bench.site / "keys" / "vault-password").chmod(0o644)
    (bench.site / "decisions" / "standing-change.json.sig").unlink()
    done = bench.cli("config", "check")
    assert done.code == 2
    assert "chmod go=" in done.out
    assert "a person must sign the standing change" in done.out
    assert [problem["line"] > 1 for problem in bench.cli("config", "check", "-o", "json").data["problems"]]


@pytest.fixture
def small_disk(bench: Any) -> Iterator[Callable[[], None]]:
    """Give a function that puts the store on a disk of its own and fills it."""
    if os.geteuid() != 0:
        pytest.skip("a small disk of one's own needs root")
    store = bench.site / "store"
    held = bench.site / "held"
    store.rename(held)
    store.mkdir()
    subprocess.run(("mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(store)), check=True)
    subprocess.run(("cp", "-a", f"{held}/.", str(store)), check=True)

    def fill() -> None:
        filler = os.open(store / "filler", os.O_WRONLY | os.O_CREAT)
        written = 1
        while written:
            try:
                written = os.write(filler, b"x" * 4096)
            except OSError as exc:
                assert exc.errno == errno.ENOSPC  # noqa: PT017 - any other error is a broken test
                written = 0
        os.close(filler)

    yield fill
    subprocess.run(("umount", str(store)), check=True)


def test_a_full_ledger_means_no_change(bench: Any, refuses: Any, small_disk: Callable[[], None]) -> None:
    bench.switch.drift()
    small_disk()
    for door in (("plan", "leaf1"), ("heal", "leaf1"), ("run", "--once")):
        refuses(*door, says=("ledger", "cannot be written", "No space left"))
    assert bench.cli("diff").code == 1, "looking needs no ledger"


def test_a_read_only_ledger_means_no_change(bench: Any, refuses: Any) -> None:
    bench.switch.drift()
    store = bench.site / "store"
    if os.geteuid() == 0:
        subprocess.run(("mount", "--bind", str(store), str(store)), check=True)
        subprocess.run(("mount", "-o", "remount,ro,bind", str(store)), check=True)
    else:
        for path in (store, *store.rglob("*")):
            path.chmod(path.stat().st_mode & ~0o222)
    try:
        for door in (("plan", "leaf1"), ("heal", "leaf1"), ("run", "--once")):
            refuses(*door, says=("ledger", "cannot be written"))
        assert bench.cli("diff").code == 1, "looking needs no ledger"
    finally:
        if os.geteuid() == 0:
            subprocess.run(("umount", str(store)), check=True)
        else:
            for path in (store, *store.rglob("*")):
                path.chmod(path.stat().st_mode | 0o200)


def test_a_file_where_the_store_should_be_is_named(bench: Any, refuses: Any) -> None:
    bench.edit("  path: store", "  path: murenger.yml")
    refuses("run", "--once", says=("ledger",))


def test_a_state_folder_that_cannot_be_written_is_named(bench: Any, refuses: Any) -> None:
    bench.edit("  state: state", "  state: murenger.yml")
    bench.switch.drift()
    refuses("heal", "leaf1", says=("runner.state",))


def test_doctor_finds_the_installation_s_own_ansible_playbook_off_path(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    done = bench.cli("doctor", "--devices")
    assert done.code == 0, done.out
    assert "ansible-playbook: /" in done.out
    assert "no anchor is configured" in done.out
    assert "leaf1: eos" in done.out


def test_doctor_names_what_would_keep_a_heal_from_working(bench: Any) -> None:
    (bench.site / "decisions" / "standing-change.json.sig").unlink()
    done = bench.cli("doctor")
    assert done.code == 2
    assert "is not signed" in done.out
