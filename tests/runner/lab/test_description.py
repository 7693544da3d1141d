"""`device.json` comes back as it was written, and a damaged one is an error.

Input: descriptions and broken files. Output: equal descriptions, or a LabError.
"""

import json
import pathlib

import pytest

from murenger.lab.description import Description, Login, load_description
from murenger.lab.failure import LabError

FULL = Description(
    hostname="leaf1",
    address="127.0.0.1",
    port=0,
    logins=(Login(name="heal", password="h", role="heal"), Login(name="read", password="r", role="read")),
    certificate=pathlib.Path("/keys/server.pem"),
    certificate_key=pathlib.Path("/keys/server.key"),
)
FIREWALL = Description(
    hostname="fw1", address="127.0.0.1", port=22, logins=(), host_key=pathlib.Path("/keys/host"), form="userns"
)


@pytest.mark.parametrize("description", [FULL, FIREWALL])
def test_description_comes_back_as_it_was_written(tmp_path: pathlib.Path, description: Description) -> None:
    description.write(tmp_path)
    assert load_description(tmp_path) == description
    assert (tmp_path / "device.json").stat().st_mode & 0o777 == 0o600


def test_file_follows_the_contract_of_the_emulators(tmp_path: pathlib.Path) -> None:
    FULL.write(tmp_path)
    assert json.loads((tmp_path / "device.json").read_text()) == {
        "hostname": "leaf1",
        "address": "127.0.0.1",
        "port": 0,
        "users": {"heal": {"password": "h", "role": "heal"}, "read": {"password": "r", "role": "read"}},
        "tls": {"certificate": "/keys/server.pem", "key": "/keys/server.key"},
        "management_clients": ["127.0.0.0/8"],
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"hostname": 1, "address": "a", "port": 0, "users": {}, "management_clients": []}',
        '{"hostname": "a", "address": "a", "port": "22", "users": {}, "management_clients": []}',
        '{"hostname": "a", "address": "a", "port": 0, "users": {"u": 1}, "management_clients": []}',
        '{"hostname": "a", "address": "a", "port": 0, "users": [], "management_clients": []}',
    ],
)
def test_damaged_description_is_an_error_that_says_what_to_do(tmp_path: pathlib.Path, text: str) -> None:
    (tmp_path / "device.json").write_text(text)
    with pytest.raises(LabError, match="lab down"):
        load_description(tmp_path)


def test_missing_description_and_missing_login_are_errors(tmp_path: pathlib.Path) -> None:
    with pytest.raises(LabError, match="missing"):
        load_description(tmp_path)
    with pytest.raises(LabError, match="no login for read"):
        FIREWALL.login("read")


def test_password_is_not_in_the_representation() -> None:
    assert "secret-word" not in repr(Login(name="a", password="secret-word", role="read"))
