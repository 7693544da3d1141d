"""Port ApprovalStore: decision files that people signed, beside their signatures.

Input: a folder, a verifier and the time. Output: approvals that count now, or the reason why one does not. A standing
change lies where the policy says; an approval of a plan lies in `approvals/<plan digest>.json`; each signature in a
file of the same name with `.sig` added, as `ssh-keygen -Y sign` makes it.
"""

import datetime
import hashlib
import pathlib
import re

from murenger.decide import PlanDocument, author_key_fingerprint, parse_plan, parse_standing_change
from murenger.errors import ApprovalError, SignatureError
from murenger.model import Approval, ApprovalMode, Digest, Policy, StandingChange
from murenger.ports import Clock, Signatory, Verifier

NAMESPACE = "change-approval@murenger"
_SHA256 = re.compile(r"[0-9a-f]{64}")
# Decision files are a few kilobytes; a larger one is not read into memory.
_MAX_BYTES = 4 * 1024 * 1024


class FileApprovals:
    """Approvals in plain files.

    Args:
        folder: approvals of plans lie in `approvals/` below it.
        verifier: checks signatures against the trust file for decisions.
        clock: the time by which keys and ends are judged.
        origin: name of our log; a decision file for another log does not count.
        runner: our own identity; its signature is never an approval.
    """

    def __init__(
        self, folder: pathlib.Path, verifier: Verifier, clock: Clock, *, origin: str, runner: Signatory
    ) -> None:
        self._folder = folder / "approvals"
        self._verifier = verifier
        self._clock = clock
        self._origin = origin
        self._runner = runner

    def path_for_plan(self, plan_sha256: str) -> pathlib.Path:
        """Return where the signed copy of a plan file belongs; its signature goes beside it, with `.sig` added.

        Raises:
            ApprovalError: the digest is not 64 lower-case hex digits.
        """
        if not _SHA256.fullmatch(plan_sha256):
            raise ApprovalError(f"{plan_sha256[:80]!r} is not a plan's digest", hint="64 lower-case hex digits")
        return self._folder / f"{plan_sha256}.json"

    def for_plan(self, plan_sha256: str) -> Approval | None:
        """Return the verified, unexpired approval of a plan, or None if nobody has approved it.

        Raises:
            ApprovalError: there is one and it does not verify.
        """
        path = self.path_for_plan(plan_sha256)
        if not path.exists() and not _signature_path(path).exists():
            return None
        content = _read(path)
        if hashlib.sha256(content).hexdigest() != plan_sha256:
            raise ApprovalError(f"the approved plan {path} was altered", hint="make a new plan and have it approved")
        document = parse_plan(content)
        signature, signatory = self._verified(path, content)
        self._refuse(
            path,
            content,
            signatory,
            origin=document.origin,
            author=document.author,
            not_after=document.not_after,
        )
        return _plan_approval(document, content, signature, signatory)

    def standing(self, policy: Policy) -> tuple[StandingChange, Approval]:
        """Return the signed standing change that a policy names.

        Raises:
            ApprovalError: it is missing, unsigned, expired, for another log, or signed by the runner or by its author.
        """
        if policy.standing_change is None:
            raise ApprovalError(
                f"policy {policy.name!r} names no standing change", hint="set standing_change in murenger.yml"
            )
        path = pathlib.Path(policy.standing_change)
        content = _read(path)
        change = parse_standing_change(content)
        signature, signatory = self._verified(path, content)
        self._refuse(path, content, signatory, origin=change.origin, author=change.author, not_after=change.not_after)
        return change, _standing_approval(change, content, signature, signatory)

    def _verified(self, path: pathlib.Path, content: bytes) -> tuple[str, Signatory]:
        signature = _read_signature(path)
        try:
            return signature, self._verifier.verify(content, signature, namespace=NAMESPACE, at=self._clock.now())
        except SignatureError as exc:
            raise ApprovalError(
                f"the signature of {path} does not count: {exc.message}",
                hint=exc.hint or f"it must be made with -n {NAMESPACE} by a key of the trust file",
            ) from exc

    def _refuse(
        self,
        path: pathlib.Path,
        content: bytes,
        signatory: Signatory,
        *,
        origin: str,
        author: str,
        not_after: datetime.datetime,
    ) -> None:
        if origin != self._origin:
            raise ApprovalError(f"{path} is for the log {origin[:80]!r}, not for {self._origin!r}")
        if not_after <= self._clock.now():
            raise ApprovalError(f"{path} ended at {not_after:%Y-%m-%dT%H:%M:%SZ}", hint="have a new one signed")
        written_by = Signatory(principal=author, key_fingerprint=author_key_fingerprint(content))
        for role, other in (("its author", written_by), ("the runner", self._runner)):
            if _is_same(signatory, other):
                raise ApprovalError(
                    f"{path} is signed by {signatory.principal}, who is {role}",
                    hint="somebody else must approve a change, with a key of their own",
                )


def _is_same(one: Signatory, other: Signatory) -> bool:
    """Return True if two signatories share a name, in any case of letters, or a key."""
    return one.principal.casefold() == other.principal.casefold() or one.key_fingerprint == other.key_fingerprint


def _signature_path(path: pathlib.Path) -> pathlib.Path:
    return path.with_name(path.name + ".sig")


def _read(path: pathlib.Path) -> bytes:
    try:
        with path.open("rb") as stream:
            content = stream.read(_MAX_BYTES + 1)
    except FileNotFoundError as exc:
        raise ApprovalError(f"there is no decision file {path}", hint="murenger init prepares one") from exc
    except OSError as exc:
        raise ApprovalError(f"the decision file {path} cannot be read: {exc.strerror}") from exc
    if len(content) > _MAX_BYTES:
        raise ApprovalError(f"{path} is too large to be a decision file")
    return content


def _read_signature(path: pathlib.Path) -> str:
    signature = _signature_path(path)
    if not signature.exists():
        raise ApprovalError(
            f"{path} is not signed: there is no {signature.name}",
            hint=f"a person signs it with: ssh-keygen -Y sign -f KEY -n {NAMESPACE} {path}",
        )
    return _read(signature).decode("utf-8", "replace")


def _plan_approval(document: PlanDocument, content: bytes, signature: str, signatory: Signatory) -> Approval:
    return Approval(
        mode=ApprovalMode.PERSON,
        principal=signatory.principal,
        key_fingerprint=signatory.key_fingerprint,
        decision_sha256=document.sha256,
        decision=content,
        signature=signature,
        author=document.author,
        expires_at=document.not_after,
        reason=document.reason,
        security_impact=document.security_impact,
        plan_digest=Digest("sha256:" + document.sha256),
    )


def _standing_approval(change: StandingChange, content: bytes, signature: str, signatory: Signatory) -> Approval:
    return Approval(
        mode=ApprovalMode.STANDING,
        principal=signatory.principal,
        key_fingerprint=signatory.key_fingerprint,
        decision_sha256=change.sha256,
        decision=content,
        signature=signature,
        author=change.author,
        expires_at=change.not_after,
        reason=change.reason,
        security_impact=change.security_impact,
    )
