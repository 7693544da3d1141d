"""The golden revision that counts: judged once, at first sight."""

import datetime

import pytest

from murenger.decide import AcceptedRevision, resolve
from murenger.errors import GoldenMissingError, GoldenUntrustedError
from murenger.ports import GoldenFile, Signatory

NOW = datetime.datetime(2026, 11, 22, 10, 0, tzinfo=datetime.UTC)
ACCEPTED = AcceptedRevision(
    revision="a" * 40, approved_by="alice", key_fingerprint="SHA256:alice", approved_at=NOW - datetime.timedelta(days=1)
)


class MemoryStore:
    """Port `GoldenStore` with one line of revisions and a signer who may have expired."""

    def __init__(self, *revisions: str, valid: bool = True) -> None:
        self.revisions = list(revisions)
        self.valid = valid
        self.checks: list[tuple[str, str | None, datetime.datetime]] = []

    def head(self) -> str:
        if not self.revisions:
            raise GoldenMissingError("no commit")
        return self.revisions[-1]

    def check(self, revision: str, *, accepted: str | None, at: datetime.datetime) -> Signatory:
        self.checks.append((revision, accepted, at))
        if not self.valid:
            raise GoldenUntrustedError("the key is expired")
        if accepted is not None and accepted not in self.revisions[: self.revisions.index(revision) + 1]:
            raise GoldenUntrustedError("does not descend")
        return Signatory(principal="bob", key_fingerprint="SHA256:bob")

    def load(self, device: str, revision: str) -> GoldenFile:
        raise NotImplementedError

    def accept(self, device: str, golden: GoldenFile, *, signing_key: str, message: str) -> str:
        raise NotImplementedError


def test_the_first_revision_is_approved_at_first_sight() -> None:
    found, is_new = resolve(MemoryStore("a" * 40), None, NOW)
    assert is_new
    assert found == AcceptedRevision(
        revision="a" * 40, approved_by="bob", key_fingerprint="SHA256:bob", approved_at=NOW
    )


def test_an_accepted_revision_keeps_its_approval_when_the_key_expires() -> None:
    store = MemoryStore("a" * 40, valid=False)
    assert resolve(store, ACCEPTED, NOW) == (ACCEPTED, False)
    assert store.checks == []


def test_a_new_revision_is_checked_now_and_against_the_accepted_one() -> None:
    store = MemoryStore("a" * 40, "b" * 40)
    found, is_new = resolve(store, ACCEPTED, NOW)
    assert is_new
    assert (found.revision, found.approved_at) == ("b" * 40, NOW)
    assert store.checks == [("b" * 40, "a" * 40, NOW)]


def test_an_untrusted_new_revision_is_refused_and_the_old_one_not_used_instead() -> None:
    with pytest.raises(GoldenUntrustedError, match="expired"):
        resolve(MemoryStore("a" * 40, "b" * 40, valid=False), ACCEPTED, NOW)


def test_a_rolled_back_branch_is_refused() -> None:
    with pytest.raises(GoldenUntrustedError, match="descend"):
        resolve(MemoryStore("0" * 40), ACCEPTED, NOW)


def test_an_empty_repository_is_missing_golden() -> None:
    with pytest.raises(GoldenMissingError):
        resolve(MemoryStore(), ACCEPTED, NOW)
