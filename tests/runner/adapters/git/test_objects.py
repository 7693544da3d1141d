"""Objects changed on disk under their ids: git itself is fooled, we are not."""

import dataclasses
import pathlib
import subprocess
import zlib
from collections.abc import Sequence
from typing import Any

import pytest

from murenger.adapters.git import Git
from murenger.adapters.git.objects import descends
from murenger.errors import GoldenUntrustedError
from murenger.ports import GoldenFile


def object_path(workshop: Any, name: str) -> pathlib.Path:
    return pathlib.Path(workshop.repository, ".git", "objects", name[:2], name[2:])


def overwrite_object(workshop: Any, name: str, kind: str, content: bytes) -> None:
    """Put other bytes under an object's id, well packed, as somebody with access to the disk could."""
    path = object_path(workshop, name)
    path.chmod(0o644)
    path.write_bytes(zlib.compress(f"{kind} {len(content)}".encode() + b"\0" + content))


def test_a_damaged_object_is_an_error_and_not_an_answer(workshop: Any, golden: GoldenFile) -> None:
    store = workshop.store()
    revision = store.accept("fw1", golden, signing_key=workshop.key("alice"), message="golden")
    path = object_path(workshop, workshop.git("rev-parse", f"{revision}:devices/fw1/running.conf"))
    path.chmod(0o644)
    path.write_bytes(b"damaged")
    with pytest.raises(GoldenUntrustedError, match="of the golden repository"):
        store.load("fw1", revision)


def test_a_text_replaced_under_its_id_is_refused_though_git_itself_is_fooled(workshop: Any, golden: GoldenFile) -> None:
    store = workshop.store()
    revision = store.accept("fw1", golden, signing_key=workshop.key("alice"), message="golden")
    blob = workshop.git("rev-parse", f"{revision}:devices/fw1/running.conf")
    overwrite_object(workshop, blob, "blob", b"accept everything\n")
    assert workshop.git("cat-file", "blob", blob) == "accept everything"
    with pytest.raises(GoldenUntrustedError, match="other bytes than its id says"):
        store.load("fw1", revision)


def test_a_tree_replaced_under_its_id_is_refused(workshop: Any, golden: GoldenFile) -> None:
    store, key = workshop.store(), workshop.key("alice")
    workshop.accepted = store.accept("fw1", golden, signing_key=key, message="golden")
    other = store.accept("fw1", dataclasses.replace(golden, text="other\n"), signing_key=key, message="other")
    tree = workshop.git("rev-parse", f"{other}^{{tree}}")
    older = subprocess.run(
        ["git", "-C", str(workshop.repository), "cat-file", "tree", f"{workshop.accepted}^{{tree}}"],
        check=True,
        capture_output=True,
    ).stdout
    overwrite_object(workshop, tree, "tree", older)
    with pytest.raises(GoldenUntrustedError, match="other bytes than its id says"):
        store.load("fw1", other)


def test_a_missing_object_is_named(workshop: Any, golden: GoldenFile) -> None:
    store = workshop.store()
    revision = store.accept("fw1", golden, signing_key=workshop.key("alice"), message="golden")
    blob = workshop.git("rev-parse", f"{revision}:devices/fw1/running.conf")
    object_path(workshop, blob).unlink()
    with pytest.raises(GoldenUntrustedError, match=f"object {blob[:12]} of the golden repository is missing"):
        store.load("fw1", revision)


def test_an_ancestor_forged_on_disk_is_refused_though_git_itself_is_fooled(workshop: Any) -> None:
    key = workshop.key("alice")
    root = workshop.commit_by_hand(key=key, message="root")
    middle = workshop.commit_by_hand(key=key, message="middle")
    forged = workshop.commit_bytes()
    older = workshop.commit_by_hand(key=key, message="older")
    workshop.git("reset", "--quiet", "--hard", root)
    accepted = workshop.commit_by_hand(key=key, message="accepted")
    overwrite_object(workshop, middle, "commit", forged.replace(root.encode(), accepted.encode()))
    workshop.git("update-ref", "refs/heads/main", older)
    workshop.git("merge-base", "--is-ancestor", accepted, older)
    with pytest.raises(GoldenUntrustedError, match="other bytes than its id says"):
        workshop.store().check(older, accepted=accepted, at=workshop.clock.now())


class FooledGit(Git):
    """A git that takes every commit for an ancestor of every other."""

    def holds(self, arguments: Sequence[str]) -> bool:
        return arguments[0] == "merge-base" or super().holds(arguments)


def test_descent_is_found_by_walking_and_not_by_gits_word_alone(workshop: Any) -> None:
    key = workshop.key("alice")
    root = workshop.commit_by_hand(key=key, message="root")
    one = workshop.commit_by_hand(key=key, message="one")
    workshop.git("reset", "--quiet", "--hard", root)
    other = workshop.commit_by_hand(key=key, message="other")
    merged = workshop.git("commit-tree", f"{other}^{{tree}}", "-p", other, "-p", one, "-m", "merge")
    fooled = FooledGit(workshop.repository)
    assert not descends(fooled, other, one)
    assert not descends(fooled, root, one)
    assert all(descends(fooled, merged, accepted) for accepted in (merged, other, one, root))
