"""Which golden revisions are trusted; the oracles are git and ssh-keygen themselves."""

import dataclasses
import datetime
import pathlib
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from murenger.adapters.git import GitGoldenStore
from murenger.errors import ConfigError, GoldenMissingError, GoldenUntrustedError
from murenger.ports import GoldenFile, Signatory

LATER = datetime.timedelta(days=1)


def head_is_checked(workshop: Any, accepted: str | None = None) -> Signatory:
    store = workshop.store()
    return store.check(store.head(), accepted=accepted, at=workshop.clock.now())


def test_a_commit_signed_by_plain_git_is_trusted(workshop: Any) -> None:
    workshop.commit_by_hand(key=workshop.key("alice"))
    signatory = head_is_checked(workshop)
    assert signatory.principal == "alice@example.net"
    listing = subprocess.run(
        ["ssh-keygen", "-l", "-f", workshop.key("alice")], check=True, capture_output=True, text=True
    ).stdout
    assert signatory.key_fingerprint == listing.split()[1]


def test_an_unsigned_revision_is_refused(workshop: Any) -> None:
    workshop.commit_by_hand(key=None)
    with pytest.raises(GoldenUntrustedError, match="is not signed"):
        head_is_checked(workshop)


def test_a_strangers_signature_is_refused(workshop: Any) -> None:
    workshop.commit_by_hand(key=workshop.key("mallory"))
    with pytest.raises(GoldenUntrustedError, match="not an allowed signer"):
        head_is_checked(workshop)


def test_a_key_for_another_role_is_refused(workshop: Any) -> None:
    workshop.commit_by_hand(key=workshop.trust_key("operator", 'namespaces="change-approval@murenger"'))
    with pytest.raises(GoldenUntrustedError, match="may not sign in role 'git'"):
        head_is_checked(workshop)


def test_an_expired_key_on_a_back_dated_commit_is_refused_though_git_itself_is_fooled(workshop: Any) -> None:
    key = workshop.trust_key("bob", 'namespaces="git",valid-before="20210101Z"')
    workshop.commit_by_hand(key=key, date="2020-06-01T00:00:00Z")
    workshop.git("-c", f"gpg.ssh.allowedSignersFile={workshop.trust}", "verify-commit", "HEAD")
    with pytest.raises(GoldenUntrustedError, match="was not valid at 2026-11-22"):
        head_is_checked(workshop)


def test_a_key_that_is_not_valid_yet_is_refused(workshop: Any) -> None:
    key = workshop.trust_key("carol", 'namespaces="git",valid-after="20270101Z"')
    workshop.commit_by_hand(key=key)
    with pytest.raises(GoldenUntrustedError, match="was not valid at"):
        head_is_checked(workshop)


def test_a_trust_file_line_without_namespaces_is_refused_whole(workshop: Any) -> None:
    workshop.commit_by_hand(key=workshop.key("alice"))
    workshop.trust_key("eve", "")
    with pytest.raises(GoldenUntrustedError, match="namespaces="):
        head_is_checked(workshop)


def test_a_missing_trust_file_is_refused(workshop: Any) -> None:
    workshop.commit_by_hand(key=workshop.key("alice"))
    workshop.trust.unlink()
    with pytest.raises(GoldenUntrustedError, match="no trust file"):
        head_is_checked(workshop)


def test_a_roll_back_to_an_older_signed_revision_is_refused(workshop: Any) -> None:
    older = workshop.commit_by_hand(key=workshop.key("alice"), message="older")
    newer = workshop.commit_by_hand(key=workshop.key("alice"), message="newer")
    workshop.git("reset", "--quiet", "--hard", older)
    with pytest.raises(GoldenUntrustedError, match="does not descend"):
        head_is_checked(workshop, accepted=newer)


def test_a_signed_sibling_of_the_accepted_revision_is_refused(workshop: Any) -> None:
    base = workshop.commit_by_hand(key=workshop.key("alice"), message="base")
    accepted = workshop.commit_by_hand(key=workshop.key("alice"), message="one")
    workshop.git("reset", "--quiet", "--hard", base)
    workshop.commit_by_hand(key=workshop.key("alice"), message="other")
    with pytest.raises(GoldenUntrustedError, match="does not descend"):
        head_is_checked(workshop, accepted=accepted)


