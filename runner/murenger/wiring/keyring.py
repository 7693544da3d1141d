"""The keys that sign for the runner: following one by another, and ending one that is lost, each with its record.

Input: key files, trust files, a reason. Output: trust files with other windows, and `key-event` records.
"""

import base64
import dataclasses
import datetime
import hashlib
import pathlib
import secrets
from collections.abc import Iterator, Mapping

from murenger.adapters.files.capabilities import NAMESPACE as CAPABILITY_NAMESPACE
from murenger.adapters.files.trust_file import ended, read_trust, trust_line, write_trust
from murenger.adapters.keys import AllowedSigner, SshSigner, fingerprint, public_key, read_allowed_signers
from murenger.errors import ConfigError, MurengerError
from murenger.model import Approval, ApprovalMode, ChangeRecord, Digest, canonical_bytes, digest_of
from murenger.record.groups import time_text
from murenger.record.notices import KeyEvent
from murenger.record.predicate import RECORD_NAMESPACE
from murenger.record.reading import group_of, predicate_of, text_of, written_at
from murenger.wiring.journal import Journal
from murenger.wiring.parts import Parts
from murenger.wiring.watch import Watch

KEY_EVENT_NAMESPACE = "key-event@murenger"
# The runner's own roles; a new key takes over those that the old one had.
OWN = (RECORD_NAMESPACE, CAPABILITY_NAMESPACE)
VALID_DAYS = 365
# Source: a day's seal is stamped at most this long after the day, and the day is judged by that time.
SEAL_ALLOWANCE = datetime.timedelta(days=1)

_FIPS_KEY = "ecdsa-sha2-nistp256"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """What became of a rotation.

    Attributes:
        record: the `key-event` record.
        key_fingerprint: `SHA256:...` of the new key.
        both_until: the old key counts until then.
    """

    record: ChangeRecord
    key_fingerprint: str
    both_until: datetime.datetime


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """What became of a revocation.

    Attributes:
        record: the `key-event` record.
        principal: whose key.
        key_fingerprint: `SHA256:...` of the key.
        suspect: numbers of the records that the key made or approved and no anchor covers.
        anchored_to: number of the newest record that an anchor covers, or None where there is no anchor.
    """

    record: ChangeRecord
    principal: str
    key_fingerprint: str
    suspect: tuple[int, ...]
    anchored_to: int | None


