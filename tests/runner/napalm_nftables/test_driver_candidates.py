"""A candidate is judged before anything changes, and touches the managed tables only."""

import json
from typing import Any

import pytest
from napalm.base.exceptions import CommitError, MergeConfigException, ReplaceConfigException

pytestmark = pytest.mark.lab


def table(rules: int) -> str:
    """Return a managed table with that many rules."""
    lines = "".join(f"\t\tip saddr 10.0.{n // 250}.{n % 250} tcp dport {n + 1} accept\n" for n in range(rules))
    return f"table inet murenger {{\n\tchain input {{\n{lines}\t}}\n}}\n"


def test_self_diff_is_empty(driver: Any, firewall: Any) -> None:
    driver.load_replace_candidate(config=driver.get_config(retrieve="running")["running"])
    assert driver.compare_config() == ""
    driver.load_replace_candidate(config=firewall.enter("nft", "list", "table", "inet", "murenger"))
    assert driver.compare_config() == ""


def test_the_diff_says_what_will_be_applied_in_order(driver: Any, base: str) -> None:
    swapped = base.replace("\t\ttcp dport 22 accept\n", "").replace(
        "\t\ttcp dport 5432 drop\n", "\t\ttcp dport 5432 drop\n\t\ttcp dport 22 accept\n"
    )
    driver.load_replace_candidate(config=swapped)
    changed = [line for line in driver.compare_config().split("\n")[2:] if line[0] in "+-"]
    assert changed == ["-\t\ttcp dport 22 accept", "+\t\ttcp dport 22 accept"]
    driver.commit_config()
    driver.load_replace_candidate(config=swapped)
    assert driver.compare_config() == ""


@pytest.mark.parametrize(
    ("old", "new", "sign"),
    [
        ("\t\ttcp dport 5432 drop\n", "", "-"),
        ("\t\ttcp dport 22 accept\n", "\t\ttcp dport 22 accept\n\t\tudp dport 53 accept\n", "+"),
    ],
)
def test_added_and_deleted_rules_show(driver: Any, base: str, old: str, new: str, sign: str) -> None:
    driver.load_replace_candidate(config=base.replace(old, new))
    changed = [line for line in driver.compare_config().split("\n")[2:] if line[0] in "+-"]
    assert len(changed) == 1
    assert changed[0][0] == sign


@pytest.mark.parametrize(
    "line",
    ["tcp dport 99999 accept", "jump nowhere", "ip saddr 192.0.2.999 accept", "frobnicate", "ip saddr @nosuch accept"],
)
def test_a_bad_line_is_refused_and_nothing_applied(driver: Any, firewall: Any, base: str, line: str) -> None:
    before = firewall.rules()
    with pytest.raises(ReplaceConfigException) as caught:
        driver.load_replace_candidate(config=base.replace("tcp dport 5432 drop", line))
    assert "Error" in str(caught.value)
    assert firewall.rules() == before
    assert driver.compare_config() == ""
    with pytest.raises(CommitError, match="no candidate"):
        driver.commit_config()
    driver.load_replace_candidate(config=base)


@pytest.mark.parametrize(
    "text",
    [
        'include "/etc/passwd"\n',
        'table inet murenger {\n}\n;include "/etc/passwd"\n',
        'table inet murenger { chain a {\ninclude "/etc/passwd"\n} \n}\n',
        '# "\ninclude "/etc/passwd"\n',
    ],
)
def test_include_is_refused_and_nothing_of_the_file_is_told(driver: Any, text: str) -> None:
    for load, kind in (
        (driver.load_replace_candidate, ReplaceConfigException),
        (driver.load_merge_candidate, MergeConfigException),
    ):
        with pytest.raises(kind) as caught:
            load(config=text)
        assert "include" in str(caught.value)
        assert "root" not in str(caught.value)


def test_the_device_refuses_an_include_by_itself(driver: Any) -> None:
    for text in (
        'include "/etc/passwd"\n',
        'table inet a {\n}\n 22include "/etc/passwd"\n',
        '# "\ninclude "/etc/passwd"',
    ):
        with pytest.raises(Exception, match="include is refused") as caught:
            driver.device.send("scratch", texts={"base": "", "text": text})
        assert "root" not in str(caught.value)


