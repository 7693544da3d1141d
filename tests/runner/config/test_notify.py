"""The channels of murenger.yml: what counts, and what is refused by line."""

import pathlib
from collections.abc import Callable

import pytest

from murenger.config import Reference, ReferenceKind, SyslogChannelSettings, WebhookChannelSettings, load
from murenger.errors import ConfigError
from murenger.model import Risk

Write = Callable[[str | bytes], pathlib.Path]

SYSLOG = "{name: siem, type: syslog, host: siem.example.net, ca: trust/siem.pem}"
WEBHOOK = '{name: pager, type: webhook, url: "https://pager.example.net/x", secret: {file: keys/pager}, least: high}'


def with_channels(complete: str, *channels: str) -> str:
    return complete + "notify:\n" + "".join(f"  - {channel}\n" for channel in channels)


def test_every_kind_of_channel_is_read(write: Write, complete: str, tmp_path: pathlib.Path) -> None:
    local = '{name: local, type: webhook, url: "http://127.0.0.1:8080/", secret: {env: PAGER_SECRET}}'
    settings = load(file=write(with_channels(complete, SYSLOG, WEBHOOK, local)))
    assert settings.notify == (
        SyslogChannelSettings(name="siem", host="siem.example.net", port=6514, ca=tmp_path / "trust/siem.pem"),
        WebhookChannelSettings(
            name="pager",
            url="https://pager.example.net/x",
            secret=Reference(kind=ReferenceKind.FILE, name=str(tmp_path / "keys/pager")),
            least=Risk.HIGH,
        ),
        WebhookChannelSettings(
            name="local",
            url="http://127.0.0.1:8080/",
            secret=Reference(kind=ReferenceKind.ENV, name="PAGER_SECRET"),
        ),
    )
    assert "pager.example.net" not in repr(settings.notify[1])


def test_without_the_key_nobody_is_told(write: Write, complete: str) -> None:
    assert load(file=write(complete)).notify == ()


@pytest.mark.parametrize(
    ("channel", "said"),
    [
        ("{name: x, type: mail}", "'type' must be one of syslog, webhook"),
        ("{name: x}", "required key 'type' is missing"),
        ("{type: syslog}", "required key 'name' is missing"),
        ("{name: ../x, type: syslog, host: a, ca: b}", "'name' is not a channel's name"),
        ("{name: _open, type: syslog, host: a, ca: b}", "'name' is not a channel's name"),
        ("{name: x, type: syslog, host: siem.example.net}", "required key 'ca' is missing"),
        ("{name: x, type: syslog, host: a, ca: b, url: c}", "unknown key 'url'"),
        ("{name: x, type: syslog, host: a, ca: b, port: 0}", "'port' must be 1 to 65535"),
        ("{name: x, type: syslog, host: a, ca: b, least: dire}", "'least' must be one of low, medium, high, critical"),
        ('{name: x, type: webhook, url: "http://pager.example.net/", secret: {env: X}}', "'url' must be https"),
        ('{name: x, type: webhook, url: "https://a:b@pager.example.net/", secret: {env: X}}', "'url' holds a login"),
        ('{name: x, type: webhook, url: "https://pager.example.net/ä", secret: {env: X}}', "'url' is not an address"),
        ('{name: x, type: webhook, url: "https://pager.example.net/"}', "required key 'secret' is missing"),
        ('{name: x, type: webhook, url: "https://pager.example.net/", secret: whsec_c2Vj}', "'secret' is written out"),
        ('{name: x, type: webhook, url: "https://pager.example.net/", secret: {inventory: x}}', "unknown key 'inv"),
        ('{name: x, type: webhook, url: "https://pager.example.net/", secret: {}}', "exactly one of file and env"),
    ],
)
def test_a_channel_that_could_never_work_is_refused_by_line(
    write: Write, complete: str, channel: str, said: str
) -> None:
    path = write(with_channels(complete, channel))
    with pytest.raises(ConfigError) as caught:
        load(file=path)
    rows = path.read_text(encoding="utf-8").splitlines()
    assert said in caught.value.message
    assert f":{len(rows)}:" in caught.value.message
    assert "c2Vj" not in str(caught.value)


def test_two_of_one_name_and_too_many_are_refused(write: Write, complete: str) -> None:
    with pytest.raises(ConfigError, match="two channels are named 'SIEM'"):
        load(file=write(with_channels(complete, SYSLOG, SYSLOG.replace("siem,", "SIEM,"))))
    many = [SYSLOG.replace("siem,", f"siem{number},") for number in range(17)]
    with pytest.raises(ConfigError, match="at most 16"):
        load(file=write(with_channels(complete, *many)))


def test_a_ca_inside_the_golden_repository_is_refused(write: Write, complete: str) -> None:
    with pytest.raises(ConfigError, match=r"notify\[0\]\.ca lies inside the golden repository"):
        load(file=write(with_channels(complete, SYSLOG.replace("trust/siem.pem", "golden/siem.pem"))))