def test_a_rewritten_history_without_the_accepted_revision_is_refused(workshop: Any) -> None:
    workshop.commit_by_hand(key=workshop.key("alice"))
    with pytest.raises(GoldenUntrustedError, match="no longer in the repository"):
        head_is_checked(workshop, accepted="1" * 40)


def test_a_descendant_of_the_accepted_revision_is_trusted(workshop: Any) -> None:
    accepted = workshop.commit_by_hand(key=workshop.key("alice"), message="one")
    workshop.commit_by_hand(key=None, message="unsigned, under review")
    workshop.commit_by_hand(key=workshop.key("alice"), message="reviewed")
    assert head_is_checked(workshop, accepted=accepted).principal == "alice@example.net"


def write_commit(workshop: Any, content: bytes) -> None:
    """Put the bytes of a commit object on the branch, as an attacker who can push would."""
    done = subprocess.run(
        ["git", "-C", str(workshop.repository), "hash-object", "-t", "commit", "-w", "--stdin"],
        input=content,
        check=True,
        capture_output=True,
    )
    workshop.git("update-ref", "refs/heads/main", done.stdout.decode().strip())


def test_a_commit_altered_after_signing_is_refused(workshop: Any) -> None:
    workshop.commit_by_hand(key=workshop.key("alice"), message="permit nothing")
    write_commit(workshop, workshop.commit_bytes().replace(b"permit nothing", b"permit a thing"))
    with pytest.raises(GoldenUntrustedError, match="not over these bytes"):
        head_is_checked(workshop)


@pytest.mark.parametrize(
    ("alter", "message"),
    [
        (lambda content, block: content.replace(block, block + block), "more than one signature"),
        (lambda content, block: content.replace(block, block.replace(b"gpgsig ", b"gpgsig-md5 ")), "not known"),
        (lambda content, _: content.replace(b"SSH SIGNATURE", b"PGP SIGNATURE"), "not signed with an SSH key"),
    ],
)
def test_a_commit_with_an_odd_signature_header_is_refused(
    workshop: Any, alter: Callable[[bytes, bytes], bytes], message: str
) -> None:
    workshop.commit_by_hand(key=workshop.key("alice"))
    content = workshop.commit_bytes()
    block = b"gpgsig " + content.split(b"gpgsig ", 1)[1].split(b"\n\n", 1)[0] + b"\n"
    head, _, rest = content.partition(b"\n\n")
    write_commit(workshop, alter(head + b"\n", block) + b"\n" + rest)
    with pytest.raises(GoldenUntrustedError, match=message):
        head_is_checked(workshop)


def test_a_signature_in_the_message_is_no_signature(workshop: Any) -> None:
    workshop.commit_by_hand(key=workshop.key("alice"))
    content = workshop.commit_bytes()
    head, _, rest = content.partition(b"\n\n")
    plain, _, block = head.partition(b"gpgsig ")
    write_commit(workshop, plain + b"\n" + b"gpgsig " + block + b"\n\n" + rest)
    with pytest.raises(GoldenUntrustedError, match="is not signed"):
        head_is_checked(workshop)


def test_replace_references_do_not_lend_a_signature(workshop: Any) -> None:
    signed = workshop.commit_by_hand(key=workshop.key("alice"), message="signed")
    unsigned = workshop.commit_by_hand(key=None, message="unsigned")
    workshop.git("replace", unsigned, signed)
    with pytest.raises(GoldenUntrustedError, match="is not signed"):
        head_is_checked(workshop)


