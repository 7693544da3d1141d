"""The anchors, retention, heartbeat and crypto profile of murenger.yml: what counts, and what is refused by line."""

import base64
import hashlib
import pathlib
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from murenger.config import (
    AnchorPolicy,
    AnchorSettings,
    GitSinkSettings,
    SyslogSinkSettings,
    TimestampSinkSettings,
    WitnessSinkSettings,
    load,
)
from murenger.config.anchors import vkey_fault
from murenger.errors import ConfigError

Write = Callable[[str | bytes], pathlib.Path]


def verifier_key(name: str = "witness.example.net", algorithm: int = 4, size: int = 32) -> str:
    key = bytes([algorithm]) + bytes(range(size))
    digest = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4].hex()
    return f"{name}+{digest}+{base64.b64encode(key).decode()}"


WITNESS = f'{{name: w1, type: witness, url: "https://w.example.net", key: "{verifier_key()}"}}'
STAMP = '{name: tsa1, type: rfc3161, url: "https://tsa.example.net/tsr", roots: trust/tsa.pem}'
GIT = '{name: evidence, type: git, repository: "ssh://git@git.example.net/e.git", branch: anchors/site1}'
SYSLOG = "{name: siem, type: syslog, host: siem.example.net, ca: trust/siem.pem}"


def with_sinks(complete: str, *sinks: str, log_key: bool = True, policy: str = "before_change") -> str:
    listed = "".join(f"    - {sink}\n" for sink in sinks)
    text = complete + f"anchors:\n  policy: {policy}\n  sinks:\n{listed}"
    return text.replace("  key: keys/runner\n", "  key: keys/runner\n  log_key: keys/log.pem\n") if log_key else text


def refusal(path: pathlib.Path, word: str) -> ConfigError:
    """Return the error, which must name the line on which the word stands."""
    with pytest.raises(ConfigError) as caught:
        load(file=path)
    rows = path.read_text().splitlines()
    line = int(re.match(rf"{re.escape(str(path))}:(\d+):", caught.value.message)[1])  # type: ignore[index]  # every message has a line
    assert word in rows[line - 1], caught.value.message
    return caught.value


def test_every_kind_of_sink_is_read(write: Write, complete: str, tmp_path: pathlib.Path) -> None:
    anchors = load(file=write(with_sinks(complete, WITNESS, STAMP, GIT, SYSLOG))).anchors
    assert anchors == AnchorSettings(
        policy=AnchorPolicy.BEFORE_CHANGE,
        timeout_s=20,
        sinks=(
            WitnessSinkSettings(name="w1", url="https://w.example.net", key=verifier_key()),
            TimestampSinkSettings(name="tsa1", url="https://tsa.example.net/tsr", roots=tmp_path / "trust/tsa.pem"),
            GitSinkSettings(name="evidence", repository="ssh://git@git.example.net/e.git", branch="anchors/site1"),
            SyslogSinkSettings(name="siem", host="siem.example.net", port=6514, ca=tmp_path / "trust/siem.pem"),
        ),
    )


def test_without_the_section_nothing_is_anchored(write: Write, complete: str) -> None:
    settings = load(file=write(complete))
    assert settings.anchors == AnchorSettings()
    assert (settings.store.retention_days, settings.store.heartbeat_s) == (396, 300)
    assert (settings.runner.log_key, settings.crypto_profile) == (None, "default")


