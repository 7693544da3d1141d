"""What `config check` finds beyond the file itself."""

import pathlib
from collections.abc import Sequence

import pytest

from murenger.adapters.files.settings_check import problems
from murenger.config import Settings, load, murenger_yml
from murenger.errors import ConfigError
from murenger.model import Device

POLICIES = """\
policies:
  - name: edge
    devices: [edge]
    mode: heal
    standing_change: standing-change.json
"""


class MemoryInventory:
    """Port `Inventory` with one device in one group."""

    def devices(self, selection: Sequence[str]) -> tuple[Device, ...]:
        for name in selection:
            if name not in {"fw1", "edge"}:
                raise ConfigError(f"{name!r} is neither a device nor a group")
        return (Device(name="fw1", platform="nftables", address="fw1", groups=("edge",)),) if selection else ()

    def variable(self, _device: Device, _name: str) -> str | None:
        return None


def settings_in(folder: pathlib.Path, policies: str = POLICIES) -> Settings:
    path = folder / "murenger.yml"
    path.write_text(murenger_yml(origin="lab.example.net", runner_id="murenger@lab", policies=policies))
    path.chmod(0o644)
    return load(file=path)


def complete(folder: pathlib.Path) -> Settings:
    """Make everything that the template names, as it should be."""
    for name in ("golden", "store", "trust", "keys", "state"):
        (folder / name).mkdir(mode=0o700)
    for name in (
        "inventory",
        "keys/vault-password",
        "keys/runner",
        "keys/log.pem",
        "standing-change.json",
        "standing-change.json.sig",
    ):
        (folder / name).write_text("x\n")
        (folder / name).chmod(0o600)
    for name, role in (("golden_signers", "git"), ("allowed_signers", "change-approval@murenger")):
        key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJmdjWbHQvdfJjmpBGSb4b8vLTSjlHtHMmr3Sr3FTFOh"
        (folder / "trust" / name).write_text(f'alice@example.net namespaces="{role}" {key}\n')
        (folder / "trust" / name).chmod(0o644)
    return settings_in(folder)


def told(settings: Settings) -> list[str]:
    return [problem.text for problem in problems(settings, MemoryInventory())]


def test_a_complete_working_directory_has_no_problems(tmp_path: pathlib.Path) -> None:
    assert told(complete(tmp_path)) == []


def test_every_missing_file_is_told_with_its_line_in_the_files_order(tmp_path: pathlib.Path) -> None:
    settings = settings_in(tmp_path)
    found = problems(settings, MemoryInventory())
    keys = [problem.text.partition(":")[0] for problem in found]
    standing = ["policies[0].standing_change"] * 2
    assert keys == [
        "inventory",
        "vault_password_file",
        "golden.repository",
        "golden.trust",
        "trust",
        "runner.key",
        "runner.log_key",
        *standing,
    ]
    rows = settings.file.read_text().splitlines()
    for problem, key in zip(found, keys, strict=True):
        assert rows[problem.line - 1].strip().startswith(key.rpartition(".")[2])
        assert problem.hint
        assert problem.file == settings.file


@pytest.mark.parametrize(
    ("name", "mode", "words"),
    [
        ("keys/runner", 0o640, "runner.key"),
        ("keys/log.pem", 0o440, "runner.log_key"),
        ("keys/vault-password", 0o604, "vault_password_file"),
        ("state", 0o755, "runner.state"),
        ("trust/golden_signers", 0o664, "golden.trust"),
        ("trust/allowed_signers", 0o646, "trust"),
        ("golden", 0o777, "golden.repository"),
        ("store", 0o770, "store.path"),
        ("murenger.yml", 0o666, "version"),
    ],
)
def test_permissions_that_are_too_open_are_told(tmp_path: pathlib.Path, name: str, mode: int, words: str) -> None:
    settings = complete(tmp_path)
    (tmp_path / name).chmod(mode)
    found = told(settings)
    assert len(found) == 1
    assert found[0].startswith(f"{words}: {tmp_path / name}")


SINKS = """\
anchors:
  sinks:
    - {name: tsa, type: rfc3161, url: "https://tsa.example.net", roots: trust/tsa.pem}
    - {name: siem, type: syslog, host: siem.example.net, ca: trust/siem.pem}
"""


def test_certificates_of_sinks_are_looked_at(tmp_path: pathlib.Path) -> None:
    settings = complete(tmp_path)
    settings.file.write_text(settings.file.read_text() + SINKS)
    settings = load(file=settings.file)
    assert told(settings) == [
        f"anchors.sinks[0].roots: there is no {tmp_path}/trust/tsa.pem",
        f"anchors.sinks[1].ca: there is no {tmp_path}/trust/siem.pem",
    ]
    for name, mode in (("tsa.pem", 0o644), ("siem.pem", 0o666)):
        (tmp_path / "trust" / name).write_text("x\n")
        (tmp_path / "trust" / name).chmod(mode)
    assert told(settings) == [f"anchors.sinks[1].ca: {tmp_path}/trust/siem.pem may be written by others"]


def test_a_trust_file_that_must_not_be_used_is_told(tmp_path: pathlib.Path) -> None:
    settings = complete(tmp_path)
    path = tmp_path / "trust/allowed_signers"
    path.write_text(path.read_text().replace('namespaces="change-approval@murenger" ', ""))
    found = told(settings)
    assert len(found) == 1
    assert "namespaces=" in found[0]


def test_a_selection_that_the_inventory_does_not_know_is_told(tmp_path: pathlib.Path) -> None:
    complete(tmp_path)
    found = told(settings_in(tmp_path, POLICIES.replace("[edge]", "[edge, nobody]")))
    assert found == ["policies[0].devices: 'nobody' is neither a device nor a group"]


def test_a_device_in_two_policies_is_told(tmp_path: pathlib.Path) -> None:
    complete(tmp_path)
    found = told(settings_in(tmp_path, POLICIES + "  - name: other\n    devices: [fw1]\n"))
    assert found == [
        "policies[0].devices: fw1: named by the policies 'edge' and 'other'",
        "policies[1].devices: fw1: named by the policies 'edge' and 'other'",
    ]


def test_a_healing_policy_for_nothing_is_told(tmp_path: pathlib.Path) -> None:
    complete(tmp_path)
    found = told(settings_in(tmp_path, POLICIES.replace("[edge]", "[]")))
    assert found == ["policies[0].devices: names no device, so the policy does nothing"]


def test_one_login_for_reading_and_healing_is_told(tmp_path: pathlib.Path) -> None:
    settings = complete(tmp_path)
    text = settings.file.read_text()
    for name in ("user", "password"):
        text = text.replace(f"murenger_heal_{name}", f"ansible_{name}")
    settings.file.write_text(text.replace("murenger_heal_ssh_key", "ansible_ssh_private_key_file"))
    assert told(load(file=settings.file)) == ["credentials.heal: the same login as credentials.read"]


def test_credential_files_are_looked_at(tmp_path: pathlib.Path) -> None:
    settings = complete(tmp_path)
    text = settings.file.read_text().replace("{inventory: ansible_password}", "{file: keys/read}")
    settings.file.write_text(text)
    settings = load(file=settings.file)
    assert told(settings) == [f"credentials.read.password: there is no {tmp_path}/keys/read"]
    (tmp_path / "keys/read").write_text("x\n")
    (tmp_path / "keys/read").chmod(0o640)
    assert told(settings) == [f"credentials.read.password: {tmp_path}/keys/read is open to others"]