def test_grafts_do_not_lend_an_ancestor(workshop: Any) -> None:
    accepted = workshop.commit_by_hand(key=workshop.key("alice"), message="accepted")
    workshop.git("checkout", "--quiet", "--orphan", "other")
    orphan = workshop.commit_by_hand(key=workshop.key("alice"), message="orphan")
    workshop.git("update-ref", "refs/heads/main", orphan)
    grafts = workshop.repository / ".git" / "info"
    grafts.mkdir(exist_ok=True)
    (grafts / "grafts").write_text(f"{orphan} {accepted}\n", encoding="ascii")
    with pytest.raises(GoldenUntrustedError, match="does not descend"):
        head_is_checked(workshop, accepted=accepted)


def add_symlink(workshop: Any) -> None:
    folder = workshop.repository / "devices" / "fw1"
    folder.mkdir(parents=True)
    (folder / "running.conf").symlink_to("/etc/passwd")
    workshop.git("add", "devices")


def add_folder_symlink(workshop: Any) -> None:
    (workshop.repository / "devices").symlink_to("/etc")
    workshop.git("add", "devices")


def add_executable(workshop: Any) -> None:
    folder = workshop.repository / "devices" / "fw1"
    folder.mkdir(parents=True)
    (folder / "running.conf").write_text("x\n", encoding="ascii")
    (folder / "running.conf").chmod(0o755)
    workshop.git("add", "devices")


def add_submodule(workshop: Any) -> None:
    workshop.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},devices/fw1")


@pytest.mark.parametrize("add", [add_symlink, add_folder_symlink, add_executable, add_submodule])
def test_a_signed_tree_with_anything_but_plain_files_is_refused(workshop: Any, add: Callable[[Any], None]) -> None:
    add(workshop)
    workshop.commit_by_hand(key=workshop.key("alice"))
    with pytest.raises(GoldenUntrustedError, match="not a plain file"):
        head_is_checked(workshop)


def test_an_executable_elsewhere_is_allowed(workshop: Any) -> None:
    (workshop.repository / "check.sh").write_text("#!/bin/sh\n", encoding="ascii")
    (workshop.repository / "check.sh").chmod(0o755)
    workshop.git("add", "check.sh")
    workshop.commit_by_hand(key=workshop.key("alice"))
    assert head_is_checked(workshop).principal == "alice@example.net"


@pytest.mark.parametrize("revision", ["HEAD", "main", "--help", "", "1" * 39, "1" * 40, "refs/heads/main"])
def test_only_a_full_commit_id_names_a_revision(workshop: Any, revision: str) -> None:
    workshop.commit_by_hand(key=workshop.key("alice"))
    with pytest.raises(GoldenMissingError):
        workshop.store().check(revision, accepted=None, at=workshop.clock.now())


def test_the_id_of_a_tree_is_no_revision(workshop: Any) -> None:
    workshop.commit_by_hand(key=workshop.key("alice"))
    with pytest.raises(GoldenMissingError, match="no commit"):
        workshop.store().check(workshop.git("rev-parse", "HEAD^{tree}"), accepted=None, at=workshop.clock.now())


def test_an_empty_repository_has_no_head(workshop: Any) -> None:
    with pytest.raises(GoldenMissingError, match="no commit on branch main"):
        workshop.store().head()


def test_a_folder_that_is_no_repository_is_named_and_no_repository_above_is_used(workshop: Any) -> None:
    inner = workshop.repository / "inner"
    inner.mkdir()
    workshop.commit_by_hand(key=workshop.key("alice"))
    with pytest.raises(GoldenMissingError, match="inner"):
        workshop.store(inner).head()
    with pytest.raises(GoldenMissingError, match="nowhere"):
        workshop.store(workshop.folder / "nowhere").head()


def test_a_branch_below_the_named_one_is_not_taken_for_it(workshop: Any) -> None:
    revision = workshop.commit_by_hand(key=workshop.key("alice"))
    workshop.git("checkout", "--quiet", "-b", "elsewhere")
    workshop.git("branch", "--quiet", "-D", "main")
    workshop.git("branch", "main/inner", revision)
    with pytest.raises(GoldenMissingError, match="no commit on branch main"):
        workshop.store().head()


@pytest.mark.parametrize("place", ["signers", ".git/signers", "devices/../signers"])
def test_a_trust_file_inside_the_repository_is_refused(workshop: Any, place: str) -> None:
    with pytest.raises(ConfigError, match="inside the golden repository"):
        GitGoldenStore(workshop.repository, "main", workshop.repository / place, clock=workshop.clock)