class Keyring:
    """The trust files of a site.

    Args:
        parts: adapters.
        journal: the ledger.
        watch: anchors records.
    """

    def __init__(self, parts: Parts, journal: Journal, watch: Watch) -> None:
        self._parts = parts
        self._journal = journal
        self._watch = watch

    def rotate(self, new_key: pathlib.Path, *, overlap: datetime.timedelta, custodian: pathlib.Path | None) -> Rotated:
        """Let another key sign for the runner; the old one announces it and counts on until the overlap ends.

        Args:
            new_key: private key, or a public one whose private half is in ssh-agent.
            overlap: for so long both keys count; past the seal of today.
            custodian: the key of the custodian who decides it, or None.

        Raises:
            ConfigError: the key is of a kind that the crypto profile does not allow, or counts already, or the overlap
                is too short.
            SignatureError: a key cannot be used, or the custodian's may not sign key events.
            LedgerError: the event could not be recorded; the trust file is as it was.
        """
        runner, now = self._parts.settings.runner, self._parts.clock.now()
        line, new = public_key(new_key), fingerprint(new_key)
        self.refuse_kind(line)
        old = self._parts.signer.identity().key_fingerprint
        signers = read_allowed_signers(self._parts.settings.trust)
        if any(_fingerprint(signer) == new for signer in signers):
            raise ConfigError(
                f"the key {new} is in the trust file already", hint="make a new one: murenger keys generate"
            )
        both_until = now + overlap
        sealed_by = _end_of_day(now) + SEAL_ALLOWANCE
        if both_until < sealed_by:
            raise ConfigError(
                f"the overlap must last until {sealed_by:%Y-%m-%dT%H:%MZ}",
                hint="records of today are judged at the time of today's seal, so the old key must count until then",
            )
        former = [signer for signer in signers if _fingerprint(signer) == old and set(signer.namespaces) & set(OWN)]
        # One who has always signed records goes on doing so; other roles are only kept.
        namespaces = tuple(
            name for name in OWN if name == RECORD_NAMESPACE or any(signer.may_sign_in(name) for signer in former)
        )
        text = _ended_lines(
            read_trust(self._parts.settings.trust),
            former,
            both_until,
        )
        text += trust_line(runner.id, ",".join(namespaces), line, start=now, days=VALID_DAYS)
        event = KeyEvent(
            action="rotate",
            principal=runner.id,
            key_fingerprint=new,
            namespaces=namespaces,
            valid_from=now.replace(microsecond=0),
            valid_until=now.replace(microsecond=0) + datetime.timedelta(days=VALID_DAYS),
            replaces=old,
            reason="",
        )
        record = self._changed({self._parts.settings.trust: text}, event, custodian)
        return Rotated(record=record, key_fingerprint=new, both_until=both_until)

    def revoke(self, who: str, *, end: datetime.datetime, reason: str, custodian: pathlib.Path | None) -> Revoked:
        """End a key: what it signs after that instant does not count; the past that anchors cover stays good.

        Args:
            who: principal, or `SHA256:...` of the key.
            end: the last instant at which the key was surely in good hands.
            reason: why.
            custodian: the key of the custodian who decides it, or None.

        Raises:
            ConfigError: nobody or more than one key is meant, or it is the one that the runner signs with.
            SignatureError: a trust file must not be used, or the custodian's key may not sign key events.
            LedgerError: the event could not be recorded; the trust file is as it was.
        """
        found = self._find(who)
        signers = [signer for lines in found.values() for signer in lines]
        print_ = _fingerprint(signers[0])
        if print_ == self._parts.signer.identity().key_fingerprint:
            raise ConfigError(
                "the runner signs with this key, so it cannot announce its own end",
                hint="murenger keys rotate --key NEW, set runner.key in murenger.yml, then revoke the old one",
            )
        namespaces = tuple(dict.fromkeys(name for signer in signers for name in signer.namespaces))
        seen = self._parts.anchors.seen()
        suspect = tuple(self._suspect(print_, None if seen is None else seen.sequence, end))
        event = KeyEvent(
            action="compromise" if end <= self._parts.clock.now() else "expire",
            principal=signers[0].principals[0],
            key_fingerprint=print_,
            namespaces=namespaces,
            valid_until=end,
            suspect_from=end,
            suspect=suspect,
            reason=reason,
        )
        texts = {path: _ended_lines(read_trust(path), lines, end) for path, lines in found.items()}
        record = self._changed(texts, event, custodian)
        return Revoked(
            record=record,
            principal=event.principal,
            key_fingerprint=print_,
            suspect=suspect,
            anchored_to=None if seen is None else seen.sequence,
        )

    def refuse_kind(self, public_line: str) -> None:
        """Refuse a key of a kind that the crypto profile does not allow.

        Raises:
            ConfigError: the profile is fips and it is no NIST P-256 key.
        """
        kind = public_line.split(maxsplit=1)[0]
        if self._parts.settings.crypto_profile == "fips" and kind != _FIPS_KEY:
            raise ConfigError(f"crypto_profile fips wants a {_FIPS_KEY} key, not {kind}", hint="--kind ecdsa-p256")

    def _find(self, who: str) -> dict[pathlib.Path, list[AllowedSigner]]:
        """Return, for each trust file that names it, the lines of the one key that is meant.

        Raises:
            ConfigError: nobody is meant, or more than one key.
        """
        settings = self._parts.settings
        found: dict[pathlib.Path, list[AllowedSigner]] = {}
        for path in (settings.trust, settings.golden.trust):
            lines = [signer for signer in _entries(path) if who in (*signer.principals, _fingerprint(signer))]
            if lines:
                found[path] = lines
        keys = sorted({_fingerprint(signer) for lines in found.values() for signer in lines})
        if not keys:
            raise ConfigError(f"no trust file names {who!r}", hint="murenger keys list")
        if len(keys) > 1:
            raise ConfigError(
                f"{who!r} has more than one key: {', '.join(keys)}", hint="name the key by its fingerprint"
            )
        return found

    def _suspect(self, key: str, anchored_to: int | None, end: datetime.datetime) -> Iterator[int]:
        """Yield the records that a key made or approved and no anchor covers; without anchors, those after its end."""
        for record in self._parts.ledger.records(0 if anchored_to is None else anchored_to + 1):
            said = predicate_of(record)
            used = {text_of(group_of(said, "executor"), "key_fp"), text_of(group_of(said, "approval"), "key_fp")}
            if key in used and (anchored_to is not None or written_at(record) > end):
                yield record.sequence

    def _changed(
        self, texts: Mapping[pathlib.Path, str], event: KeyEvent, custodian: pathlib.Path | None
    ) -> ChangeRecord:
        """Write trust files and record why; they are as they were if the record cannot be made."""
        approval = None if custodian is None else self._decided(event, custodian)
        before = {path: read_trust(path) for path in texts}
        try:
            for path, text in texts.items():
                write_trust(path, text)
            with self._journal.writing() as (recorder, _):
                record = recorder.key_event(event, self._trust_digests(), approval=approval)
        except MurengerError:
            for path, text in before.items():
                write_trust(path, text)
            raise
        self._watch.anchor_quietly()
        return record

    def _trust_digests(self) -> tuple[tuple[str, Digest], ...]:
        paths = (self._parts.settings.trust, self._parts.settings.golden.trust)
        return tuple((path.name, digest_of(path.read_bytes())) for path in paths)

    def _decided(self, event: KeyEvent, custodian: pathlib.Path) -> Approval:
        """Return the custodian's signed decision about a key event.

        Raises:
            SignatureError: their key cannot sign, or may not sign key events.
        """
        now = self._parts.clock.now()
        author = self._parts.signer.identity()
        not_after = (now + datetime.timedelta(days=1)).replace(microsecond=0)
        reason = event.reason or f"{event.action} of the key of {event.principal}"
        content = canonical_bytes(
            {
                "type": "key-event",
                "schema": "1.0",
                "origin": self._parts.settings.store.origin,
                "nonce": secrets.token_hex(16),
                "author": author.principal,
                "author_key_fp": author.key_fingerprint,
                "not_after": f"{not_after:%Y-%m-%dT%H:%M:%SZ}",
                "action": event.action,
                "principal": event.principal,
                "key_fp": event.key_fingerprint,
                "namespaces": list(event.namespaces),
                "valid_from": None if event.valid_from is None else time_text(event.valid_from),
                "valid_until": None if event.valid_until is None else time_text(event.valid_until),
                "reason": reason,
            }
        )
        signature = SshSigner("custodian", custodian).sign(content, namespace=KEY_EVENT_NAMESPACE)
        signatory = self._parts.verifier.verify(content, signature, namespace=KEY_EVENT_NAMESPACE, at=now)
        return Approval(
            mode=ApprovalMode.PERSON,
            principal=signatory.principal,
            key_fingerprint=signatory.key_fingerprint,
            decision_sha256=hashlib.sha256(content).hexdigest(),
            decision=content,
            signature=signature,
            author=author.principal,
            expires_at=not_after,
            reason=reason,
            security_impact="decides whose signatures count",
        )


def _entries(path: pathlib.Path) -> tuple[AllowedSigner, ...]:
    only_comments = all(not row.strip() or row.strip().startswith("#") for row in read_trust(path).splitlines())
    return () if only_comments else read_allowed_signers(path)


def _ended_lines(text: str, signers: list[AllowedSigner], end: datetime.datetime) -> str:
    """Return a trust file's text in which these lines end at a time; none that ends earlier is prolonged."""
    for signer in signers:
        if signer.valid_before is None or signer.valid_before > end:
            text = ended(text, signer.line, end)
    return text if text.endswith("\n") else text + "\n"


def _fingerprint(signer: AllowedSigner) -> str:
    """Return a key as `SHA256:...`."""
    digest = hashlib.sha256(signer.key_blob).digest()
    return "SHA256:" + base64.b64encode(digest).decode("ascii").rstrip("=")


def _end_of_day(at: datetime.datetime) -> datetime.datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0) + datetime.timedelta(days=1)
