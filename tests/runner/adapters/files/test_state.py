"""Plans, leases, sources and credentials in plain files."""

import dataclasses
import datetime
import pathlib
import stat

import pytest

from murenger.adapters.files.credentials import CredentialFiles
from murenger.adapters.files.leases import FileLeases
from murenger.adapters.files.plans import PlanFiles
from murenger.adapters.files.private import write_private
from murenger.adapters.files.source import FileSource
from murenger.config import Credential, Reference, ReferenceKind
from murenger.errors import ApprovalError, ConfigError, UnreachableError
from murenger.model import Device, PeerIdentity, digest_of

NOW = datetime.datetime(2026, 11, 22, 10, 0, tzinfo=datetime.UTC)
DEVICE = Device(name="fw1", platform="nftables", address="192.0.2.1")


class StillClock:
    """A clock that stands still."""

    def now(self) -> datetime.datetime:
        return NOW

    def monotonic_s(self) -> float:
        return 0.0

    def wait(self, seconds: float) -> None:
        raise AssertionError(seconds)


def mode(path: pathlib.Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_plan_is_kept_privately_and_loaded_by_its_digest(tmp_path: pathlib.Path) -> None:
    plans = PlanFiles(tmp_path / "state")
    sha256 = plans.save(b'{"a":1}')
    assert f"sha256:{sha256}" == digest_of(b'{"a":1}')
    assert plans.load(sha256) == b'{"a":1}'
    assert plans.save(b'{"a":1}') == sha256
    assert mode(plans.path(sha256)) == 0o600
    assert mode(plans.path(sha256).parent) == 0o700
    assert [path.name for path in plans.path(sha256).parent.iterdir()] == [f"{sha256}.json"]


def test_an_altered_plan_is_refused(tmp_path: pathlib.Path) -> None:
    plans = PlanFiles(tmp_path)
    sha256 = plans.save(b'{"a":1}')
    plans.path(sha256).write_bytes(b'{"a":2}')
    with pytest.raises(ApprovalError, match="was altered"):
        plans.load(sha256)


@pytest.mark.parametrize("name", ["0" * 64, "../../etc/passwd", "", "F" * 64])
def test_a_plan_that_is_not_there_is_named(tmp_path: pathlib.Path, name: str) -> None:
    with pytest.raises(ApprovalError, match=r"no plan 000000000000|not a plan's digest"):
        PlanFiles(tmp_path).load(name)


def test_a_failed_write_leaves_the_old_file_and_no_rubbish(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    write_private(path, b"old")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ConfigError, match="No space left"):
        write_private(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_state_folder_that_cannot_be_made_is_named(tmp_path: pathlib.Path) -> None:
    (tmp_path / "state").write_bytes(b"in the way")
    with pytest.raises(ConfigError, match="cannot be made"):
        PlanFiles(tmp_path / "state").save(b"{}")
    with pytest.raises(ConfigError, match="cannot be made"), FileLeases(tmp_path / "state").hold("fw1"):
        pass


def test_a_link_in_place_of_a_lease_is_not_followed(tmp_path: pathlib.Path) -> None:
    (tmp_path / "leases").mkdir()
    (tmp_path / "leases" / "fw1.lock").symlink_to(tmp_path / "victim")
    with pytest.raises(ConfigError, match="cannot be opened"), FileLeases(tmp_path).hold("fw1"):
        pass
    assert not (tmp_path / "victim").exists()


def test_a_text_file_is_a_read_that_says_so(tmp_path: pathlib.Path) -> None:
    (tmp_path / "fw1.conf").write_bytes(b"caf\xe9 \x1b[31m {{ 1+1 }}\r\n")
    source = FileSource(tmp_path, StillClock())
    read = source.read(DEVICE)
    assert read.text == "caf\udce9 \x1b[31m {{ 1+1 }}\r\n"
    assert (read.identity, read.platform, read.taken_at) == (PeerIdentity.FILE, "nftables", NOW)
    assert source.canonicalise(DEVICE, "as it is") == "as it is"


def test_a_missing_text_file_is_an_unreachable_device(tmp_path: pathlib.Path) -> None:
    with pytest.raises(UnreachableError, match=r"fw1: .*fw1\.conf cannot be read"):
        FileSource(tmp_path, StillClock()).read(DEVICE)


@dataclasses.dataclass
class MemoryInventory:
    """Port `Inventory` with variables of one device; remembers what it was asked."""

    variables: dict[str, str]
    asked: list[str] = dataclasses.field(default_factory=list)

    def devices(self, selection: object) -> tuple[Device, ...]:
        return (DEVICE,) if selection else ()

    def variable(self, _device: Device, name: str) -> str | None:
        self.asked.append(name)
        return self.variables.get(name)


def reference(kind: ReferenceKind, name: object) -> Reference:
    return Reference(kind=kind, name=str(name))


def test_a_credential_is_put_together_from_its_references(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "password"
    secret.write_text("CANARY word\n", encoding="ascii")
    secret.chmod(0o600)
    monkeypatch.setenv("READ_KEY", "/keys/read")
    inventory = MemoryInventory({"ansible_user": "reader", "murenger_heal_password": "never"})
    credential = Credential(
        username=reference(ReferenceKind.INVENTORY, "ansible_user"),
        password=reference(ReferenceKind.FILE, secret),
        ssh_key=reference(ReferenceKind.ENV, "READ_KEY"),
    )
    opened = CredentialFiles(credential, inventory, purpose="read").open(DEVICE)
    assert (opened.username, opened.password, opened.ssh_key) == ("reader", "CANARY word", "/keys/read")
    assert "CANARY" not in repr(opened)
    assert inventory.asked == ["ansible_user"]


def test_a_reference_that_leads_nowhere_is_named(tmp_path: pathlib.Path) -> None:
    user, nothing = reference(ReferenceKind.INVENTORY, "user"), reference(ReferenceKind.INVENTORY, "nothing")
    inventory = MemoryInventory({"user": "reader"})
    with pytest.raises(ConfigError, match=r"fw1: credentials\.heal\.username: inventory nothing is not set"):
        CredentialFiles(Credential(username=nothing, password=user), inventory, purpose="heal").open(DEVICE)
    with pytest.raises(ConfigError, match=r"credentials\.heal: neither a password nor an SSH key"):
        CredentialFiles(Credential(username=user, password=nothing), inventory, purpose="heal").open(DEVICE)
    missing = Credential(username=user, password=reference(ReferenceKind.FILE, tmp_path / "nowhere"))
    with pytest.raises(ConfigError, match=r"nowhere cannot be read"):
        CredentialFiles(missing, inventory, purpose="heal").open(DEVICE)


@pytest.mark.parametrize(
    ("content", "permissions", "words"),
    [
        (b"word\n", 0o644, "can be read by others"),
        (b"word\nmore\n", 0o600, "more than one line"),
        (b"\xff", 0o600, "not UTF-8"),
        (b"", 0o600, "neither a password"),
    ],
)
def test_a_credential_file_that_will_not_do_is_refused_without_its_text(
    tmp_path: pathlib.Path, content: bytes, permissions: int, words: str
) -> None:
    path = tmp_path / "password"
    path.write_bytes(content)
    path.chmod(permissions)
    credential = Credential(
        username=reference(ReferenceKind.INVENTORY, "user"), password=reference(ReferenceKind.FILE, path)
    )
    with pytest.raises(ConfigError, match=words) as caught:
        CredentialFiles(credential, MemoryInventory({"user": "x"}), purpose="read").open(DEVICE)
    assert "more\n" not in str(caught.value)
