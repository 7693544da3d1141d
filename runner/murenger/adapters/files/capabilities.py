"""Capability files: what a conformance run has proved of a driver, signed, one file for each version of a platform.

Input: a folder, a verifier, a signer and the time. Output: capabilities that count now, or why a file does not. A file
is canonical JSON (RFC 8785); its signature lies beside it, `.sig` added to its name, as `ssh-keygen -Y sign` makes it.
"""

import dataclasses
import datetime
import hashlib
import pathlib
import re
from collections.abc import Mapping

from murenger.adapters.files.private import write_private
from murenger.dialects.versions import platform_version
from murenger.errors import ConfigError, SignatureError
from murenger.model import JsonValue, canonical_bytes, parse_canonical
from murenger.model.capability import SUITE, Capability, DriverProof, ProofName
from murenger.ports import Clock, Signer, Verifier

NAMESPACE = "capability@murenger"

_TYPE, _SCHEMA = "capability", "1.0"
_TIME = "%Y-%m-%dT%H:%M:%SZ"
# A file is a few kilobytes; a larger one is not read into memory.
_MAX_BYTES = 256 * 1024
# Our clock and that of whoever made the file may differ.
_AHEAD = datetime.timedelta(minutes=5)
_PUBLIC_MODE = 0o644


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CapabilityFile:
    """One file, as it was found.

    Attributes:
        path: where it lies.
        capability: what it proves, or None if it does not count.
        fault: why it does not count, or "".
        hint: what to do about that, or "".
    """

    path: pathlib.Path
    capability: Capability | None
    fault: str = ""
    hint: str = ""


class CapabilityFiles:
    """The capability files of a site.

    Args:
        folder: where they lie; None: there are none.
        verifier: checks signatures against the site's trust file.
        clock: the time by which keys are judged: a file counts no longer than the key that signed it.
    """

    def __init__(self, folder: pathlib.Path | None, verifier: Verifier, clock: Clock) -> None:
        self._folder = folder
        self._verifier = verifier
        self._clock = clock

    def find(self, driver: str, driver_version: str, os_version: str) -> Capability | None:
        """Return what is proved of a driver on a version of a platform, or None if nothing is.

        Where several files count, the newest does: what it could not prove is not proved, whatever an older one says.

        Args:
            driver: name of the NAPALM driver.
            driver_version: its version, exactly.
            os_version: what the device tells now; see `platform_version` for what counts of it.
        """
        return max(
            (
                found.capability
                for found in self.survey()
                if found.capability is not None
                and (found.capability.driver, found.capability.driver_version) == (driver, driver_version)
                and _is_same(found.capability, os_version)
            ),
            key=lambda capability: capability.made_at,
            default=None,
        )

    def survey(self) -> tuple[CapabilityFile, ...]:
        """Return every file of the folder, in the order of their names, each with what it proves or its fault."""
        if self._folder is None:
            return ()
        return tuple(self._read(path) for path in sorted(self._folder.glob("*.json")))

    def refuse_stranger(self, signer: Signer) -> None:
        """Refuse a key whose capability files would not count, before anything is tried for them.

        Raises:
            SignatureError: the key cannot sign, or may not sign capability files; the hint says how to let it.
        """
        self._check(b"", signer.sign(b"", namespace=NAMESPACE), signer)

    def save(self, capability: Capability, signer: Signer) -> pathlib.Path:
        """Sign a capability, keep it in place of an earlier one of the same versions, and return where it lies.

        Raises:
            ConfigError: no folder is configured, or it cannot be written.
            SignatureError: the key cannot sign, or may not sign capability files: an earlier file stays as it was.
        """
        if self._folder is None:
            raise ConfigError("capabilities is not set in murenger.yml", hint="capabilities: capabilities")
        content, signature = sign_capability(capability, signer)
        self._check(content, signature, signer)
        return write_capability(self._folder, capability, content, signature)

    def _check(self, content: bytes, signature: str, signer: Signer) -> None:
        try:
            self._verifier.verify(content, signature, namespace=NAMESPACE, at=self._clock.now())
        except SignatureError as exc:
            raise _may_not_sign(exc, signer) from exc

    def _read(self, path: pathlib.Path) -> CapabilityFile:
        try:
            content, signature = _bounded(path), _bounded(_signature_path(path))
            signatory = self._verifier.verify(
                content, signature.decode("ascii"), namespace=NAMESPACE, at=self._clock.now()
            )
            capability = parse_capability(content)
            _refuse_future(capability, self._clock.now())
        except SignatureError as exc:
            return CapabilityFile(path=path, capability=None, fault=exc.message, hint=exc.hint)
        except OSError as exc:
            missing = "it is not signed" if _signature_path(path) == pathlib.Path(str(exc.filename)) else exc.strerror
            return CapabilityFile(path=path, capability=None, fault=str(missing))
        except ValueError as exc:
            return CapabilityFile(path=path, capability=None, fault=str(exc))
        counted = dataclasses.replace(
            capability, signed_by=signatory.principal, key_fingerprint=signatory.key_fingerprint
        )
        return CapabilityFile(path=path, capability=counted)


