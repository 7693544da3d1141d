"""Capability files: only what an allowed key signed, word for word and for these versions, proves anything."""

import dataclasses
import datetime
import pathlib
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from murenger.adapters.files.capabilities import (
    NAMESPACE,
    CapabilityFiles,
    parse_capability,
    sign_capability,
    write_capability,
)
from murenger.adapters.keys import SshSigner, SshVerifier, generate_key, public_key
from murenger.dialects.versions import platform_version
from murenger.errors import ConfigError, SignatureError
from murenger.model import canonical_bytes, parse_canonical
from murenger.model.capability import Capability, DriverProof, ProofName

NOON = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
NFT = "nftables v1.0.6 (Lester Gooch #5), Linux 6.1.0-18-amd64"


@dataclasses.dataclass(slots=True)
class Noon:
    """Port `Clock` that stands still."""

    at: datetime.datetime = NOON

    def now(self) -> datetime.datetime:
        return self.at

    def monotonic_s(self) -> float:
        return 0.0

    def wait(self, seconds: float) -> None:
        raise AssertionError(f"nobody waits, not even {seconds} s")


def capability(*, without: tuple[ProofName, ...] = (), **changes: Any) -> Capability:
    proofs = tuple(DriverProof(name=name, proved=name not in without, reason="seen", at=NOON) for name in ProofName)
    whole = Capability(
        driver="nftables",
        driver_version="0.1.0",
        platform="nftables",
        os_version=NFT,
        device="fw1",
        proofs=proofs,
        made_at=NOON,
    )
    return dataclasses.replace(whole, **changes)


class Shelf:
    """A folder of capability files, a trust file, and the keys of a prover and of a stranger."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder / "capabilities"
        self.trust = folder / "allowed_signers"
        self.clock = Noon()
        self.signers = {}
        for name in ("prover", "stranger"):
            generate_key(folder / name, name)
            self.signers[name] = SshSigner(name, folder / name)
        self.key = public_key(folder / "prover")
        self.let()
        self.files = CapabilityFiles(self.folder, SshVerifier(self.trust), self.clock)

    def let(self, namespaces: str = NAMESPACE, until: str = "20271122Z") -> None:
        """Say what the prover's key may sign, until when."""
        self.trust.write_text(f'prover namespaces="{namespaces}",valid-before="{until}" {self.key}\n')

    def put(self, made: Capability, signer: str = "prover") -> pathlib.Path:
        """Sign a file, whoever may."""
        return write_capability(self.folder, made, *sign_capability(made, self.signers[signer]))

    def found(self, driver: str = "nftables", version: str = "0.1.0", os_version: str = NFT) -> Capability | None:
        return self.files.find(driver, version, os_version)

    def fault(self) -> str:
        (only,) = self.files.survey()
        assert only.capability is None
        return only.fault


@pytest.fixture
def shelf(tmp_path: pathlib.Path) -> Shelf:
    """Give an empty shelf."""
    return Shelf(tmp_path)


def test_what_was_signed_comes_back_with_the_name_of_who_signed(shelf: Shelf) -> None:
    path = shelf.put(capability())
    found = shelf.found()
    assert found is not None
    assert (found.signed_by, found.proofs) == ("prover", capability().proofs)
    assert found.key_fingerprint == shelf.signers["prover"].identity().key_fingerprint
    assert path.stat().st_mode & 0o777 == 0o644


