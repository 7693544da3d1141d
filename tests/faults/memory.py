"""What is worked out of a text is worked out once: most texts of a scenario were there in the one before.

Input: the product's modules, imported. Output: the same modules, whose pure functions of a text remember their answers.
Errors are not remembered: they are made anew each time.
"""

import dataclasses
import functools
import ssl
import sys
from collections.abc import Callable, Mapping
from typing import Any

import murenger.wiring  # noqa: F401 - so that every module that uses them is there
from murenger.adapters.napalm import profiles
from murenger.dialects import Dialect, Tree, parse
from murenger.model import Device, RawRead, Snapshot, SnapshotKind
from murenger.observe import canonical
from murenger.secrets import Fingerprinter

_MOST = 4000


def remember() -> None:
    """Let them remember, for the rest of this process."""
    _everywhere(parse, _parse)
    _everywhere(canonical, _canonical)
    # Reading the file of an authority anew for each connection proves nothing here.
    vars(profiles)["ssl"] = _Tls()


class _Tls:
    """Stands for the module `ssl` where contexts are made."""

    create_default_context = staticmethod(functools.lru_cache(ssl.create_default_context))


def _everywhere(function: object, replacement: object) -> None:
    for name, module in tuple(sys.modules.items()):
        if name.startswith("murenger."):
            for key in [key for key, value in vars(module).items() if value is function]:
                setattr(module, key, replacement)


_trees: dict[tuple[str, str], Tree] = {}
_snapshots: dict[tuple[object, ...], tuple[Snapshot, Mapping[str, str]]] = {}


def _once(known: dict[Any, Any], key: object, ask: Callable[[], Any]) -> Any:
    if key not in known:
        if len(known) > _MOST:
            known.clear()
        known[key] = ask()
    return known[key]


def _parse(text: str, dialect: Dialect) -> Tree:
    tree: Tree = _once(_trees, (text, dialect.name), lambda: parse(text, dialect))
    return tree


def _canonical(
    raw: RawRead, device: Device, fingerprinter: Fingerprinter, kind: SnapshotKind = SnapshotKind.RUNNING
) -> tuple[Snapshot, Mapping[str, str]]:
    # Each device has a lab and a fingerprint key of its own here.
    key = (raw.text, raw.platform, raw.hostname, raw.witness_rule_count, device, kind)
    snapshot: Snapshot
    snapshot, values = _once(_snapshots, key, lambda: canonical(raw, device, fingerprinter, kind))
    now = dataclasses.replace(
        snapshot,
        taken_at=raw.taken_at,
        identity=raw.identity,
        driver=raw.driver,
        os_version=raw.os_version,
        serial=raw.serial,
    )
    return now, values
