"""Getter probes: what the device reports of itself, over a fresh connection with the read credential.

Input: a getter and a path into its answer. Output: whether the value there is what it must be.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from murenger.adapters.napalm import Login, TimeLimits
from murenger.adapters.napalm.connection import connect
from murenger.model import Device
from murenger.model.probe import GETTERS, GetterProbe, Scalar
from murenger.ports import Sighting

_MISSING = object()


def see_value(device: Device, login: Login, limits: TimeLimits, probe: GetterProbe) -> Sighting:
    """Ask the device and look where the path leads.

    Raises:
        MurengerError: the device cannot be reached, refuses the login or is another.
        Exception: whatever the driver lets through.
    """
    if probe.getter not in GETTERS:
        return Sighting(passed=False, text=f"{probe.getter} is not a getter that probes may use")
    half_s = probe.timeout_s / 2
    shorter = TimeLimits(connect_s=min(limits.connect_s, half_s), call_s=min(limits.call_s, half_s))
    with connect(device, login, shorter) as connection:
        getter = cast("Callable[[], object]", getattr(connection.driver, probe.getter))
        answer = connection.call(probe.getter, getter)
    value, missing = value_at(answer, probe.path)
    if missing:
        return Sighting(passed=False, text=f"there is no {missing!r} in the answer")
    return Sighting(passed=holds(value, probe), text=json.dumps(value, default=str, ensure_ascii=False))


def value_at(answer: object, path: Sequence[str]) -> tuple[object, str]:
    """Return the value that a path leads to, or the first key that is not there.

    Args:
        answer: what a getter returned: mappings, lists and scalars.
        path: keys; on a list, an index from 0.
    """
    value = answer
    for key in path:
        value = _step(value, key)
        if value is _MISSING:
            return None, key
    return value, ""


def _step(value: object, key: str) -> object:
    if isinstance(value, Mapping):
        if key in value:
            return value[key]
        # Some getters have numbers for keys, such as VLAN ids.
        return next((item for name, item in value.items() if str(name) == key), _MISSING)
    is_list = isinstance(value, Sequence) and not isinstance(value, str | bytes)
    if is_list and key.isascii() and key.isdigit() and int(key) < len(cast("Sequence[object]", value)):
        return cast("Sequence[object]", value)[int(key)]
    return _MISSING


def holds(value: object, probe: GetterProbe) -> bool:
    """Tell whether a value is what a probe demands; true is no number, and no number is a text."""
    if not probe.is_contained:
        return _is(value, probe.expected)
    if isinstance(value, str):
        return isinstance(probe.expected, str) and probe.expected in value
    if isinstance(value, Mapping):
        return any(_is(key, probe.expected) for key in value)
    return isinstance(value, Sequence) and any(_is(item, probe.expected) for item in value)


def _is(value: object, expected: Scalar) -> bool:
    if isinstance(value, bool) or isinstance(expected, bool):
        return value is expected
    if isinstance(value, int | float) and isinstance(expected, int | float):
        return value == expected
    return isinstance(value, str) and value == expected