def test_the_word_include_in_a_comment_is_no_include(driver: Any, base: str) -> None:
    driver.load_replace_candidate(config=base.replace("web { front", "please include partners"))
    driver.commit_config()
    driver.load_replace_candidate(config=driver.get_config(retrieve="running")["running"])
    assert driver.compare_config() == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("flush ruleset\n", "flush ruleset"),
        ("", "names no table"),
        ("# nothing\n", "names no table"),
        ("list ruleset\n", "no part of a rule set"),
        ("table inet murenger {\n", "ends inside"),
        ('table inet murenger { comment "\n}\n', "never closed"),
        ("table inet murenger { chain a {\niif eth0 accept\n}\n}\n", "iifname"),
        ("delete rule inet murenger input handle 3\n", "handle"),
        ("table inet murenger {\n}\0\n", "NUL"),
    ],
)
def test_what_must_not_be_tried_is_refused(driver: Any, firewall: Any, text: str, said: str) -> None:
    before = firewall.rules()
    with pytest.raises(ReplaceConfigException, match=said):
        driver.load_replace_candidate(config=text)
    assert firewall.rules() == before


def test_a_candidate_comes_from_a_file_too(driver: Any, base: str, tmp_path: Any) -> None:
    file = tmp_path / "golden.nft"
    file.write_text(base, encoding="utf-8")
    driver.load_replace_candidate(filename=str(file))
    assert driver.compare_config() == ""
    with pytest.raises(ReplaceConfigException, match="cannot be read"):
        driver.load_replace_candidate(filename=str(tmp_path / "absent"))


def test_a_changed_foreign_table_is_refused_by_name(driver: Any, firewall: Any, base: str, foreign: str) -> None:
    with pytest.raises(ReplaceConfigException, match="ip container"):
        driver.load_replace_candidate(config=base + foreign.replace("masquerade", "accept"))
    with pytest.raises(MergeConfigException, match="ip container"):
        driver.load_merge_candidate(config="add table ip container\nadd chain ip container mine\n")
    assert firewall.rules() == foreign + base


def test_foreign_tables_are_untouched_by_replace_revert_and_rollback(
    driver: Any, firewall: Any, base: str, foreign: str
) -> None:
    handles = firewall.enter("nft", "-a", "list", "table", "ip", "container")
    driver.load_replace_candidate(config=foreign + base.replace("5432 drop", "5432 accept"))
    driver.commit_config(revert_in=60)
    driver.rollback()
    driver.load_replace_candidate(config=base.replace("5432 drop", "5432 accept"))
    driver.commit_config()
    driver.rollback()
    # Handles change whenever a table is replaced, even by itself.
    assert firewall.enter("nft", "-a", "list", "table", "ip", "container") == handles
    assert firewall.rules() == foreign + base


def test_merge_adds_to_what_is_there(driver: Any, firewall: Any, base: str) -> None:
    driver.load_merge_candidate(config="insert rule inet murenger input udp dport 53 accept\n")
    assert [line for line in driver.compare_config().split("\n")[2:] if line[0] in "+-"] == ["+\t\tudp dport 53 accept"]
    driver.commit_config(revert_in=60)
    assert "udp dport 53" in firewall.rules()
    driver.rollback()
    driver.load_merge_candidate(config="table inet murenger {\n chain input {\n udp dport 53 accept\n }\n}\n")
    driver.commit_config()
    assert firewall.rules().endswith("\t\ttcp dport 5432 drop\n\t\tudp dport 53 accept\n\t}\n}\n")
    assert base not in firewall.rules()


def test_a_refused_merge_changes_nothing(driver: Any, firewall: Any) -> None:
    before = firewall.rules()
    with pytest.raises(MergeConfigException):
        driver.load_merge_candidate(config="add rule inet murenger nochain accept\n")
    assert firewall.rules() == before


def test_a_managed_table_that_the_candidate_lacks_is_deleted(open_driver: Any, firewall: Any, base: str) -> None:
    firewall.load("table ip6 second {\n\tchain a {\n\t\taccept\n\t}\n}\n")
    driver = open_driver(tables=["inet murenger", "ip6 second"])
    driver.load_replace_candidate(config=base)
    assert "-table ip6 second {" in driver.compare_config()
    driver.commit_config(revert_in=60)
    assert "ip6 second" not in firewall.rules()
    driver.rollback()
    assert "ip6 second" in firewall.rules()


def test_a_managed_table_that_the_device_lacks_is_made_and_taken_back(
    driver: Any, firewall: Any, base: str, foreign: str
) -> None:
    firewall.enter("nft", "delete", "table", "inet", "murenger")
    driver.load_replace_candidate(config=base)
    assert driver.compare_config()
    driver.commit_config(revert_in=60)
    assert firewall.rules() == foreign + base
    driver.rollback()
    assert firewall.rules() == foreign


def test_a_flushed_rule_set_is_healed(driver: Any, firewall: Any, base: str) -> None:
    firewall.enter("nft", "flush", "ruleset")
    driver.load_replace_candidate(config=base)
    driver.commit_config(revert_in=60)
    driver.confirm_commit()
    assert firewall.rules() == base


