"""The small rules: options, candidate checks, error messages, transactions, reports."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from napalm.base.exceptions import CommitConfirmException, CommitError

from napalm_nftables import NftablesDriver
from napalm_nftables.candidate import CandidateError, check_candidate
from napalm_nftables.commands import READ_COMMANDS, shell_line
from napalm_nftables.commit_state import Candidate, commit_texts, read_report
from napalm_nftables.facts import interfaces, uptime_s
from napalm_nftables.lexer import NftTextError
from napalm_nftables.listing import parse_listing
from napalm_nftables.options import parse_table_name, read_options
from napalm_nftables.sanitize import without_comments
from napalm_nftables.scrub import as_utf8, scrub_error, visible
from napalm_nftables.transaction import (
    STARTUP_HEADER,
    policy_digest,
    policy_text,
    read_startup,
    render_apply,
    render_rollback,
    render_startup,
)

INET_A = parse_table_name("inet a")
TABLE = "table inet a {\n\tchain c {\n\t\taccept\n\t}\n}\n"


def test_options_are_not_changed_and_paths_have_defaults() -> None:
    given_options = {"port": 2222, "tables": ["ip6 b", "inet a", "inet a"]}
    options = read_options(given_options, "secret")
    assert given_options == {"port": 2222, "tables": ["ip6 b", "inet a", "inet a"]}
    assert options.state_dir == "/run/murenger-nft"
    assert options.startup_file == "/run/murenger-nft/startup.nft"
    assert options.tables is not None
    assert [str(name) for name in options.tables] == ["inet a", "ip6 b"]
    assert options.connection["ssh_strict"] is True
    assert "secret" not in repr(options)


@pytest.mark.parametrize(
    "wrong",
    [
        {"tabels": ["inet a"]},
        {"tables": []},
        {"tables": "inet a"},
        {"tables": ["a"]},
        {"tables": ["inet a; flush ruleset"]},
        {"tables": ["inet a\n"]},
        {"tables": [1]},
        {"state_dir": "relative"},
        {"state_dir": "/run/../etc"},
        {"startup_file": "/etc/x\ny"},
        {"helper": "murenger-nft"},
        {"sudo": "yes"},
        {"read_only": 1},
        {"sudo_password": 5},
        {"nft": "sbin/nft"},
    ],
)
def test_unusable_options_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong)).rstrip("s")[:4]):
        NftablesDriver("192.0.2.1", "admin", "secret", optional_args=wrong)


def test_every_word_of_a_shell_line_is_quoted() -> None:
    line = shell_line(READ_COMMANDS[0], nft="/opt/my nft/nft", sudo=("sudo", "-p", "[x] "))
    assert line.endswith("sudo -p '[x] ' '/opt/my nft/nft' -s list ruleset")
    assert "sudo" not in shell_line("uname -n", sudo=("sudo",))
    with pytest.raises(ValueError, match="not a read command"):
        shell_line("nft flush ruleset")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (TABLE, ["inet a"]),
        ("table b {\n}\n", ["ip b"]),
        ("define X = 1\nadd rule inet a c accept\n", ["inet a"]),
        ("add inet a c accept\n", ["inet a"]),
        ('add ct helper ip6 d h { type "ftp" protocol tcp; }\n', ["ip6 d"]),
        ("flush chain inet a c; add element ip b s { 192.0.2.1 }\n", ["inet a", "ip b"]),
        ("table inet a; delete table inet a\n" + TABLE, ["inet a"]),
        ("# table inet z {\n" + TABLE, ["inet a"]),
        ("", []),
    ],
)
def test_the_tables_of_a_candidate_are_found(text: str, names: list[str]) -> None:
    assert [str(name) for name in check_candidate(text)] == names


@pytest.mark.parametrize(
    "text",
    [
        'include"/etc/passwd"',
        'table inet a {\n}; include "x"',
        '"#" include "x"',
        '22include "x"',
        "flush ruleset",
        "flush ruleset inet",
        "reset counters",
        "monitor",
        "add rule inet a c iif eth0 accept",
        "add rule inet a c oif != eth0 accept",
        "add rule inet a c iif { lo, eth0 } accept",
        "add rule inet a c meta iif 2 accept",
        "add rule inet a c iif . ip saddr { lo . 192.0.2.1 } accept",
        "replace rule inet a c handle 4 accept",
        "delete rule inet a c handle 4",
        "add",
        "table",
        "table inet",
        "add rule inet $x c accept",
    ],
)
def test_what_must_not_be_tried_is_refused(text: str) -> None:
    with pytest.raises(CandidateError):
        check_candidate(text)


def test_words_in_quotes_comments_and_names_are_harmless() -> None:
    check_candidate(
        'table inet include_hosts {\n\tchain c { # include "x"\n\n'
        '\t\tiif lo accept comment "flush ruleset; include handle"\n'
        '\t\tiif == "lo" accept\n\t\tiifname eth0 accept\n\t}\n}\n'
    )


@settings(database=None)
@given(st.text())
def test_any_candidate_is_judged_without_a_crash(text: str) -> None:
    try:
        check_candidate(text)
    except (CandidateError, NftTextError):
        return


def test_an_error_of_nft_repeats_no_line_of_a_file() -> None:
    stderr = (
        "In file included from /dev/stdin:1:1-22:\n"
        "/etc/shadow:1:1-4: Error: syntax error, unexpected string\n"
        "root:$6$CANARY:19000:0:99999:7:::\n"
        "^^^^\n"
        "netlink: Error: Could not process rule: No such file or directory\n"
    )
    assert scrub_error(stderr) == (
        "line 1: Error: syntax error, unexpected string; Error: Could not process rule: No such file or directory"
    )
    assert "CANARY" not in scrub_error("root:$6$CANARY:19000\n")
    assert "about 500 rules" in scrub_error("netlink: Error: Could not process rule: Message too long\n")


def test_device_text_is_shown_escaped_and_kept_exact() -> None:
    raw = b"\xff\x1b[31m".decode("utf-8", "surrogateescape")
    assert visible(raw) == "\\xff\\x1b[31m"
    assert as_utf8(raw) == "\\xff\x1b[31m"


def test_only_comments_are_taken_out() -> None:
    assert without_comments('log prefix "a" comment "b # c"\n') == 'log prefix "a" comment "<removed>"\n'


def test_a_transaction_names_the_managed_tables_only() -> None:
    live = parse_listing(TABLE + "table ip other {\n}\n")
    names = (INET_A, parse_table_name("ip6 gone"))
    head = "table inet a\ndelete table inet a\ntable ip6 gone\ndelete table ip6 gone\n"
    assert render_apply(names, live, live) == head + TABLE
    assert render_rollback(names, live) == head + TABLE


def test_the_startup_file_keeps_the_other_tables_it_holds() -> None:
    first = render_startup((INET_A,), parse_listing(TABLE), "")
    second = render_startup((parse_table_name("ip b"),), parse_listing("table ip b {\n}\n"), first)
    assert [str(table.name) for table in read_startup(second)] == ["inet a", "ip b"]
    emptied = render_startup((INET_A,), (), second)
    assert [str(table.name) for table in read_startup(emptied)] == ["ip b"]
    with pytest.raises(NftTextError):
        render_startup((INET_A,), (), "#!/usr/sbin/nft -f\nflush ruleset\n")
    with pytest.raises(NftTextError):
        read_startup(STARTUP_HEADER + TABLE[:-3])


def sections(**others: str) -> dict[str, str]:
    """Return what the helper says before a commit."""
    return {"full": TABLE, "stateless": TABLE, "startup": "", **others}


def candidate() -> Candidate:
    """Return a candidate equal to the live table."""
    live = parse_listing(TABLE)
    digest = policy_digest(policy_text(live, (INET_A,)))
    return Candidate(names=(INET_A,), tables=live, base_digest=digest)


def test_a_commit_says_what_it_will_have_made() -> None:
    texts = commit_texts(candidate(), sections(), message="a\nb", author="me", is_rollback=False)
    data = json.loads(texts["data"])
    assert texts["data"].count("\n") == 1
    assert data["after"] == candidate().base_digest
    assert data["message"] == "a\nb"


@pytest.mark.parametrize(
    "changed",
    [{"stateless": ""}, {"stateless": TABLE.replace("accept", "drop")}, {"startup": "flush ruleset\n"}],
)
def test_a_commit_on_other_grounds_is_refused(changed: dict[str, str]) -> None:
    with pytest.raises(CommitError):
        commit_texts(candidate(), sections(**changed), message="", author="", is_rollback=False)


def report(**others: str) -> str:
    """Return a report of the helper."""
    data: dict[str, Any] = {"message": "m", "author": "me", "tables": ["inet a"], "after": "x", "is_rollback": False}
    fields = {"id": "0" * 16, "outcome": "pending", "left": "150", "user": "heal", "data": json.dumps(data), **others}
    return "".join(f"{name}={value}\n" for name, value in fields.items())


def test_a_report_is_read() -> None:
    read = read_report(report())
    assert read is not None
    assert (read.seconds_left, read.who, read.names) == (1.5, "heal (me)", (INET_A,))
    assert read_report("") is None


@pytest.mark.parametrize(
    "wrong", [{"left": "soon"}, {"data": "{"}, {"data": "[]"}, {"data": "{}"}, {"data": '{"tables": ["x"]}'}]
)
def test_a_report_that_cannot_be_read_raises(wrong: dict[str, str]) -> None:
    with pytest.raises(CommitConfirmException):
        read_report(report(**wrong))


def test_facts_are_read_strictly() -> None:
    assert uptime_s("12.5 3.0\n") == 12.5
    with pytest.raises(ValueError, match="uptime"):
        uptime_s("")
    assert interfaces("Inter-|   Receive\n face |bytes\n    lo: 1 2\n eth0: 3 4\n") == ["eth0", "lo"]
