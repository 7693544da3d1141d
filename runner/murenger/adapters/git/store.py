"""Port GoldenStore over git: what the approved revision says, and how a person approves the next one.

Input: a repository, a branch, and a trust file outside the repository. Output: golden files, and who signed them.
Layout: `devices/<name>/running.conf`, `golden.json` (platform), `secrets.vault` (ansible-vault), and one
`fingerprint-key.vault` at the top.
"""

import datetime
import pathlib
import re
from collections.abc import Callable

from murenger.adapters.git.command import Git
from murenger.adapters.git.commit import split_commit
from murenger.adapters.git.objects import descends, read_objects
from murenger.adapters.git.tree import (
    METADATA_FILE,
    SECRETS_FILE,
    TEXT_FILE,
    TreeFile,
    device_folder,
    list_files,
    read_file,
    refuse_odd_files,
)
from murenger.adapters.git.writer import Writer
from murenger.adapters.keys import SshVerifier
from murenger.errors import ConfigError, GoldenMissingError, GoldenUntrustedError, SecretError, SignatureError
from murenger.model import JsonValue, canonical_bytes, check_device_name, parse_canonical
from murenger.ports import Clock, GoldenFile, Signatory, Verifier

NAMESPACE = "git"
_SCHEMA = "1.0"
_REVISION = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_VAULT_HEADER = b"$ANSIBLE_VAULT;"
_HINTS = {
    "unknown": "an allowed reviewer must sign it; the trust file names them",
    "expired": "the key's time is over, whatever date the commit bears; a reviewer with a valid key must sign anew",
    "namespace": 'the trust file must give the reviewer namespaces="git"',
    "invalid": "the commit was altered after it was signed",
}