@pytest.mark.parametrize(
    ("sink", "word", "said"),
    [
        (STAMP.replace("https:", "http:"), "tsa1", "https"),
        (STAMP.replace("https://tsa", "https://user:hunter2@tsa"), "tsa1", "login"),
        (STAMP.replace("https://tsa.example.net/tsr", "ftp://127.0.0.1/"), "tsa1", "https"),
        (STAMP.replace("https://tsa.example.net/tsr", "http://127.0.0.1.example.net/"), "tsa1", "https"),
        (STAMP.replace("https://tsa.example.net/tsr", "https://[::1"), "tsa1", "address"),
        (STAMP.replace("https://tsa.example.net/tsr", "https:///tsr"), "tsa1", "address"),
        (STAMP.replace("net/tsr", "net/t sr"), "tsa1", "space"),
        (STAMP.replace("roots:", "root:"), "tsa1", "'roots' is missing"),
        (STAMP.replace("tsa1", "tsa/1"), "tsa/1", "sink's name"),
        (STAMP.replace("tsa1", '"-x"'), "-x", "sink's name"),
        (STAMP.replace("tsa1", "a-b"), "a-b", "sink's name"),
        (STAMP.replace("rfc3161", "tsa"), "tsa1", "one of witness, rfc3161, git, syslog"),
        (STAMP.replace("type: rfc3161, ", ""), "tsa1", "'type' is missing"),
        (STAMP.replace("}", ", colour: red}"), "tsa1", "unknown key 'colour'"),
        (GIT.replace("ssh://git@git.example.net/e.git", "ext::sh -c id"), "evidence", "pushed"),
        (GIT.replace("ssh://git@git.example.net/e.git", "--upload-pack=id"), "evidence", "pushed"),
        (GIT.replace("ssh://git@git.example.net/e.git", "git://git.example.net/e.git"), "evidence", "ssh"),
        (GIT.replace("ssh://git@git.example.net/e.git", "https://u:p@git.example.net/e.git"), "evidence", "password"),
        (GIT.replace("ssh://git@git.example.net/e.git", "ssh://-oProxyCommand=id/e.git"), "evidence", "address"),
        (GIT.replace("anchors/site1", "../x"), "evidence", "branch"),
        (SYSLOG.replace(", ca: trust/siem.pem", ""), "siem", "'ca' is missing"),
        (SYSLOG.replace("siem.example.net", '"a b"'), "siem", "host"),
        (SYSLOG.replace("}", ", port: 65536}"), "siem", "1 to 65535"),
        (WITNESS.replace(verifier_key(), verifier_key(algorithm=1)), "w1", "algorithm 4"),
        (WITNESS.replace(verifier_key(), verifier_key(size=31)), "w1", "algorithm 4"),
        (WITNESS.replace("witness.example.net+", "witness.example.org+"), "w1", "hash"),
        (WITNESS.replace(verifier_key(), "w1"), "w1", "NAME+HEX+BASE64"),
    ],
)
def test_a_sink_that_could_never_work_is_refused_by_line(
    write: Write, complete: str, sink: str, word: str, said: str
) -> None:
    error = refusal(write(with_sinks(complete, sink, GIT.replace("evidence", "other"))), word)
    assert said in str(error)
    assert "hunter2" not in str(error)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/", "http://localhost/", "http://[::1]:1/", "http://127.9.9.9"])
def test_http_is_taken_on_this_host_only(write: Write, complete: str, url: str) -> None:
    text = with_sinks(complete, STAMP.replace("https://tsa.example.net/tsr", url))
    assert load(file=write(text)).anchors.sinks[0].name == "tsa1"


@pytest.mark.parametrize(
    ("given_as", "read_as"),
    [
        ("git@git.example.net:evidence.git", "git@git.example.net:evidence.git"),
        ("/srv/evidence.git", "/srv/evidence.git"),
        ("https://git.example.net/e.git", "https://git.example.net/e.git"),
        ("file:///srv/e.git", "file:///srv/e.git"),
    ],
)
def test_a_repository_is_an_address_or_a_path(write: Write, complete: str, given_as: str, read_as: str) -> None:
    text = with_sinks(complete, GIT.replace("ssh://git@git.example.net/e.git", given_as))
    (sink,) = load(file=write(text)).anchors.sinks
    assert isinstance(sink, GitSinkSettings)
    assert sink.repository == read_as


def test_a_relative_repository_is_relative_to_the_file(write: Write, complete: str, tmp_path: pathlib.Path) -> None:
    text = with_sinks(complete, GIT.replace("ssh://git@git.example.net/e.git", "evidence.git"))
    (sink,) = load(file=write(text)).anchors.sinks
    assert isinstance(sink, GitSinkSettings)
    assert sink.repository == str(tmp_path / "evidence.git")


