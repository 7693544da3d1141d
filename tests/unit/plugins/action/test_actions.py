# Copyright: the murenger authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugins over a site that remembers every writing call: honest in check mode, silent about secrets."""

from __future__ import annotations

import dataclasses
import importlib
import types
from collections.abc import Callable

import pytest
import yaml
from ansible.errors import AnsibleActionFail
from ansible_collections.murenger.drift.plugins.action import (
    change_record_info,
    drift_info,
    golden_config,
    live_config_info,
    plan,
    remediation,
)
from ansible_collections.murenger.drift.plugins.plugin_utils import _bridge, _records, _rehearsal
from ansible_collections.murenger.drift.tests.unit.plugins import _site

from murenger.errors import UnreachableError
from murenger.model import Mode, OutcomeVerdict

# Keys that every task may return.
BY_ANSIBLE = {"changed", "diff", "failed", "msg"}


@pytest.fixture
def open_site(monkeypatch: pytest.MonkeyPatch) -> Callable[..., _site.Site]:
    """Return a function that makes the next site."""

    def opened(**how: object) -> _site.Site:
        site = _site.Site(**how)
        monkeypatch.setattr(_bridge, "open_site", lambda **_: site)
        return site

    return opened


def check_documented(plugin: types.ModuleType, result: dict[str, object]) -> None:
    """Refuse a result with a key that RETURN does not explain, or with a secret in it."""
    name = plugin.__name__.rpartition(".")[2]
    module = importlib.import_module(f"ansible_collections.murenger.drift.plugins.modules.{name}")
    unexplained = set(result) - set(yaml.safe_load(module.RETURN)) - BY_ANSIBLE
    assert not unexplained
    assert _site.SECRET not in str(result)
    assert "murenger-secret" not in str(result)


def run(plugin: types.ModuleType, arguments: str = "", **how: bool) -> dict[str, object]:
    """Run an action plugin and check that its result is documented."""
    result = _site.run(plugin, arguments, **how)
    check_documented(plugin, result)
    return result


def refused(plugin: types.ModuleType, arguments: str = "", **how: bool) -> AnsibleActionFail:
    """Run an action plugin that must fail, and return the error."""
    with pytest.raises(AnsibleActionFail) as caught:
        _site.run(plugin, arguments, **how)
    check_documented(plugin, caught.value.result)
    assert _site.SECRET not in str(caught.value)
    return caught.value


def test_plan_is_made_once_and_then_known(open_site: Callable[..., _site.Site]) -> None:
    site = open_site()
    first, second = run(plan), run(plan)
    assert (first["changed"], second["changed"]) == (True, False)
    assert first["plan_sha256"] == second["plan_sha256"]
    assert site.written == ["plan"]
    assert first["pre_tasks"] == "/site/before.yml"


def test_check_mode_predicts_a_plan_without_keeping_it(open_site: Callable[..., _site.Site]) -> None:
    site = open_site()
    predicted = run(plan, check=True)
    assert not site.written
    assert predicted["plan_sha256"] is None
    assert predicted["changed"] == run(plan)["changed"]
    assert run(plan, check=True)["changed"] == run(plan)["changed"]


def test_plan_of_a_device_in_sync_is_nothing(open_site: Callable[..., _site.Site]) -> None:
    site = open_site(drifted=False)
    result = run(plan, diff=True)
    assert (result["changed"], result["in_sync"], result["plan_sha256"]) == (False, True, None)
    assert result["diff"]["before"] == result["diff"]["after"]
    assert not site.written


@pytest.mark.parametrize("plugin", [plan, remediation, golden_config])
def test_diff_is_returned_in_diff_mode_only_from_live_to_golden(
    open_site: Callable[..., _site.Site], plugin: types.ModuleType
) -> None:
    arguments = "signing_key: alice\n" if plugin is golden_config else ""
    open_site()
    check = plugin is not golden_config
    assert "diff" not in run(plugin, arguments, check=check)
    diff = run(plugin, arguments, check=check, diff=True)["diff"]
    assert diff["after"] == _site.GOLDEN_TEXT


def test_device_text_in_a_diff_is_redacted_and_not_rendered(open_site: Callable[..., _site.Site]) -> None:
    open_site()
    before = run(plan, diff=True)["diff"]["before"]
    assert "{{ 1 + 1 }} <redacted>" in before


def test_remediation_carries_out_the_plan(open_site: Callable[..., _site.Site]) -> None:
    site = open_site()
    sha256 = run(plan)["plan_sha256"]
    site.written.clear()
    result = run(remediation, f"plan: {sha256}")
    assert (result["changed"], result["verdict"], result["record"]) == (True, "healed", 5)
    assert site.written == ["remediate"]


def test_remediation_in_check_mode_writes_nothing_and_predicts_the_change(open_site: Callable[..., _site.Site]) -> None:
    site = open_site()
    sha256 = site.keep(site.preview(site.examine(_site.FW1)))
    predicted = run(remediation, f"plan: {sha256}", check=True)
    assert not site.written
    assert predicted["changed"] == run(remediation, f"plan: {sha256}")["changed"]
    assert predicted["steps"] == ["chain: remove: accept"]


def test_remediation_of_a_device_in_sync_changes_nothing_and_says_so_beforehand(
    open_site: Callable[..., _site.Site],
) -> None:
    site = open_site()
    sha256 = site.keep(site.preview(site.examine(_site.FW1)))
    site.drifted = False
    assert run(remediation, f"plan: {sha256}", check=True)["changed"] is False
    result = run(remediation, f"plan: {sha256}")
    assert (result["changed"], result["verdict"]) == (False, None)