class GitGoldenStore:
    """Golden policy in one branch of one repository.

    Args:
        repository: folder of the repository, bare or with a work tree.
        branch: the branch that counts.
        trust: allowed_signers file; outside the repository, or whoever may push could name the signers.
        clock: the time at which new commits are made and their signers judged.
        accepted: tells the revision that the ledger accepted last, or None; `accept` builds upon it, or upon a head
            that checks, and never gives a person's signature to what somebody else slipped in.
        verifier: checks signatures against `trust`; ssh-keygen if None.

    Raises:
        ConfigError: the trust file lies inside the repository.
    """

    def __init__(
        self,
        repository: pathlib.Path,
        branch: str,
        trust: pathlib.Path,
        *,
        clock: Clock,
        accepted: Callable[[], str | None] = lambda: None,
        verifier: Verifier | None = None,
    ) -> None:
        if trust.resolve().is_relative_to(repository.resolve()):
            raise ConfigError(
                f"the golden trust file {trust} lies inside the golden repository",
                hint="move it outside: whoever may push could name the signers",
            )
        self._git = Git(repository)
        self._branch = branch
        self._trust = trust
        self._clock = clock
        self._accepted = accepted
        self._verifier = verifier or SshVerifier(trust)

    def head(self) -> str:
        """Return the full commit id of the branch that holds golden policy.

        Raises:
            GoldenMissingError: there is no repository or no commit.
        """
        head = self._head()
        if head is None:
            raise GoldenMissingError(
                f"the golden repository {self._git.repository} has no commit on branch {self._branch}",
                hint="murenger golden accept DEVICE makes the first",
            )
        return head

    def _head(self) -> str | None:
        reference = f"refs/heads/{self._branch}"
        listing = self._git.text(["for-each-ref", "--format=%(refname) %(objectname)", reference])
        return dict(line.split(" ") for line in listing.splitlines()).get(reference)

    def check(self, revision: str, *, accepted: str | None, at: datetime.datetime) -> Signatory:
        """Return who signed a revision, judged by the trust file and the key's validity at `at`.

        Args:
            revision: full commit id.
            accepted: the last accepted revision, which `revision` must equal or descend from; None if there is none.
            at: the time to judge the key by; the commit's own date proves nothing.

        Raises:
            GoldenUntrustedError: unsigned, signed by a stranger or a key not valid then, not a descendant, or it holds
                anything but plain files.
            GoldenMissingError: there is no such commit.
        """
        self._refuse_no_commit(revision)
        if accepted is not None:
            self._refuse_rollback(revision, accepted)
        signed = split_commit(revision, read_objects(self._git, [revision])[revision].content)
        try:
            signatory = self._verifier.verify(signed.payload, signed.signature, namespace=NAMESPACE, at=at)
        except SignatureError as exc:
            raise GoldenUntrustedError(
                f"golden revision {revision[:12]} is not to be trusted: {exc.message}",
                hint=_HINTS.get(exc.reason, exc.hint),
            ) from exc
        refuse_odd_files(self._git, revision)
        return signatory

    def _refuse_no_commit(self, revision: str) -> None:
        if not _REVISION.fullmatch(revision):
            raise GoldenMissingError(f"{revision[:80]!r} is not a full commit id")
        found = self._git.text(["cat-file", "--batch-check=%(objecttype)"], content=revision.encode("ascii") + b"\n")
        if found != "commit":
            raise GoldenMissingError(f"the golden repository {self._git.repository} holds no commit {revision[:12]}")

    def _refuse_rollback(self, revision: str, accepted: str) -> None:
        try:
            self._refuse_no_commit(accepted)
            follows = descends(self._git, revision, accepted)
        except GoldenMissingError as exc:
            raise GoldenUntrustedError(
                f"the accepted golden revision {accepted[:12]} is no longer in the repository",
                hint="its history was rewritten or it is a shallow clone; restore it before anything is healed",
            ) from exc
        if not follows:
            raise GoldenUntrustedError(
                f"golden revision {revision[:12]} does not descend from {accepted[:12]}, which was accepted before",
                hint="it was rolled back or replaced; to return to older policy, commit it anew on top and sign that",
            )

    def load(self, device: str, revision: str) -> GoldenFile:
        """Return a device's golden policy at a revision.

        Raises:
            GoldenMissingError: the revision holds none for the device.
            GoldenUntrustedError: the files are not plain files, or their description is not for this device.
        """
        folder = device_folder(check_device_name(device))
        files = {file.path: file for file in list_files(self._git, revision, folder)}
        text = files.get(f"{folder}/{TEXT_FILE}")
        metadata = files.get(f"{folder}/{METADATA_FILE}")
        if text is None or metadata is None:
            raise GoldenMissingError(
                f"no golden policy at revision {revision[:12]}",
                device=device,
                hint=f"murenger golden accept {device} captures it",
            )
        secrets = files.get(f"{folder}/{SECRETS_FILE}")
        return GoldenFile(
            text=self._read(revision, text).decode("utf-8", "surrogateescape"),
            platform=_platform(device, self._read(revision, metadata)),
            path=text.path,
            sidecar=self._read(revision, secrets) if secrets else None,
        )

    def _read(self, revision: str, file: TreeFile) -> bytes:
        return read_file(self._git, revision, file)

    def read(self, path: str, revision: str) -> bytes | None:
        """Return the bytes of one file at a revision, or None if it is not there.

        Raises:
            GoldenUntrustedError: it is not a plain file.
        """
        files = {file.path: file for file in list_files(self._git, revision, path)}
        return self._read(revision, files[path]) if path in files else None

    def devices(self, revision: str) -> tuple[str, ...]:
        """Return the names of the devices that have golden policy at a revision, sorted."""
        paths = (pathlib.PurePosixPath(file.path).parts for file in list_files(self._git, revision, "devices"))
        return tuple(sorted({parts[1] for parts in paths if parts[2:] == (TEXT_FILE,)}))

    def history(self, device: str) -> tuple[str, ...]:
        """Return the revisions that changed a device's golden policy, newest first; says nothing about trust."""
        folder = device_folder(check_device_name(device))
        return tuple(self._git.text(["rev-list", f"refs/heads/{self._branch}", "--", folder]).split())

    def accept(self, device: str, golden: GoldenFile, *, signing_key: str, message: str) -> str:
        """Write a device's golden policy and commit it, signed with a person's key.

        Args:
            device: name of the device.
            golden: what to write; `path` is ignored.
            signing_key: path of an SSH key (private, or public with its private half in ssh-agent).
            message: commit message.

        Returns:
            The new commit id, or the old one if nothing changed.

        Raises:
            GoldenUntrustedError: the commit could not be signed, its signer is not allowed, it would build upon an
                untrusted revision, or uncommitted changes lie in the device's folder; nothing is left behind.
            SecretError: the sidecar is not encrypted.
            LeaseHeldError: another process is accepting golden policy.
        """
        folder = device_folder(check_device_name(device))
        if golden.sidecar is not None and not golden.sidecar.startswith(_VAULT_HEADER):
            raise SecretError("the secrets are not encrypted, so they are not committed", device=device)
        contents = {
            f"{folder}/{TEXT_FILE}": golden.text.encode("utf-8", "surrogateescape"),
            f"{folder}/{METADATA_FILE}": canonical_bytes(_metadata(device, golden.platform)) + b"\n",
            f"{folder}/{SECRETS_FILE}": golden.sidecar,
        }
        return self.write(folder, contents, signing_key=signing_key, message=message)

    def write(self, folder: str, contents: dict[str, bytes | None], *, signing_key: str, message: str) -> str:
        """Commit files, signed with a person's key; all or nothing.

        Args:
            folder: the path that must be free of uncommitted changes.
            contents: bytes by path inside the repository, all in `folder`; None for a file that goes.
            signing_key: path of an SSH key.
            message: commit message.

        Returns:
            The new commit id, or the old one if nothing changed.

        Raises:
            GoldenUntrustedError: as for `accept`.
            LeaseHeldError: another process is accepting golden policy.
        """
        writer = Writer(self._git, self._branch, self._trust, self._clock, signing_key=pathlib.Path(signing_key))
        with writer.locked():
            base = self._base()
            return writer.commit(base, folder, contents, message=message, check=self._check_own)

    def _base(self) -> str | None:
        """Return the head to build upon; signing a child would approve whatever it holds."""
        head, accepted = self._head(), self._accepted()
        if head is None and accepted is not None:
            raise GoldenUntrustedError(
                f"branch {self._branch} is gone, though revision {accepted[:12]} was accepted",
                hint="restore the golden repository first",
            )
        if head is not None and head != accepted:
            self.check(head, accepted=accepted, at=self._clock.now())
        return head

    def _check_own(self, revision: str, base: str | None) -> None:
        self.check(revision, accepted=base, at=self._clock.now())


def _metadata(device: str, platform: str) -> dict[str, JsonValue]:
    return {"device": device, "platform": platform, "schema": _SCHEMA}


def _platform(device: str, content: bytes) -> str:
    """Return the platform that golden.json names for exactly this device."""
    try:
        found = parse_canonical(content.removesuffix(b"\n"))
    except ValueError as exc:
        raise GoldenUntrustedError(f"{METADATA_FILE} cannot be read: {exc}", device=device) from exc
    platform = found.get("platform")
    if not isinstance(platform, str) or found != _metadata(device, platform):
        raise GoldenUntrustedError(
            f"{METADATA_FILE} describes something else",
            device=device,
            hint="golden policy of one device cannot be moved to another's folder by hand",
        )
    return platform