def sign_capability(capability: Capability, signer: Signer) -> tuple[bytes, str]:
    """Return the bytes of a capability file and the signature over them.

    Raises:
        SignatureError: the key cannot sign.
    """
    content = canonical_bytes(_to_json(capability))
    return content, signer.sign(content, namespace=NAMESPACE)


def write_capability(folder: pathlib.Path, capability: Capability, content: bytes, signature: str) -> pathlib.Path:
    """Write a signed file, in place of an earlier one of the same versions, and return where it lies.

    Raises:
        ConfigError: the folder cannot be written.
    """
    path = folder / f"{_name(capability)}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_private(path, content)
        write_private(_signature_path(path), signature.encode("ascii"))
        for public in (path, _signature_path(path)):
            public.chmod(_PUBLIC_MODE)
    except OSError as exc:
        raise ConfigError(f"the capability file {path} cannot be written: {exc.strerror}") from exc
    return path


def parse_capability(content: bytes) -> Capability:
    """Return what the bytes of a capability file say; whether they are true, only the signature tells.

    Raises:
        ValueError: they are not canonical JSON, of another schema or suite, or something is missing or too much.
    """
    said = parse_canonical(content)
    if (said.get("type"), said.get("schema")) != (_TYPE, _SCHEMA):
        raise ValueError("it is no capability file of this release")
    if said.get("suite") != SUITE:
        raise ValueError("another conformance suite made it, whose proofs this release does not take")
    proofs = said.get("proofs")
    if not isinstance(proofs, list):
        raise ValueError("it lists no proofs")  # noqa: TRY004 - callers handle one error
    capability = Capability(
        driver=_text(said, "driver"),
        driver_version=_text(said, "driver_version"),
        platform=_text(said, "platform"),
        os_version=_text(said, "os_version"),
        device=_text(said, "device"),
        proofs=tuple(_proof(proof) for proof in proofs),
        made_at=_time(said, "made_at"),
    )
    names = [proof.name for proof in capability.proofs]
    if len(set(names)) != len(names):
        raise ValueError("it says two things about one proof")
    if canonical_bytes(_to_json(capability)) != content:
        raise ValueError("it holds more than this release knows")
    return capability


def _to_json(capability: Capability) -> dict[str, JsonValue]:
    return {
        "type": _TYPE,
        "schema": _SCHEMA,
        "suite": SUITE,
        "driver": capability.driver,
        "driver_version": capability.driver_version,
        "platform": capability.platform,
        "os_version": capability.os_version,
        "device": capability.device,
        "made_at": f"{capability.made_at:{_TIME}}",
        "proofs": [
            {
                "name": proof.name.value,
                "proved": proof.proved,
                "reason": proof.reason,
                "at": f"{proof.at:{_TIME}}",
            }
            for proof in capability.proofs
        ],
    }


def _proof(said: JsonValue) -> DriverProof:
    if not isinstance(said, Mapping) or not isinstance(said.get("proved"), bool):
        raise ValueError("a proof says neither yes nor no")  # noqa: TRY004 - callers handle one error
    return DriverProof(
        name=ProofName(_text(said, "name")),
        proved=said["proved"] is True,
        reason=_text(said, "reason"),
        at=_time(said, "at"),
    )


def _text(said: Mapping[str, JsonValue], key: str) -> str:
    value = said.get(key)
    if not isinstance(value, str):
        raise ValueError(f"it has no {key}")  # noqa: TRY004 - callers handle one error
    return value


def _time(said: Mapping[str, JsonValue], key: str) -> datetime.datetime:
    return datetime.datetime.strptime(_text(said, key), _TIME).replace(tzinfo=datetime.UTC)


def _refuse_future(capability: Capability, now: datetime.datetime) -> None:
    if capability.made_at > now + _AHEAD:
        raise ValueError(f"it says that it was made at {capability.made_at:{_TIME}}, which is yet to come")


def _is_same(capability: Capability, os_version: str) -> bool:
    platform = capability.platform
    return platform_version(platform, capability.os_version) == platform_version(platform, os_version)


def _name(capability: Capability) -> str:
    """Return a file name that is legible and different for different versions."""
    version = platform_version(capability.platform, capability.os_version)
    whole = f"{capability.driver}-{capability.driver_version}-{version}"
    legible = re.sub(r"[^A-Za-z0-9.]+", "-", whole).strip("-.")[:80]
    return f"{legible}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def _signature_path(path: pathlib.Path) -> pathlib.Path:
    return path.with_name(path.name + ".sig")


def _bounded(path: pathlib.Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        raise ValueError(f"it is larger than {_MAX_BYTES} bytes")
    return content


def _may_not_sign(error: SignatureError, signer: Signer) -> SignatureError:
    """Return the error with the one remedy for trust files that are older than capability files."""
    who = signer.identity()
    return SignatureError(
        f"the capability file would not count: {error.message}",
        reason=error.reason,
        hint=f"let the key {who.key_fingerprint} sign it: murenger keys trust {who.principal} KEY.pub --role prover",
    )