def test_without_named_tables_those_of_the_candidate_are_managed(
    open_driver: Any, firewall: Any, base: str, foreign: str
) -> None:
    driver = open_driver(tables=None)
    driver.load_replace_candidate(config=base.replace("5432 drop", "5432 accept"))
    driver.commit_config()
    assert firewall.rules() == foreign + base.replace("5432 drop", "5432 accept")


def test_too_many_rules_are_refused_before_anything_is_armed(driver: Any, firewall: Any) -> None:
    before = firewall.rules()
    with pytest.raises(ReplaceConfigException, match="about 500 rules"):
        driver.load_replace_candidate(config=table(3000))
    assert firewall.rules() == before
    assert firewall.state_files() == set()
    driver.load_replace_candidate(config=table(200))
    driver.commit_config()
    assert firewall.rules().count(" accept\n") == 200


def test_a_way_back_that_is_too_large_is_refused_too(driver: Any, firewall: Any, base: str) -> None:
    # Loaded in small transactions, the live rules are more than one transaction can bring back.
    firewall.enter("nft", "flush", "chain", "inet", "murenger", "input")
    for part in range(8):
        lines = "".join(
            f"add rule inet murenger input ip saddr 10.{part}.{n}.1 tcp dport 1 accept\n" for n in range(200)
        )
        firewall.load(lines)
    before = firewall.rules()
    with pytest.raises(ReplaceConfigException, match="too large for one transaction"):
        driver.load_replace_candidate(config=base)
    assert firewall.rules() == before
    assert firewall.state_files() == set()


def banned(firewall: Any) -> dict[str, int]:
    """Return the elements of the dynamic set with their remaining whole seconds."""
    listing = json.loads(firewall.enter("nft", "-j", "list", "set", "inet", "murenger", "banned"))
    elements = next(item["set"].get("elem", []) for item in listing["nftables"] if "set" in item)
    return {element["elem"]["val"]: element["elem"]["expires"] for element in elements}


def test_dynamic_elements_survive_with_their_remaining_time(driver: Any, firewall: Any, base: str) -> None:
    driver.load_replace_candidate(config=base.replace("5432 drop", "5432 accept"))
    # Bans that come in after the candidate was loaded are no change of policy, and are not lost.
    firewall.load(
        "add element inet murenger banned { 203.0.113.9 timeout 1h expires 20m, 203.0.113.10, "
        '203.0.113.11 timeout 2h expires 90m comment "a } b, c" }\n'
    )
    before = banned(firewall)
    assert "203.0.113" not in driver.compare_config()
    driver.commit_config(revert_in=60)
    after = banned(firewall)
    assert after.keys() == before.keys()
    assert all(before[address] - 30 < left <= before[address] for address, left in after.items())
    driver.rollback()
    assert banned(firewall).keys() == before.keys()
    driver.load_replace_candidate(config=driver.get_config(retrieve="running")["running"])
    assert driver.compare_config() == ""


def test_a_rollback_after_the_confirmation_keeps_bans_made_since(driver: Any, firewall: Any, base: str) -> None:
    driver.load_replace_candidate(config=base.replace("5432 drop", "5432 accept"))
    driver.commit_config()
    firewall.load("add element inet murenger banned { 203.0.113.9 timeout 1h expires 20m }\n")
    driver.rollback()
    assert 1100 < banned(firewall)["203.0.113.9"] <= 1200


def test_a_timed_element_that_both_sides_hold_is_not_renewed(driver: Any, firewall: Any, base: str) -> None:
    elements = "elements = { 203.0.113.5 timeout 1h }"
    grants = f"\tset grants {{\n\t\ttype ipv4_addr\n\t\tflags timeout\n\t\t{elements}\n\t}}\n\n\tchain"
    firewall.reset(base.replace("\tchain", grants.replace("timeout 1h", "timeout 1h expires 10m")))
    driver.load_replace_candidate(config=base.replace("\tchain", grants).replace("5432 drop", "5432 accept"))
    driver.commit_config()
    text = firewall.enter("nft", "list", "set", "inet", "murenger", "grants")
    assert "timeout 1h expires 9m" in text


def test_counters_and_quotas_come_back_with_a_revert(driver: Any, firewall: Any, base: str) -> None:
    counted = base.replace("tcp dport 5432 drop", "tcp dport 5432 counter packets 7 bytes 420 drop")
    firewall.reset(counted)
    driver.load_replace_candidate(config=base)
    driver.commit_config(revert_in=60)
    driver.rollback()
    assert "counter packets 7 bytes 420 drop" in firewall.enter("nft", "list", "ruleset")