def test_two_sinks_of_one_name_are_refused_whatever_the_case(write: Write, complete: str) -> None:
    error = refusal(write(with_sinks(complete, GIT, STAMP.replace("tsa1", "Evidence"))), "Evidence")
    assert "two sinks are named" in str(error)


def test_syslog_alone_is_never_enough_for_before_change(write: Write, complete: str) -> None:
    assert "forbid every change" in str(refusal(write(with_sinks(complete, SYSLOG)), "sinks"))
    assert load(file=write(with_sinks(complete, SYSLOG, policy="queue"))).anchors.policy is AnchorPolicy.QUEUE


def test_a_witness_needs_a_log_key(write: Write, complete: str) -> None:
    error = refusal(write(with_sinks(complete, WITNESS, log_key=False)), "w1")
    assert "murenger keys generate --log" in str(error)


def test_the_fips_profile_has_neither_log_key_nor_witness(write: Write, complete: str) -> None:
    fips = complete.replace("version: 1\n", "version: 1\ncrypto_profile: fips\n")
    assert load(file=write(with_sinks(fips, STAMP, log_key=False))).crypto_profile == "fips"
    assert "fips" in str(refusal(write(with_sinks(fips, STAMP)), "log_key"))
    assert "fips" in str(refusal(write(with_sinks(fips, WITNESS, log_key=False)), "w1"))
    assert "crypto_profile" in str(refusal(write(fips.replace("fips", "gost")), "gost"))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("  retention_days: 365", "366 to 36500"),
        ("  retention_days: 36501", "366 to 36500"),
        ("  retention_days: 1y", "must be a number"),
        ("  heartbeat: 9s", "at least 10 seconds"),
        ("  heartbeat: 2d", "at most 86400 seconds"),
        ("  heartbeat: soon", "must be a duration"),
        ("  retention: 400", "unknown key 'retention'"),
    ],
)
def test_retention_and_heartbeat_have_bounds(write: Write, complete: str, line: str, said: str) -> None:
    path = write(complete.replace("  path: store\n", f"  path: store\n{line}\n"))
    assert said in str(refusal(path, line.strip().partition(":")[0]))


@pytest.mark.parametrize(("days", "beat"), [(366, "10s"), (36500, "1d")])
def test_the_bounds_themselves_are_allowed(write: Write, complete: str, days: int, beat: str) -> None:
    store = load(
        file=write(
            complete.replace("  path: store\n", f"  path: store\n  retention_days: {days}\n  heartbeat: {beat}\n")
        )
    ).store
    assert (store.retention_days, store.heartbeat_s) == (days, 10 if beat == "10s" else 86400)


@pytest.mark.parametrize(("line", "said"), [("  timeout: 0", "at least 1"), ("  timeout: 5m", "at most 240")])
def test_a_timeout_has_bounds(write: Write, complete: str, line: str, said: str) -> None:
    path = write(with_sinks(complete, GIT).replace("  sinks:\n", f"{line}\n  sinks:\n"))
    assert said in str(refusal(path, "timeout"))


@pytest.mark.parametrize("sink", [STAMP, SYSLOG])
def test_what_a_sink_is_judged_by_lies_outside_the_golden_repository(write: Write, complete: str, sink: str) -> None:
    path = write(with_sinks(complete, GIT, sink.replace("trust/", "golden/")))
    assert "inside the golden repository" in str(refusal(path, "golden/"))


@given(
    st.integers(min_value=0, max_value=len(verifier_key()) - 1), st.characters(max_codepoint=0x7E, min_codepoint=0x21)
)
def test_a_verifier_key_with_any_character_changed_is_refused(place: int, character: str) -> None:
    key = verifier_key()
    changed = key[:place] + character + key[place + 1 :]
    # The last digit of base64 carries bits that mean nothing; what decodes to the same bytes is the same key.
    same = changed.partition("+")[0] == key.partition("+")[0] and changed[:-2] == key[:-2]
    assert bool(vkey_fault(changed)) or same
    assert not vkey_fault(key)
