"""Junos set commands are no policy: no driver replaces a configuration by them, and who tries is told what to give."""

import pathlib
from typing import Any

DEVICES = ("srx1",)


def test_set_commands_are_no_policy_and_what_to_give_instead_is_said(
    bench: Any, place: Any, tmp_path: pathlib.Path
) -> None:
    with bench.driver() as driver:
        text = driver.get_config(retrieve="running", format="set")["running"]
    (tmp_path / "golden.set").write_text(text, encoding="utf-8")
    head = place.site().desk.store.head()
    said = place.verb("golden", "accept", bench.name, "--key", str(place.key), "--from", str(tmp_path / "golden.set"))
    assert said.code == 2
    assert "commands are not a configuration" in said.err
    assert "show configuration" in said.err
    assert place.site().desk.store.head() == head
