"""The kernel of the lab firewall decides what passes, and drift really changes it.

Input: a running firewall. Output: TCP connections that came through or did not.
"""

import pathlib

import pytest

from murenger.lab import firewall
from murenger.lab.bench import Bench
from murenger.lab.failure import LabError

pytestmark = pytest.mark.lab
CARD_DB_FLOW = ("-p", "tcp", "--dport", "5432", "-s", "198.51.100.10", "-d", "203.0.113.140")
SHORT_S = 0.4


def test_golden_rules_let_the_right_connections_through_and_no_others(fw1: Bench) -> None:
    device_dir = fw1.device_dir
    assert firewall.probe(device_dir, source="client", target="server", port=443).connected
    assert firewall.probe(device_dir, source="client", target="server", port=443, version=6).connected
    assert firewall.probe(device_dir, source="client", target="server", port=5432).connected
    assert firewall.probe(device_dir, source="server", target="carddb", port=5432).connected
    for version in (4, 6):
        blocked = firewall.probe(device_dir, source="client", target="carddb", version=version, timeout_s=SHORT_S)
        assert not blocked.connected
        assert blocked.detail == "timed out"
    assert not firewall.probe(device_dir, source="carddb", target="client", port=22, timeout_s=SHORT_S).connected


def test_open_card_db_lets_the_client_in_and_conntrack_shows_the_flow(fw1: Bench) -> None:
    assert not firewall.probe(fw1.device_dir, timeout_s=SHORT_S).connected
    firewall.drift(fw1.device_dir, "open-card-db")
    assert firewall.probe(fw1.device_dir).connected
    (flow,) = firewall.conntrack(fw1.device_dir, *CARD_DB_FLOW)
    assert "[ASSURED]" in flow
    firewall.drift(fw1.device_dir, "revert")
    assert not firewall.probe(fw1.device_dir, timeout_s=SHORT_S).connected


def test_held_session_outlives_its_rule_until_its_conntrack_entry_is_deleted(fw1: Bench) -> None:
    firewall.drift(fw1.device_dir, "open-card-db")
    held = firewall.hold(fw1.device_dir)
    assert held.is_alive()
    firewall.drift(fw1.device_dir, "revert")
    assert not firewall.probe(fw1.device_dir, timeout_s=SHORT_S).connected
    assert held.is_alive()
    firewall.in_fw(fw1.device_dir, ("conntrack", "-D", *CARD_DB_FLOW))
    assert not held.is_alive(timeout_s=SHORT_S)
    held.release()
    with pytest.raises(LabError, match="no held session"):
        held.is_alive()


def test_hold_reports_a_connection_that_does_not_open(fw1: Bench) -> None:
    with pytest.raises(LabError, match="no connection from client to carddb:5432"):
        firewall.hold(fw1.device_dir, timeout_s=SHORT_S)


def test_reorder_opens_the_card_database_without_adding_a_rule(fw1: Bench) -> None:
    before = fw1.rules()
    firewall.drift(fw1.device_dir, "reorder")
    after = fw1.rules()
    assert sorted(before.splitlines()) == sorted(after.splitlines())
    assert before != after
    assert firewall.probe(fw1.device_dir).connected


def test_flush_erases_every_table_and_opens_everything(fw1: Bench) -> None:
    firewall.drift(fw1.device_dir, "flush")
    assert not fw1.rules()
    assert firewall.probe(fw1.device_dir).connected


def test_foreign_table_stands_beside_ours(fw1: Bench) -> None:
    before = fw1.rules()
    firewall.drift(fw1.device_dir, "foreign-table")
    after = fw1.rules()
    assert after.startswith(before)
    assert "table inet f2b-table" in after


def test_hostile_comments_reach_the_listing_byte_for_byte(fw1: Bench) -> None:
    firewall.drift(fw1.device_dir, "hostile-comment")
    after = fw1.rules()
    for text in (
        "{{ lookup('pipe', 'id') }}",
        "\x1b[2J\x1b[31m",
        "<script>alert('drift')</script>",
        "{{murenger:secret",
    ):
        assert text in after


def test_guest_is_a_timed_element_and_revert_removes_it(fw1: Bench) -> None:
    before = fw1.rules()
    firewall.drift(fw1.device_dir, "guest")
    assert "198.51.100.10 timeout 30m" in fw1.rules()
    firewall.drift(fw1.device_dir, "revert")
    assert fw1.rules() == before


def test_scenario_that_does_not_exist_or_does_not_fit_is_refused(fw1: Bench) -> None:
    with pytest.raises(LabError, match="no scenario called 'nonsense'"):
        firewall.drift(fw1.device_dir, "nonsense")
    firewall.drift(fw1.device_dir, "flush")
    with pytest.raises(LabError, match="is not there"):
        firewall.drift(fw1.device_dir, "reorder")
    with pytest.raises(LabError, match="nft refused"):
        firewall.drift(fw1.device_dir, "open-card-db")


def test_probe_from_an_unknown_place_is_refused(fw1: Bench) -> None:
    with pytest.raises(LabError, match="no namespace called 'moon'"):
        firewall.probe(fw1.device_dir, source="moon")


def test_nobody_listens_reads_refused_and_not_timed_out(fw1: Bench) -> None:
    result = firewall.probe(fw1.device_dir, source="server", target="server", port=81)
    assert (result.connected, result.detail) == (False, "refused")


def test_firewall_that_is_not_up_says_so(tmp_path: pathlib.Path) -> None:
    with pytest.raises(LabError, match="does not answer"):
        firewall.probe(tmp_path)
