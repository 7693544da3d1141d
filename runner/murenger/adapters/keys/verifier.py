"""Port Verifier: did an allowed key make a signature, in the right role, at the right time?

Input: exact bytes, an armoured SSHSIG, a namespace and a time. Output: who signed, or a refusal with its reason. Plain
Ed25519 and P-256 signatures that are good are judged in process; all others, and every one that seems bad, by
ssh-keygen, so that the verdict is always its verdict.
"""

import datetime
import functools
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from murenger.adapters.keys.allowed_signers import AllowedSigner, read_allowed_signers
from murenger.adapters.keys.plain_keys import answer, is_good, question_of
from murenger.adapters.keys.process import DEFAULT_TIMEOUT_S, ssh_keygen
from murenger.adapters.keys.revoked import KRL, RevokedKeys
from murenger.adapters.keys.unchanged import Unchanged
from murenger.errors import SignatureError
from murenger.ports import Signatory
from murenger.record.sshsig import SshSignature, parse_signature

_NOTHING: tuple[None, None] = (None, None)


class SshVerifier:
    """Checks signatures against one allowed_signers file.

    Args:
        allowed_signers: path of the file; linted, and read anew as soon as it changes, so an edit counts at once. A
            revocation list `krl` beside it counts too.
        timeout_s: seconds for one run of ssh-keygen, > 0.
        reread: whether to look for changes at each check; a verification of very many records judges them all alike.
    """

    def __init__(self, allowed_signers: Path, *, timeout_s: float = DEFAULT_TIMEOUT_S, reread: bool = True) -> None:
        self._path = allowed_signers
        self._reread = reread
        self._timeout_s = timeout_s
        self._unchanged = Unchanged(allowed_signers)
        self._entries: tuple[AllowedSigner, ...] = ()
        self._foreseen: dict[str, tuple[bytes, SshSignature]] = {}
        self._revoked = RevokedKeys(allowed_signers.with_name(KRL), timeout_s=timeout_s, reread=reread)

    def check_trust(self) -> tuple[AllowedSigner, ...]:
        """Return the trust file's entries, so that a bad file is reported before any signature is judged.

        Raises:
            SignatureError: the file is missing, empty or must not be used.
        """
        if self._entries and not self._reread:
            return self._entries
        if not (self._unchanged.is_as_before() and self._entries):
            self._entries = ()
            self._entries = read_allowed_signers(self._path)
        return self._entries

    def foresee(self, signed: Iterable[tuple[bytes, str]]) -> None:
        """Do the arithmetic of signatures that `verify` is about to be asked about, and of no others before them.

        Done in one go it takes the processor much less than between other work, which it drives out of the caches.
        Nothing is judged yet; only good ones are remembered, with the bytes that they are over.

        Args:
            signed: bytes, and the armoured signature that is said to be over them; few enough to be held in memory.
        """
        # What was foreseen before holds whole records in memory.
        self._foreseen = {}
        asked = []
        for content, signature in signed:
            try:
                claim = parse_signature(signature)
            except ValueError:
                continue
            asked.append((question_of(claim, content), signature, content, claim))
        self._foreseen = {
            signature: (content, claim)
            for question, signature, content, claim in asked
            if question is not None and answer(question)
        }

    def verify(self, content: bytes, signature: str, *, namespace: str, at: datetime.datetime) -> Signatory:
        """Return who signed, or raise.

        Raises:
            SignatureError: `reason` is unknown, expired, revoked, namespace or invalid; "" where the check itself
                failed.
        """
        entries = self.check_trust()
        foreseen, claim = self._foreseen.get(signature, _NOTHING)
        is_foreseen = foreseen == content
        if claim is None or not is_foreseen:
            try:
                claim = parse_signature(signature)
            except ValueError as exc:
                raise SignatureError(str(exc), reason="invalid") from exc
        if "\0" in claim.namespace:
            raise SignatureError("the signature names a role that is no text", reason="invalid")
        # ssh-keygen is told whole seconds.
        second = (at if at.tzinfo is datetime.UTC else at.astimezone(datetime.UTC)).replace(microsecond=0)
        if is_foreseen or is_good(claim, content):
            accepted = None if self._revoked.holds(claim) else _accepted_plain(claim, entries, second)
        else:
            accepted = self._ask(content, claim, signature, namespace=namespace, entries=entries, at=second)
        if claim.namespace != namespace:
            raise SignatureError(f"signed in role {claim.namespace!r}, not {namespace!r}", reason="namespace")
        if accepted is not None:
            return accepted
        if self._revoked.holds(claim):
            raise SignatureError(f"key {claim.key_fingerprint} is revoked", reason="revoked")
        raise _refusal(claim, entries, second)

    def _ask(
        self,
        content: bytes,
        claim: SshSignature,
        signature: str,
        *,
        namespace: str,
        entries: tuple[AllowedSigner, ...],
        at: datetime.datetime,
    ) -> Signatory | None:
        """Return who signed by ssh-keygen's judgement, or None if nobody who may.

        Raises:
            SignatureError: the signature is not over these bytes.
        """
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", prefix="murenger-", suffix=".sig") as file:
            file.write(signature)
            file.flush()
            path = Path(file.name)
            if claim.namespace == namespace:
                accepted = self._accepted(content, claim, path, entries, at)
                if accepted is not None:
                    return accepted
            # A damaged signature names a damaged key or role; only a sound one tells of a stranger.
            if not self._is_sound(content, claim, path):
                raise SignatureError("the signature is not over these bytes", reason="invalid")
        return None

    def _accepted(
        self,
        content: bytes,
        claim: SshSignature,
        signature: Path,
        entries: tuple[AllowedSigner, ...],
        at: datetime.datetime,
    ) -> Signatory | None:
        moment = f"verify-time={at:%Y%m%d%H%M%S}Z"
        options: list[str | Path] = ["-O", moment]
        if self._revoked.path is not None:
            options += ["-r", self._revoked.path]
        for principal in self._candidates(claim, signature, entries, moment):
            judged_as: list[str | Path] = ["-f", self._path, "-I", principal, "-n", claim.namespace, "-s", signature]
            done = ssh_keygen(["-Y", "verify", *options, *judged_as], content=content, timeout_s=self._timeout_s)
            if done.code == 0:
                return Signatory(principal=principal, key_fingerprint=claim.key_fingerprint)
        return None

    def _is_sound(self, content: bytes, claim: SshSignature, signature: Path) -> bool:
        """Tell whether whatever key the signature names made it over these bytes."""
        done = ssh_keygen(
            ["-Y", "check-novalidate", "-n", claim.namespace, "-s", signature],
            content=content,
            timeout_s=self._timeout_s,
        )
        return done.code == 0

    def _candidates(
        self, claim: SshSignature, signature: Path, entries: tuple[AllowedSigner, ...], moment: str
    ) -> Iterator[str]:
        """Yield the names to try: ours from the file for a plain key, ssh-keygen's own for a certificate."""
        if not _is_certificate(claim):
            yield from dict.fromkeys(
                name for entry in entries if entry.key_blob == claim.public_key for name in entry.principals
            )
            return
        done = ssh_keygen(
            ["-Y", "find-principals", "-O", moment, "-f", self._path, "-s", signature], timeout_s=self._timeout_s
        )
        yield from (filter(None, done.output.splitlines()) if done.code == 0 else ())


