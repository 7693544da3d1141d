"""Guard foreign-candidate: another administrator's work is neither committed, nor published, nor thrown away."""

import dataclasses
import types
from collections.abc import Callable
from typing import Any

import pytest

from murenger.adapters.napalm.failures import change_error
from murenger.adapters.napalm.profiles import PROFILES
from murenger.adapters.napalm.remediator import NapalmSession
from murenger.errors import GuardRefusedError
from murenger.model import Device


@dataclasses.dataclass
class Driver:
    """A NAPALM driver that notes what it is asked to do."""

    pending: bool = False
    typed: str = ""
    asked: list[str] = dataclasses.field(default_factory=list)

    def has_pending_commit(self) -> bool:
        return self.pending

    def compare_config(self) -> str:
        return self.typed

    def get_config(self, *, retrieve: str) -> dict[str, str]:
        return {retrieve: "running"}

    def load_replace_candidate(self, *, config: str) -> None:
        self.asked.append(f"load {config}")

    def confirm_commit(self) -> None:
        self.asked.append("confirm")

    def discard_config(self) -> None:
        self.asked.append("discard")

    def rollback(self) -> None:
        self.asked.append("rollback")


def session_on(driver: Driver, platform: str) -> NapalmSession:
    def call(_what: str, function: Callable[[], Any]) -> Any:
        return function()

    connection: Any = types.SimpleNamespace(
        driver=driver,
        profile=PROFILES[platform],
        device=Device(name="fw1", platform=platform, address="192.0.2.1"),
        secrets=(),
        call=call,
        read=lambda _clock: types.SimpleNamespace(text="running"),
    )
    return NapalmSession(connection, connection, mark="")


@pytest.mark.parametrize("platform", ["nftables", "junos"])
def test_nothing_is_loaded_over_a_commit_that_waits_for_its_confirmation(platform: str) -> None:
    driver = Driver(pending=True)
    with pytest.raises(GuardRefusedError) as caught:
        session_on(driver, platform).stage("candidate")
    assert (caught.value.guard, caught.value.device) == ("foreign-candidate", "fw1")
    assert driver.asked == []


def test_nothing_is_loaded_over_what_others_have_typed_into_a_shared_candidate() -> None:
    driver = Driver(typed="+ set system host-name mine")
    with pytest.raises(GuardRefusedError) as caught:
        session_on(driver, "junos").stage("candidate")
    assert caught.value.guard == "foreign-candidate"
    assert driver.asked == []


def test_what_others_typed_meanwhile_is_not_published_with_the_confirmation() -> None:
    driver = Driver(pending=True, typed="+ set system host-name mine")
    with pytest.raises(GuardRefusedError) as caught:
        session_on(driver, "junos").confirm()
    assert caught.value.guard == "foreign-candidate"
    assert driver.asked == []


@pytest.mark.parametrize("text", ["configuration database locked by: mallory", "pending commit timer of another"])
def test_a_lock_that_a_driver_tells_of_is_the_same_guard(text: str) -> None:
    error = change_error(RuntimeError(text), "fw1")
    assert isinstance(error, GuardRefusedError)
    assert error.guard == "foreign-candidate"


def test_a_driver_that_saw_live_move_is_the_guard_live_unchanged() -> None:
    error = change_error(RuntimeError("ruleset changed since the candidate was compared"), "fw1")
    assert isinstance(error, GuardRefusedError)
    assert error.guard == "live-unchanged"
