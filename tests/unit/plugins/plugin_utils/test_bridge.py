# Copyright: the murenger authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bridge: plain values in, redacted values out, and one error without a cause."""

from __future__ import annotations

import datetime
import traceback
from collections.abc import Iterator

import pytest
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible_collections.murenger.drift.plugins.plugin_utils import _bridge

from murenger.errors import PolicyError
from murenger.model import JsonValue, canonical_bytes

DOCUMENT = """
text: a
number: 3
real: 2.5
flag: true
nothing: null
list: [b, 4, [c]]
inner: {x: {y: z}}
"""


def leaves(value: JsonValue) -> Iterator[JsonValue]:
    """Yield every value in a tree, keys included."""
    yield value
    if isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)


def test_tagged_values_become_exact_built_in_types() -> None:
    tagged = DataLoader().load(DOCUMENT)
    assert tagged["text"].__class__ is not str
    plain = _bridge.to_plain(tagged)
    assert plain == tagged
    assert {leaf.__class__ for leaf in leaves(plain)} == {dict, list, str, int, float, bool, None.__class__}


def test_plain_values_serialise_as_if_they_had_never_been_tagged() -> None:
    untagged = {"text": "a", "list": ["b", 4, ["c"]], "inner": {"x": {"y": "z"}}}
    tagged = DataLoader().load("text: a\nlist: [b, 4, [c]]\ninner: {x: {y: z}}\n")
    assert canonical_bytes(_bridge.to_plain(tagged)) == canonical_bytes(untagged)


def test_text_that_lies_about_itself_is_still_rebuilt_from_its_characters() -> None:
    class Liar(str):
        __slots__ = ()

        def __str__(self) -> str:
            return "lie"

    plain = _bridge.to_plain(Liar("truth"))
    assert plain == "truth"
    assert plain.__class__ is str


@pytest.mark.parametrize("yaml", ["a: {when: 2026-01-01}", "a: [2026-01-01]", "a: 2026-01-01T00:00:00Z"])
def test_unquoted_date_is_refused_by_its_name(yaml: str) -> None:
    with pytest.raises(AnsibleActionFail, match=r"options\.a.*quote it in YAML"):
        _bridge.to_plain(DataLoader().load(yaml))


def test_result_is_redacted_at_every_depth_keys_included() -> None:
    result = {"a": ["CANARY", {"CANARY": "x CANARY y"}], "b": 1, "c": None, "d": True}
    assert "CANARY" not in str(_bridge.redacted(result, ["CANARY"]))


def test_what_looks_like_a_secret_is_redacted_without_being_known() -> None:
    assert _bridge.redacted(["<murenger-secret:abc>"]) == ["<redacted>"]


def test_value_of_another_kind_is_no_result() -> None:
    with pytest.raises(TypeError):
        _bridge.redacted({"at": datetime.datetime.fromtimestamp(0, datetime.UTC)})


def test_library_error_keeps_its_class_and_hint() -> None:
    def call() -> _bridge.Answer:
        raise PolicyError("mode is observe", device="fw1", hint="set mode")

    with pytest.raises(AnsibleActionFail) as caught:
        _bridge.run_library(call)
    assert caught.value.message == "fw1: mode is observe (set mode)"
    assert (caught.value.result["error"], caught.value.result["hint"]) == ("PolicyError", "set mode")


@pytest.mark.parametrize("error", [ValueError("CANARYERR"), PolicyError("m"), KeyError("CANARYERR")])
def test_no_cause_travels_with_an_error(error: Exception) -> None:
    def call() -> _bridge.Answer:
        raise error from OSError("CANARYERR of a driver")

    with pytest.raises(AnsibleActionFail) as caught:
        _bridge.run_library(call)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert "CANARYERR" not in "".join(traceback.format_exception(caught.value))


def test_result_that_cannot_be_redacted_is_an_error_without_text() -> None:
    with pytest.raises(AnsibleActionFail) as caught:
        _bridge.run_library(lambda: ({"a": object(), "b": "CANARY"}, ()))
    assert "CANARY" not in str(caught.value) + str(caught.value.result)
    assert caught.value.result["error"] == "InternalError"


def test_absent_library_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_bridge, "IMPORT_ERROR", ImportError("no module"))
    with pytest.raises(AnsibleActionFail, match=f"pip install murenger=={_bridge.LIBRARY_VERSION}$"):
        _bridge.run_library(lambda: ({}, ()))


def test_another_version_of_the_library_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_bridge.murenger, "__version__", "9.9.9")
    with pytest.raises(AnsibleActionFail, match=f"version 9.9.9, .*pip install murenger=={_bridge.LIBRARY_VERSION}$"):
        _bridge.run_library(lambda: ({}, ()))


def test_library_of_this_environment_is_the_one_we_need() -> None:
    assert _bridge.run_library(lambda: ({"changed": False}, ())) == {"changed": False}