def test_a_link_to_a_trust_file_inside_the_repository_is_refused(workshop: Any, tmp_path: pathlib.Path) -> None:
    (tmp_path / "link").symlink_to(workshop.repository / "signers")
    with pytest.raises(ConfigError, match="inside the golden repository"):
        GitGoldenStore(workshop.repository, "main", tmp_path / "link", clock=workshop.clock)


def test_nothing_that_the_repository_configures_is_run(workshop: Any, golden: GoldenFile) -> None:
    marker = workshop.folder / "was-run"
    script = workshop.folder / "script"
    script.write_text(f"#!/bin/sh\necho run >> {marker}\nexit 0\n", encoding="ascii")
    script.chmod(0o755)
    hooks = workshop.repository / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for hook in ("pre-commit", "post-commit", "reference-transaction", "post-index-change", "prepare-commit-msg"):
        (hooks / hook).symlink_to(script)
    for setting in (
        "core.fsmonitor",
        "gpg.ssh.program",
        "gpg.program",
        "core.pager",
        "filter.evil.clean",
        "filter.evil.smudge",
    ):
        workshop.git("config", setting, str(script))
    (workshop.repository / ".git" / "info").mkdir(exist_ok=True)
    (workshop.repository / ".git" / "info" / "attributes").write_text("* filter=evil\n", encoding="ascii")
    store = workshop.store()
    revision = store.accept("fw1", golden, signing_key=workshop.key("alice"), message="golden")
    store.check(revision, accepted=None, at=workshop.clock.now())
    assert store.load("fw1", revision).text == golden.text
    assert not marker.exists()


def test_an_error_of_git_names_the_repository(workshop: Any) -> None:
    (workshop.repository / ".git" / "HEAD").write_text("nonsense\n", encoding="ascii")
    with pytest.raises(GoldenMissingError, match=str(workshop.repository)):
        workshop.store().head()


def test_golden_of_one_device_moved_to_anothers_folder_is_refused(workshop: Any, golden: GoldenFile) -> None:
    store = workshop.store()
    store.accept("fw1", golden, signing_key=workshop.key("alice"), message="golden")
    workshop.git("mv", "devices/fw1", "devices/fw2")
    revision = workshop.commit_by_hand(key=workshop.key("alice"))
    with pytest.raises(GoldenUntrustedError, match="something else"):
        store.load("fw2", revision)
    with pytest.raises(GoldenMissingError):
        store.load("fw1", revision)


@pytest.mark.parametrize("content", ["", "{}", "[]", "{", '{"device":"fw1","platform":1,"schema":"1.0"}', "{}" * 9])
def test_metadata_that_cannot_be_read_is_refused(workshop: Any, golden: GoldenFile, content: bytes) -> None:
    store = workshop.store()
    store.accept("fw1", golden, signing_key=workshop.key("alice"), message="golden")
    (workshop.repository / "devices/fw1/golden.json").write_text(content, encoding="ascii")
    workshop.git("commit", "--quiet", "-a", "-m", "x")
    with pytest.raises(GoldenUntrustedError, match=r"golden\.json"):
        store.load("fw1", store.head())


def test_a_device_name_that_is_a_path_is_refused(workshop: Any) -> None:
    with pytest.raises(ConfigError, match="cannot be used"):
        workshop.store().load("../x", "1" * 40)


def test_history_lists_the_revisions_of_one_device_newest_first(workshop: Any, golden: GoldenFile) -> None:
    store, key = workshop.store(), workshop.key("alice")
    first = store.accept("fw1", golden, signing_key=key, message="one")
    workshop.accepted = first
    workshop.accepted = store.accept("fw2", golden, signing_key=key, message="two")
    changed: GoldenFile = dataclasses.replace(golden, text="other\n")
    third = store.accept("fw1", changed, signing_key=key, message="three")
    assert store.history("fw1") == (third, first)
    assert store.devices(third) == ("fw1", "fw2")