def _accepted_plain(claim: SshSignature, entries: tuple[AllowedSigner, ...], at: datetime.datetime) -> Signatory | None:
    """Return the first signer whose line allows a plain key in the role that it signed in, at that time."""
    for entry in entries:
        if (
            entry.key_blob == claim.public_key
            and not entry.certificate_authority
            and entry.may_sign_in(claim.namespace)
            and entry.is_valid(at)
        ):
            return _signatory(entry.principals[0], claim.key_fingerprint)
    return None


@functools.lru_cache(maxsize=64)
def _signatory(principal: str, key_fingerprint: str) -> Signatory:
    """Return who signed; a log's records are signed by the same few."""
    return Signatory(principal=principal, key_fingerprint=key_fingerprint)


def _is_certificate(claim: SshSignature) -> bool:
    return claim.key_type.endswith("-cert-v01@openssh.com")


def _refusal(claim: SshSignature, entries: tuple[AllowedSigner, ...], at: datetime.datetime) -> SignatureError:
    """Return why a sound signature does not count: ssh-keygen's words are for people, so the file itself is asked."""
    who = f"key {claim.key_fingerprint}"
    mine = [entry for entry in entries if entry.key_blob == claim.public_key and not entry.certificate_authority]
    if not mine:
        kind = "certificate" if _is_certificate(claim) else "key"
        return SignatureError(f"{kind} {claim.key_fingerprint} is not an allowed signer", reason="unknown")
    in_role = [entry for entry in mine if entry.may_sign_in(claim.namespace)]
    if not in_role:
        return SignatureError(
            f"{who} of {mine[0].principals[0]} may not sign in role {claim.namespace!r}", reason="namespace"
        )
    return SignatureError(
        f"{who} of {in_role[0].principals[0]} was not valid at {at:%Y-%m-%dT%H:%M:%SZ}", reason="expired"
    )
