"""Over OpenSSH, an ordinary login reaches root through sudo and one fixed file, and no further."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from napalm.base.exceptions import CommandErrorException, CommitConfirmException, CommitError, ConnectAuthError

from napalm_nftables import NftablesDriver
from napalm_nftables.device import helper_text

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(os.geteuid() != 0, reason="OpenSSH with several logins needs real root"),
]

HELPER = "/run/helper/murenger-nft"


@pytest.fixture(scope="module")
def shared_openssh(tmp_path_factory: pytest.TempPathFactory, start_firewall: Callable[..., Any]) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("openssh")
    (folder / "helper").write_text(helper_text(), encoding="utf-8")
    with start_firewall(folder, "openssh", users=False) as firewall:
        yield firewall


@pytest.fixture
def openssh(shared_openssh: Any, base: str, foreign: str) -> Any:
    shared_openssh.reset(foreign + base)
    shared_openssh.enter("rm", "-f", "/etc/murenger-nft.conf")
    return shared_openssh


@pytest.fixture
def login(openssh: Any) -> Iterator[Callable[..., NftablesDriver]]:
    opened: list[NftablesDriver] = []

    def make(name: str, **options: object) -> NftablesDriver:
        arguments = openssh.options(**{"sudo": True, "helper": HELPER, **options})
        driver = NftablesDriver("127.0.0.1", name, openssh.password, timeout=30, optional_args=arguments)
        opened.append(driver)
        driver.open()
        return driver

    yield make
    for driver in opened:
        driver.close()


@pytest.mark.parametrize("name", ["heal", "asker"])
def test_a_change_goes_through_sudo_with_and_without_its_password(
    login: Any, openssh: Any, base: str, name: str
) -> None:
    changed = base.replace("5432 drop", "5432 accept")
    driver = login(name)
    assert base in driver.get_config(retrieve="running")["running"]
    driver.load_replace_candidate(config=changed)
    assert driver.compare_config()
    driver.commit_config(message="$(id)", revert_in=60)
    assert changed in openssh.rules()
    pending = driver.pending_commit()
    assert pending["who"].startswith(f"{name} (")
    driver.close()
    fresh = login(name)
    fresh.confirm_commit()
    assert changed in fresh.get_config(retrieve="startup")["startup"]
    fresh.rollback()
    assert base in openssh.rules()
    assert openssh.enter("stat", "-c", "%u %a", "/run/murenger-nft") == "0 700\n"
    files = openssh.enter("sh", "-c", "cat /run/murenger-nft/*.* /run/murenger-nft/last")
    assert openssh.password not in files


def test_the_timer_outlives_the_session_of_sudo(login: Any, openssh: Any, base: str) -> None:
    driver = login("heal")
    driver.load_replace_candidate(config=base.replace("5432 drop", "5432 accept"))
    driver.commit_config(revert_in=2)
    driver.close()
    assert base not in openssh.rules()
    openssh.wait_for(lambda: base in openssh.rules())


def test_a_reader_reads_compares_and_changes_nothing(login: Any, openssh: Any, base: str) -> None:
    reader = login("reader", read_only=True)
    config = reader.get_config()
    assert base in config["running"]
    assert config["startup"] == ""
    assert "murenger" in reader.list_json()
    reader.load_replace_candidate(config=base.replace("5432 drop", "5432 accept"))
    assert "+\t\ttcp dport 5432 accept" in reader.compare_config()
    for call in (reader.commit_config, reader.confirm_commit, reader.rollback):
        with pytest.raises(CommitError, match="read_only"):
            call()
    with pytest.raises(CommitConfirmException, match="read_only"):
        reader.has_pending_commit()
    with pytest.raises(CommandErrorException, match="read_only"):
        reader.get_config(retrieve="startup")
    assert base in openssh.rules()
    assert openssh.state_files() == set()


def test_a_login_that_sudo_refuses_is_told_what_to_install(login: Any, openssh: Any, base: str) -> None:
    for driver in (login("reader"), login("heal", helper="/run/helper/absent")):
        driver.load_replace_candidate(config=base.replace("5432 drop", "5432 accept"))
        with pytest.raises(CommitError, match="python -m napalm_nftables") as caught:
            driver.commit_config()
        assert openssh.password not in str(caught.value)
    assert base in openssh.rules()


def test_a_wrong_password_for_sudo_is_an_authentication_error(login: Any, openssh: Any) -> None:
    with pytest.raises(ConnectAuthError, match="refused the password"):
        login("asker", sudo_password="not it").get_config(retrieve="running")
    with pytest.raises(ConnectAuthError, match="sudo_password"):
        login("asker", sudo_password="").get_config(retrieve="running")
    assert openssh.rules()


def test_an_installed_helper_takes_its_paths_from_root_alone(login: Any, openssh: Any, base: str) -> None:
    openssh.enter("sh", "-c", "echo startup_file=/run/boot.nft >/etc/murenger-nft.conf")
    for wish in ({"state_dir": "/run/elsewhere"}, {"startup_file": "/run/helper/evil"}):
        wishing = login("heal", **wish)
        wishing.load_replace_candidate(config=base)
        with pytest.raises(CommitError, match="the helper on the device uses"):
            wishing.commit_config()
    assert "evil" not in openssh.enter("ls", "/run/helper")
    assert "elsewhere" not in openssh.enter("ls", "/run")
    driver = login("heal", startup_file="/run/boot.nft")
    driver.load_replace_candidate(config=base)
    driver.commit_config()
    assert base in openssh.enter("cat", "/run/boot.nft")
    openssh.enter("chmod", "666", "/etc/murenger-nft.conf")
    with pytest.raises(CommitError, match="writable by root alone"):
        driver.confirm_commit()


def test_real_root_takes_more_rules_than_a_namespace_without_it(login: Any, openssh: Any, base: str) -> None:
    lines = "".join(f"\t\tip saddr 10.{n // 250}.{n % 250}.1 accept\n" for n in range(3000))
    driver = login("heal")
    driver.load_replace_candidate(config=f"table inet murenger {{\n\tchain input {{\n{lines}\t}}\n}}\n")
    driver.commit_config(revert_in=60)
    assert openssh.rules().count(" accept\n") == 3000
    driver.rollback()
    assert base in openssh.rules()
