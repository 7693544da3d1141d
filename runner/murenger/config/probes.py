"""Probes: the key `probes` of a policy.

Input: a policy's section. Output: `Probe` values in the file's order, each complete and free of contradictions.
"""

import pathlib
import re
from collections.abc import Callable

from murenger.config.document import Section, suggestion
from murenger.errors import ConfigError
from murenger.model import check_device_name
from murenger.model.probe import GETTERS, GetterProbe, PlaybookProbe, Probe, TcpProbe

MOST_PROBES = 20
MOST_KEYS = 16
LONGEST_S = 600
_KINDS = ("tcp", "getter", "playbook")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:_-]{0,251}[A-Za-z0-9])?|::[A-Fa-f0-9:.]{0,43}")
_PLAYBOOK = re.compile(r"[a-z0-9_]+\.[a-z0-9_]+\.[a-z0-9_]+")
_KEY = re.compile(r'"([^"]+)"|([^."\s]+)')
_MOST_PORTS = 65535
_LONGEST_VALUE = 200


def read_probes(policy: Section) -> tuple[Probe, ...]:
    """Return the probes, none if the key is absent.

    Raises:
        ConfigError: a probe is wrong, there are too many, or two have one name.
    """
    sections = policy.sections("probes")
    if len(sections) > MOST_PROBES:
        raise policy.error(policy.line("probes"), f"more than {MOST_PROBES} probes", "a playbook can hold many tests")
    probes: list[Probe] = []
    for section in sections:
        probe = _probe(section)
        if any(probe.name == other.name for other in probes):
            raise section.error(section.line("name"), f"another probe is called {probe.name!r} too")
        probes.append(probe)
    return tuple(probes)


def _probe(section: Section) -> Probe:
    name = section.text("name")
    if not _NAME.fullmatch(name):
        raise section.error(section.line("name"), f"{name[:80]!r} is not a name for a probe", "letters, digits, space")
    kind = section.text("type")
    if kind not in _KINDS:
        raise section.error(
            section.line("type"), f"'type' must be one of {', '.join(_KINDS)}", suggestion(kind, _KINDS)
        )
    readers: dict[str, Callable[[Section, str], Probe]] = {"tcp": _tcp, "getter": _getter, "playbook": _playbook}
    probe = readers[kind](section, name)
    section.finish()
    return probe


def _timeout(section: Section, default: int) -> int:
    timeout_s = section.seconds("timeout", default=default, least=1)
    if timeout_s > LONGEST_S:
        raise section.error(section.line("timeout"), f"'timeout' must be at most {LONGEST_S} seconds")
    return timeout_s


def _tcp(section: Section, name: str) -> TcpProbe:
    host, port = section.text("host"), section.number("port")
    if not _HOST.fullmatch(host):
        raise section.error(section.line("host"), f"{host[:80]!r} is neither a host name nor an address")
    if not 1 <= port <= _MOST_PORTS:
        raise section.error(section.line("port"), f"'port' must be 1 to {_MOST_PORTS}")
    # Required: a reader of the file must not have to know which of the two is usual.
    section.text("expect")
    expect = section.choice("expect", ("open", "closed"), default="open")
    vantage = section.optional_text("from") or ""
    if vantage:
        _check_vantage(section, vantage)
    return TcpProbe(
        name=name, host=host, port=port, is_open=expect == "open", vantage=vantage, timeout_s=_timeout(section, 5)
    )


def _check_vantage(section: Section, vantage: str) -> None:
    try:
        check_device_name(vantage)
    except ConfigError as exc:
        raise section.error(
            section.line("from"), f"{vantage[:80]!r} is not the name of one host", "a host of the inventory, no group"
        ) from exc


def _getter(section: Section, name: str) -> GetterProbe:
    getter = section.text("getter")
    if getter not in GETTERS:
        hint = suggestion(getter, GETTERS) or "see docs/guides/probes.md for the list"
        raise section.error(section.line("getter"), f"{getter[:80]!r} is not a getter that probes may use", hint)
    given = [key for key in ("equals", "contains") if section.has(key)]
    if len(given) != 1:
        raise section.error(section.line(given[-1] if given else ""), "give exactly one of equals and contains")
    expected = section.scalar(given[0])
    if isinstance(expected, str) and not 0 < len(expected) <= _LONGEST_VALUE:
        raise section.error(section.line(given[0]), f"{given[0]!r} must have 1 to {_LONGEST_VALUE} characters")
    return GetterProbe(
        name=name,
        getter=getter,
        path=_path(section),
        expected=expected,
        is_contained=given[0] == "contains",
        timeout_s=_timeout(section, 30),
    )


def _path(section: Section) -> tuple[str, ...]:
    """Return keys and indices of a text such as `global.peers."192.0.2.1".is_up`."""
    text = section.optional_text("path")
    if text is None:
        return ()
    keys: list[str] = []
    at = 0
    while found := _KEY.match(text, at):
        keys.append(found[1] or found[2])
        at = found.end()
        if at == len(text) or text[at] != ".":
            break
        at += 1
    if at != len(text) or text.endswith(".") or len(keys) > MOST_KEYS:
        raise section.error(
            section.line("path"),
            f"{text[:80]!r} is not a path",
            'keys and numbers joined by dots; quote a key that holds a dot: peers."192.0.2.1".is_up',
        )
    return tuple(keys)


def _playbook(section: Section, name: str) -> PlaybookProbe:
    text = section.text("playbook")
    timeout_s = _timeout(section, 60)
    if _PLAYBOOK.fullmatch(text):
        return PlaybookProbe(name=name, playbook=text, timeout_s=timeout_s)
    path = section.file.parent / pathlib.Path(text).expanduser()
    if not path.is_file():
        raise section.error(
            section.line("playbook"), f"there is no playbook at {path}", "a path, or namespace.collection.name"
        )
    return PlaybookProbe(name=name, playbook=str(path), timeout_s=timeout_s)