def test_stock_ssh_keygen_verifies_a_file(shelf: Shelf) -> None:
    path = shelf.put(capability())
    command = ("ssh-keygen", "-Y", "verify", "-f", str(shelf.trust), "-I", "prover", "-n", NAMESPACE)
    with path.open("rb") as content:
        done = subprocess.run((*command, "-s", f"{path}.sig"), stdin=content, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_unsigned_file_proves_nothing(shelf: Shelf) -> None:
    path = shelf.put(capability())
    path.with_name(path.name + ".sig").unlink()
    assert shelf.found() is None
    assert shelf.fault() == "it is not signed"


def test_a_strangers_file_proves_nothing(shelf: Shelf) -> None:
    shelf.put(capability(), signer="stranger")
    assert shelf.found() is None
    assert "not an allowed signer" in shelf.fault()


def test_a_file_counts_no_longer_than_the_key_that_signed_it(shelf: Shelf) -> None:
    shelf.put(capability())
    shelf.clock.at = NOON + datetime.timedelta(days=366)
    assert shelf.found() is None
    assert "was not valid at" in shelf.fault()


def test_a_key_that_signs_records_only_may_not_sign_proofs(shelf: Shelf) -> None:
    shelf.put(capability())
    shelf.let("change-record@murenger")
    assert shelf.found() is None
    assert "may not sign in role 'capability@murenger'" in shelf.fault()


def test_an_older_trust_file_gets_the_one_command_that_helps(shelf: Shelf) -> None:
    shelf.let("change-record@murenger")
    signer = shelf.signers["prover"]
    for attempt in (lambda: shelf.files.refuse_stranger(signer), lambda: shelf.files.save(capability(), signer)):
        with pytest.raises(SignatureError) as caught:
            attempt()
        assert "murenger keys trust prover KEY.pub --role prover" in caught.value.hint
    assert not shelf.folder.exists()


def test_a_verdict_changed_by_hand_proves_nothing(shelf: Shelf) -> None:
    path = shelf.put(capability(without=(ProofName.COMMIT_CONFIRM,)))
    said: dict[str, Any] = dict(parse_canonical(path.read_bytes()))
    said["proofs"] = [{**proof, "proved": True} for proof in said["proofs"]]
    path.write_bytes(canonical_bytes(said))
    assert shelf.found() is None
    assert "not over these bytes" in shelf.fault()


def test_every_flipped_byte_of_a_file_unproves_it(shelf: Shelf) -> None:
    path = shelf.put(capability())
    whole = path.read_bytes()
    for at in range(0, len(whole), 61):
        path.write_bytes(whole[:at] + bytes((whole[at] ^ 1,)) + whole[at + 1 :])
        assert shelf.found() is None, at
    path.write_bytes(whole)
    assert shelf.found() is not None


@pytest.mark.parametrize(
    "asked",
    [
        {"driver": "eos"},
        {"version": "0.1.1"},
        {"os_version": "nftables v1.0.9 (Old Doc Yak #3), Linux 6.1.0-18-amd64"},
        {"os_version": "nftables v1.0.6 (Lester Gooch #5), Linux 6.2.0-18-amd64"},
        {"os_version": "nftables v1.0.6 (Lester Gooch #5), Linux 6.12.0-18-amd64"},
        {"os_version": "nftables v1.0.6 (Lester Gooch #5), Linux 6"},
        {"os_version": ""},
    ],
)
def test_what_is_proved_holds_for_that_driver_and_version_alone(shelf: Shelf, asked: dict[str, str]) -> None:
    shelf.put(capability())
    assert shelf.found(**asked) is None


def test_a_kernel_update_within_its_minor_version_keeps_the_proof(shelf: Shelf) -> None:
    shelf.put(capability())
    assert shelf.found(os_version=NFT.replace("6.1.0-18-amd64", "6.1.0-25-amd64")) is not None


def test_a_vendors_release_is_one_version_to_the_last_letter() -> None:
    assert platform_version("eos", "4.33.1F") != platform_version("eos", "4.33.1M")
    assert platform_version("junos", "21.4R3-S5.4, Linux 6.1.0") == "21.4R3-S5.4, Linux 6.1.0"


def test_the_newest_run_counts_even_where_an_older_one_proved_more(shelf: Shelf) -> None:
    shelf.put(capability())
    later = capability(
        without=(ProofName.ATOMIC,),
        made_at=NOON + datetime.timedelta(minutes=1),
        os_version=NFT.replace("-18-", "-25-"),
    )
    (shelf.folder / "later").mkdir()
    moved = write_capability(shelf.folder / "later", later, *sign_capability(later, shelf.signers["prover"]))
    for path in (moved, moved.with_name(moved.name + ".sig")):
        path.rename(shelf.folder / f"a-{path.name}")
    found = shelf.found()
    assert found is not None
    assert found.missing() == (ProofName.ATOMIC,)


def test_a_run_takes_the_place_of_an_earlier_one_of_the_same_versions(shelf: Shelf) -> None:
    first = shelf.files.save(capability(), shelf.signers["prover"])
    second = shelf.files.save(capability(without=(ProofName.LOCK,)), shelf.signers["prover"])
    assert first == second
    assert len(shelf.files.survey()) == 1


def test_a_file_from_the_future_proves_nothing(shelf: Shelf) -> None:
    shelf.put(capability(made_at=NOON + datetime.timedelta(days=1)))
    assert shelf.found() is None
    assert "yet to come" in shelf.fault()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda said: said.update(suite=0), "another conformance suite"),
        (lambda said: said.update(schema="2.0"), "no capability file of this release"),
        (lambda said: said.update(type="plan"), "no capability file of this release"),
        (lambda said: said.update(trusted=True), "holds more"),
        (lambda said: said.update(proofs=[*said["proofs"], said["proofs"][0]]), "two things about one proof"),
        (lambda said: said.update(proofs=[{**said["proofs"][0], "proved": 1}]), "neither yes nor no"),
        (lambda said: said.update(proofs=[{**said["proofs"][0], "name": "everything"}]), "everything"),
        (lambda said: said.update(proofs={}), "lists no proofs"),
        (lambda said: said.update(made_at="2026-11-22"), "2026-11-22"),
        (lambda said: said.pop("os_version"), "no os_version"),
    ],
)
def test_a_signed_file_of_another_form_proves_nothing(
    shelf: Shelf, change: Callable[[dict[str, Any]], None], says: str
) -> None:
    path = shelf.put(capability())
    said: dict[str, Any] = dict(parse_canonical(path.read_bytes()))
    change(said)
    content = canonical_bytes(said)
    path.write_bytes(content)
    path.with_name(path.name + ".sig").write_text(shelf.signers["prover"].sign(content, namespace=NAMESPACE))
    assert shelf.found() is None
    assert says in shelf.fault()


def test_a_huge_file_is_not_read_and_hides_no_other(shelf: Shelf) -> None:
    path = shelf.put(capability())
    huge = shelf.folder / "huge.json"
    huge.write_bytes(b" " * 300_000)
    huge.with_name("huge.json.sig").write_bytes(path.with_name(path.name + ".sig").read_bytes())
    assert [bool(found.capability) for found in shelf.files.survey()] == [False, True]
    assert shelf.found() is not None


def test_without_a_folder_nothing_is_proved_and_nothing_can_be_kept(shelf: Shelf) -> None:
    none = CapabilityFiles(None, SshVerifier(shelf.trust), shelf.clock)
    assert none.survey() == ()
    assert none.find("nftables", "0.1.0", NFT) is None
    with pytest.raises(ConfigError, match="capabilities is not set"):
        none.save(capability(), shelf.signers["prover"])
    assert shelf.found() is None


def test_the_bytes_say_what_was_put_in() -> None:
    content, _ = sign_capability(capability(), _Nobody())
    assert parse_capability(content) == capability()


class _Nobody:
    """Port `Signer` whose signatures are worth nothing."""

    def identity(self) -> Any:
        raise AssertionError

    def sign(self, content: bytes, *, namespace: str) -> str:
        return f"{namespace} {len(content)}"
