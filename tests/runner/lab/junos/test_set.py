"""Set lines: read as strictly as typed ones, printed so that they make the same configuration again."""

from collections.abc import Callable
from typing import TypeAlias

import pytest
from jnpr.junos.exception import RpcError
from napalm.base.base import NetworkDriver
from napalm.base.exceptions import MergeConfigException

from murenger.lab.junos.datastore import parse
from murenger.lab.junos.errors import JunosError
from murenger.lab.junos.render import render
from murenger.lab.junos.setlines import apply_lines, render_set
from murenger.lab.junos.thread import EmulatorThread
from murenger.lab.junos.tree import empty

Connect: TypeAlias = Callable[..., NetworkDriver]
POLICY = "security policies from-zone untrust to-zone trust policy"
HARD = """\
snmp { location "two words"; }
system {
    inactive: time-zone CET;
    login {
        user a { class super-user; authentication { encrypted-password "$6$x$y;{}" ; } }
    }
}
security {
    policies {
        from-zone a to-zone b {
            policy z { match { source-address [ one two ]; destination-address any; application any; } then permit; }
            inactive: policy y { match { source-address any; destination-address any; } then { deny; } }
        }
    }
}
"""
KNOWN = f"""\
system {{ host-name srx1; }}
snmp {{ community c {{ authorization read-only; }} }}
{POLICY} deny-all {{ match {{ source-address any; }} then {{ deny; }} }}
"""


def made_of(*lines: str, text: str = "") -> str:
    """Return what lines make of a configuration."""
    tree = parse(text)
    apply_lines(tree, "\n".join(lines))
    return render(tree)


def test_set_lines_make_the_same_configuration_again() -> None:
    tree = parse(HARD)
    again = empty()
    apply_lines(again, render_set(tree))
    assert again.same_as(tree)


def test_what_is_inactive_is_set_and_then_deactivated() -> None:
    lines = render_set(parse(HARD)).splitlines()
    path = "security policies from-zone a to-zone b policy y"
    assert lines.index(f"deactivate {path}") > lines.index(f"set {path} then deny")
    assert "set security policies from-zone a to-zone b policy z match source-address two" in lines
    assert 'set snmp location "two words"' in lines


def test_the_driver_reads_the_running_configuration_as_set_lines(srx: EmulatorThread, connect: Connect) -> None:
    driver = connect()
    text = driver.get_config(retrieve="running", format="set")["running"]
    assert text.lstrip().startswith("set version ")
    again = empty()
    apply_lines(again, text)
    assert render(again) == srx.running


def test_set_lines_move_copy_rename_deactivate_and_annotate_through_the_driver(
    srx: EmulatorThread, connect: Connect
) -> None:
    driver = connect()
    driver.load_merge_candidate(
        config=f"set {POLICY} one match source-address any destination-address any application any\n"
        f"set {POLICY} one then deny\n"
        "# a remark between lines counts for nothing\n\n"
        f"insert {POLICY} one before policy deny-all\n"
        f"copy {POLICY} one to policy two\n"
        f"rename {POLICY} two to policy three\n"
        f"deactivate {POLICY} three\n"
        'annotate system "by hand"\n'
    )
    driver.commit_config()
    text = srx.running
    assert "/* by hand */\nsystem {" in text
    pair = text[text.index("from-zone untrust to-zone trust {") :]
    assert pair.index("policy one {") < pair.index("policy deny-all {") < pair.index("inactive: policy three {")
    assert "policy two" not in text


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("reboot now", "reboot"),
        ('"set" system host-name x', "set"),
        ("set", "set"),
        ("set system flux-capacitor on", "flux-capacitor"),
        ("set system { host-name x; }", "{"),
        ("set system host-name x;", ";"),
        (f"insert {POLICY} deny-all policy nobody", "nobody"),
        (f"insert {POLICY} deny-all before policy nobody", "policy nobody"),
        (f"rename {POLICY} deny-all", "deny-all"),
        (f"rename {POLICY} nobody to policy x", "nobody"),
        (f"copy {POLICY} deny-all to policy deny-all", "deny-all"),
        ("deactivate snmp community nobody", "nobody"),
        ("annotate system no-quotes", "no-quotes"),
        ('annotate system host-name "too deep"', "host-name"),
        ("edit system", "edit"),
    ],
)
def test_a_line_that_the_device_would_refuse_is_refused_with_its_number(line: str, named: str) -> None:
    with pytest.raises(JunosError, match=r"^line 2: ") as refused:
        made_of("set system time-zone CET", line, text=render(parse(KNOWN)))
    assert [complaint.bad_element for complaint in refused.value.complaints] == [named]


def test_a_refused_line_reaches_the_driver_s_caller_and_nothing_is_loaded(
    srx: EmulatorThread, connect: Connect
) -> None:
    driver, before = connect(), srx.running
    with pytest.raises(MergeConfigException) as refused:
        driver.load_merge_candidate(config="set system time-zone CET\nset system flux-capacitor on\n")
    (error,) = refused.value.args[0]
    assert error["bad_element"] == "flux-capacitor"
    assert driver.compare_config() == ""
    assert srx.running == before


def test_the_driver_itself_refuses_to_replace_by_set_lines(srx: EmulatorThread, connect: Connect) -> None:
    driver, before = connect(), srx.running
    with pytest.raises(ValueError, match=r"replace|override|overwrite"):
        driver.load_replace_candidate(config=driver.get_config(retrieve="running", format="set")["running"].lstrip())
    assert srx.running == before


def test_set_lines_that_begin_with_a_remark_are_taken_for_curly_text_and_refused(
    srx: EmulatorThread, connect: Connect
) -> None:
    driver, before = connect(), srx.running
    with pytest.raises(MergeConfigException):
        driver.load_merge_candidate(config="# remark\nset system time-zone CET\n")
    assert driver.compare_config() == ""
    assert srx.running == before


def test_another_session_s_lock_is_named_before_any_line_is_read(srx: EmulatorThread, connect: Connect) -> None:
    other = connect(lock_disable=True)
    srx.type("configure exclusive", user="carol")
    # NAPALM discards after a refused load, and the lock refuses that too.
    with pytest.raises(RpcError, match="locked by"):
        other.load_merge_candidate(config="set system flux-capacitor on\n")
