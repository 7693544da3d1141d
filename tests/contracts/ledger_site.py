"""A store with real keys, for the contract of the port Ledger.

Input: folders. Output: ledgers, statements to append, and the verdict of `verify` on what was appended.
"""

import datetime
from collections.abc import Callable
from pathlib import Path

from murenger.adapters.files.ledger import FileLedger
from murenger.adapters.files.ledger_files import no_step
from murenger.adapters.keys import SshSigner, SshVerifier, fingerprint, generate_key, public_key
from murenger.model import digest_of
from murenger.record import Executor, LogTerms, Trigger, verify_store
from murenger.record.log_drafts import genesis_draft, recovery_draft
from murenger.record.statement import statement_bytes

ORIGIN = "fw-site1.example"
NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
RECORD, APPROVAL = "change-record@murenger", "change-approval@murenger"

Build = Callable[[int, str], bytes]


def make_keys(folder: Path) -> Path:
    """Make the keys of a runner and an approver, and a trust file; return their folder."""
    for name in ("runner", "approver"):
        generate_key(folder / name, name)
    (folder / "allowed_signers").write_text(
        f'runner@site namespaces="{RECORD}" {public_key(folder / "runner")}\n'
        f'alice@site namespaces="{APPROVAL}" {public_key(folder / "approver")}\n'
    )
    return folder


class Site:
    """A store, the runner's and an approver's key, and what the trust file says of them."""

    def __init__(self, store: Path, keys: Path) -> None:
        self.store = store
        self.key, self.approver = keys / "runner", keys / "approver"
        self.trust = keys / "allowed_signers"

    @property
    def folder(self) -> Path:
        return self.store / ORIGIN

    def ledger(self, at_step: Callable[[str], None] = no_step) -> FileLedger:
        return FileLedger(self.store, origin=ORIGIN, signer=SshSigner("runner@site", self.key), at_step=at_step)

    def build(self, at: datetime.datetime = NOW, text: str = "a clock step") -> Build:
        executor = Executor(
            runner_id="runner@site",
            host="mgmt1",
            run_id="run-1",
            key_fingerprint=fingerprint(self.key),
            trigger=Trigger.MANUAL,
        )
        terms = LogTerms(trust=(("allowed_signers", digest_of("x")),))

        def build(sequence: int, previous: str) -> bytes:
            recovery = recovery_draft(cause="test", affected="x", sha256="0" * 64, found=text, action="none")
            draft = genesis_draft(terms, ORIGIN) if sequence == 0 else recovery
            place = {"origin": ORIGIN, "sequence": sequence, "previous_sha256": previous}
            return statement_bytes(draft, **place, written_at=at, executor=executor)  # type: ignore[arg-type]  # three keywords in one

        return build

    def faults(self) -> list[str]:
        report = verify_store(self.folder, verifier=SshVerifier(self.trust))
        return [f"{finding.code.value} {finding.file} {finding.text}" for finding in report.logs[0].findings]