@pytest.mark.parametrize("verdict", [verdict for verdict in OutcomeVerdict if verdict is not OutcomeVerdict.HEALED])
def test_every_verdict_but_healed_fails_the_task(open_site: Callable[..., _site.Site], verdict: OutcomeVerdict) -> None:
    site = open_site(verdict=verdict)
    sha256 = site.keep(site.preview(site.examine(_site.FW1)))
    error = refused(remediation, f"plan: {sha256}")
    assert error.result["verdict"] == verdict.value
    assert error.result["changed"] is (verdict is not OutcomeVerdict.NOT_APPLIED)


def test_remediation_without_a_plan_is_refused_outside_check_mode(open_site: Callable[..., _site.Site]) -> None:
    site = open_site()
    assert "plan is missing" in str(refused(remediation))
    assert not site.written
    assert run(remediation, check=True)["changed"] is True


@pytest.mark.parametrize(
    ("mode", "said"), [(Mode.OBSERVE, "mode is observe"), (Mode.PROPOSE, "murenger approve PLAN --key YOUR_SSH_KEY")]
)
def test_what_would_be_refused_is_refused_in_check_mode_too(
    open_site: Callable[..., _site.Site], mode: Mode, said: str
) -> None:
    site = open_site(mode=mode)
    assert said in str(refused(remediation, check=True))
    assert not site.written


def test_plan_of_another_device_is_refused_in_check_mode_too(open_site: Callable[..., _site.Site]) -> None:
    site = open_site()
    sha256 = site.keep(dataclasses.replace(site.preview(site.examine(_site.FW1)), device="fw2"))
    assert "the plan is for fw2" in str(refused(remediation, f"plan: {sha256}", check=True))


def test_void_plan_is_refused_in_check_mode_too(
    open_site: Callable[..., _site.Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = open_site()
    sha256 = site.keep(site.preview(site.examine(_site.FW1)))
    monkeypatch.setattr(_site, "LIVE_TEXT", _site.LIVE_TEXT + "one more rule\n")
    assert "live configuration changed" in str(refused(remediation, f"plan: {sha256}", check=True))


def test_name_of_a_group_is_no_device(open_site: Callable[..., _site.Site]) -> None:
    site = open_site()
    for plugin in (plan, drift_info, live_config_info):
        assert "name one device, not a group" in str(refused(plugin, "hostname: firewalls"))
    assert "not a group" in str(refused(remediation, f"hostname: firewalls\nplan: {'a' * 64}"))
    assert not site.written


def test_drift_is_told_from_golden_to_live(open_site: Callable[..., _site.Site]) -> None:
    open_site()
    result = run(drift_info)
    assert result["changed"] is False
    assert result["differences"][0]["operation"] == "added"
    assert result["action"] == "heal"
    assert run(drift_info, check=True) == result


def test_live_text_is_returned_on_request_only_and_redacted(
    open_site: Callable[..., _site.Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    open_site()
    live = _site.snapshot(_site.LIVE_TEXT)
    monkeypatch.setattr(_rehearsal, "live", lambda *_: (live, [_site.SECRET]))
    assert "text" not in run(live_config_info)
    result = run(live_config_info, "text: true")
    assert result["digest"] == live.digest
    assert "key <redacted>" in result["text"]


@pytest.mark.parametrize("accepted", [True, False])
def test_golden_is_accepted_for_real_and_only_predicted_in_check_mode(
    open_site: Callable[..., _site.Site], monkeypatch: pytest.MonkeyPatch, *, accepted: bool
) -> None:
    site = open_site(accepted=accepted)
    wanted = _site.snapshot(_site.GOLDEN_TEXT)
    monkeypatch.setattr(_rehearsal, "wanted_golden", lambda *_: (wanted, ()))
    predicted = run(golden_config, "signing_key: alice", check=True, diff=True)
    assert not site.written
    result = run(golden_config, "signing_key: alice", diff=True)
    assert site.written == ["accept"]
    assert predicted["changed"] == result["changed"] == (not accepted)
    assert predicted["diff"] == result["diff"]
    assert predicted["digest"] == result["digest"]


@pytest.mark.parametrize("plugin", [plan, drift_info])
def test_unreachable_device_is_an_error_with_its_name(
    open_site: Callable[..., _site.Site], plugin: types.ModuleType
) -> None:
    open_site(error=UnreachableError("no connection", device="fw1", hint="look"))
    error = refused(plugin)
    assert (error.message, error.result["error"]) == ("fw1: no connection (look)", "UnreachableError")


@pytest.mark.parametrize("plugin", [plan, drift_info])
def test_foreign_exception_does_not_get_out(open_site: Callable[..., _site.Site], plugin: types.ModuleType) -> None:
    open_site(error=RuntimeError(_site.SECRET))
    assert "internal error: RuntimeError" in str(refused(plugin))


def test_unknown_option_is_refused(open_site: Callable[..., _site.Site]) -> None:
    open_site()
    with pytest.raises(AnsibleActionFail, match="Unsupported parameters"):
        _site.run(plan, "hosts: fw1")


def test_records_are_verified_before_they_are_listed(
    open_site: Callable[..., _site.Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    open_site()
    verdict = {"schema": "murenger.verify/1", "exit_code": 1, "logs": [{"intact": False, "findings": ["record 3"]}]}
    monkeypatch.setattr(_records, "report", lambda _site, _anchors: verdict)
    error = refused(change_record_info, "verify: true")
    assert error.result["report"] == verdict
    verdict["logs"][0]["intact"] = True
    assert run(change_record_info, "verify: true") == {
        "changed": False,
        "config": "/site/murenger.yml",
        "report": verdict,
        "records": [],
    }


def test_missing_record_is_an_error(open_site: Callable[..., _site.Site]) -> None:
    open_site()
    assert "no such record 7" in str(refused(change_record_info, "number: 7"))
    assert run(change_record_info, "kind: outcome")["records"] == []
