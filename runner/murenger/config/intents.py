"""Intents: from intents.yml to values in which every name is resolved.

Input: one strict YAML file, or its text from the golden repository. Output: `Intents`, or a `ConfigError` that names
the file, the line and the remedy.
"""

import ipaddress
import pathlib
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

from murenger.config.document import Section, read_document, suggestion
from murenger.errors import ConfigError
from murenger.model.device import DEVICE_NAME
from murenger.model.impact import Risk
from murenger.model.intent import (
    ANY,
    ANY_SERVICE,
    DEVICE,
    Expect,
    Intent,
    Intents,
    Segment,
    Service,
    ServicePart,
    Traffic,
)
from murenger.model.packet import PORT_PROTOCOLS, PROTOCOLS

FILE_NAME = "intents.yml"
VERSION = 1
EXPECTATIONS = ("permit", "deny", "only")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")
_RANGE = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")
_PLACE = re.compile(r"[!-~]{1,256}")
_RESERVED = MappingProxyType({"any": ANY, "device": DEVICE})
_EXAMPLE = "docs/guides/intents.md has an example"
_ICMP = (1, 58)
# Every intent is a question that is put to every comparison; a file with more is no statement of intent any more.
MOST = 1_000

_Value = TypeVar("_Value")


def load_intents(path: pathlib.Path) -> Intents:
    """Return what a file says.

    Raises:
        ConfigError: it cannot be read, or something in it is wrong; names file and line.
    """
    try:
        content = path.read_bytes()
    except OSError as exc:
        raise ConfigError(f"{path}: cannot be read: {exc.strerror}", hint=_EXAMPLE) from exc
    return read_intents(path, content)


def read_intents(file: pathlib.Path, content: bytes) -> Intents:
    """Return what the bytes of a file say.

    Args:
        file: the file, for messages; it is not read.
        content: its bytes.

    Raises:
        ConfigError: something in it is wrong; names file and line.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{file}: not UTF-8 text (byte {exc.start})", hint="save the file as UTF-8") from exc
    return _Reader(_document(file, text)).read()


def _document(file: pathlib.Path, text: str) -> Section:
    try:
        return read_document(file, text, {})
    except ConfigError as exc:
        # The hints of the reader speak of the other file that it reads.
        raise ConfigError(exc.message, hint=_EXAMPLE if "murenger" in exc.hint else exc.hint) from exc


class _Reader:
    """Reads one document; names are known before they are used, wherever they stand."""

    def __init__(self, top: Section) -> None:
        self._top = top
        self._segments: dict[str, tuple[Segment, ...]] = {name: (one,) for name, one in _RESERVED.items()}
        self._services: dict[str, tuple[Service, ...]] = {"any": (ANY_SERVICE,)}

    def read(self) -> Intents:
        _check_version(self._top)
        segments = self._named("segments", _segment, self._segments)
        self._groups()
        services = self._named("services", _service, self._services)
        intents = self._named("intents", self._intent, {})
        self._top.finish()
        if not intents:
            raise self._top.error(self._top.line("intents"), "no intents in it", _EXAMPLE)
        return Intents(segments=segments, services=services, intents=intents)

    def _named(
        self, key: str, read: Callable[[Section], _Value], known: dict[str, tuple[_Value, ...]]
    ) -> tuple[_Value, ...]:
        found: list[_Value] = []
        sections = self._top.sections(key)
        if len(sections) > MOST:
            raise self._top.error(self._top.line(key), f"more than {MOST} {key}")
        for section in sections:
            name = _name(section, known)
            value = read(section)
            section.finish()
            known[name] = (value,)
            found.append(value)
        return tuple(found)

    def _groups(self) -> None:
        for section in self._top.sections("groups"):
            name = _name(section, self._segments)
            members = self._resolved(section, "members", self._segments, "segment")
            if not members:
                raise section.error(section.line("members"), "a group without members", _EXAMPLE)
            section.finish()
            self._segments[name] = members

    def _intent(self, section: Section) -> Intent:
        expect = _choice(section, "expect", EXPECTATIONS)
        said = self._traffic(section)
        _refuse_misfit(section, expect, said)
        exceptions = tuple(self._exception(one, said) for one in section.sections("except"))
        if expect == "only":
            exceptions = (said, *exceptions)
            said = Traffic(destinations=said.destinations)
        return Intent(
            name=section.text("name"),
            sources=said.sources,
            destinations=said.destinations,
            services=said.services,
            expect=Expect.PERMIT if expect == "permit" else Expect.DENY,
            severity=Risk(_choice(section, "severity", [risk.value for risk in Risk])),
            owner=section.optional_text("owner") or "",
            reference=section.optional_text("reference") or "",
            exceptions=exceptions,
            devices=_devices(section),
        )

    def _exception(self, section: Section, intent: Traffic) -> Traffic:
        said = self._traffic(section, to=intent.destinations)
        _refuse_misfit(section, "", said)
        section.finish()
        return said

    def _traffic(self, section: Section, to: tuple[Segment, ...] = (ANY,)) -> Traffic:
        return Traffic(
            sources=self._resolved(section, "from", self._segments, "segment") or (ANY,),
            destinations=self._resolved(section, "to", self._segments, "segment") or to,
            services=self._resolved(section, "services", self._services, "service") or (ANY_SERVICE,),
        )

    def _resolved(
        self, section: Section, key: str, known: Mapping[str, tuple[_Value, ...]], kind: str
    ) -> tuple[_Value, ...]:
        found: list[_Value] = []
        for word, line in section.words(key):
            values = known.get(word)
            if values is None:
                hint = suggestion(word, known) or f"name it under {kind}s"
                raise section.error(line, f"unknown {kind} {word!r}", hint)
            found += [value for value in values if value not in found]
        if section.has(key) and not found:
            raise section.error(section.line(key), f"{key!r} is empty", "leave it out for any")
        return tuple(found)


def _refuse_misfit(section: Section, expect: str, said: Traffic) -> None:
    """Refuse what cannot mean anything: the firewall to itself, or "only" to everywhere."""
    if any(one.is_device for one in said.sources) and any(one.is_device for one in said.destinations):
        raise section.error(section.line("from"), "from the device to the device is no traffic that it filters")
    if expect == "only" and ANY in said.destinations:
        raise section.error(section.line("to"), "'only' needs a 'to': what is it that only these may reach?")


def _check_version(top: Section) -> None:
    if not top.has("version"):
        raise top.error(1, "required key 'version' is missing", f"version: {VERSION}")
    found = top.number("version")
    if found != VERSION:
        raise top.error(top.line("version"), f"version {found} is not known", f"this murenger reads version {VERSION}")


def _name(section: Section, known: Mapping[str, object]) -> str:
    if not section.has("name"):
        raise section.error(section.line(), "required key 'name' is missing", _EXAMPLE)
    name, line = section.text("name"), section.line("name")
    if not _NAME.fullmatch(name):
        raise section.error(line, "'name' is no name", "letters, digits, dot, underscore and hyphen, at most 64")
    if name in _RESERVED:
        raise section.error(line, f"{name!r} has a meaning of its own", "choose another name")
    if name in known:
        raise section.error(line, f"the name {name!r} is given twice", "a name means one thing")
    return name


def _choice(section: Section, key: str, choices: tuple[str, ...] | list[str]) -> str:
    if not section.has(key):
        raise section.error(section.line(), f"required key {key!r} is missing", f"one of {', '.join(choices)}")
    return section.choice(key, choices, default=choices[0])


def _devices(section: Section) -> tuple[str, ...]:
    words = section.words("devices")
    for word, line in words:
        if not DEVICE_NAME.fullmatch(word):
            raise section.error(line, f"{word!r} is not a device name")
    if section.has("devices") and not words:
        raise section.error(section.line("devices"), "'devices' is empty", "leave it out for every device")
    return tuple(word for word, _ in words)


def _segment(section: Section) -> Segment:
    prefixes = tuple(_prefix(section, word, line) for word, line in section.words("prefixes"))
    places = (*section.words("zones"), *section.words("interfaces"))
    for word, line in places:
        if not _PLACE.fullmatch(word):
            raise section.error(line, "not the name of a zone or interface")
    if not prefixes and not places:
        raise section.error(
            section.line(), "a segment without prefixes, zones or interfaces", "'any' stands for everything"
        )
    return Segment(
        name=section.text("name"),
        prefixes=prefixes,
        places=tuple(word for word, _ in places),
        crown_jewel=section.boolean("crown_jewel", default=False),
        scope=section.optional_text("scope") or "",
    )


def _prefix(section: Section, word: str, line: int) -> str:
    try:
        return str(ipaddress.ip_network(word))
    except ValueError:
        pass
    try:
        meant = ipaddress.ip_network(word, strict=False)
    except ValueError:
        raise section.error(
            line, f"{word!r} is no IPv4 or IPv6 prefix", "such as 10.1.2.0/24 or 2001:db8::/32"
        ) from None
    raise section.error(line, f"{word!r} has bits set beyond its length", f"is {meant} meant?")


def _service(section: Section) -> Service:
    words = section.words("protocol")
    if not words:
        raise section.error(section.line(), "required key 'protocol' is missing", "such as tcp, udp, icmp or 47")
    numbers = [_protocol(section, word, line) for word, line in words]
    has_ports = section.has("ports") or section.has("source_ports")
    has_types = section.has("types") or section.has("codes")
    line = section.line("protocol")
    if has_ports and not set(numbers) <= PORT_PROTOCOLS:
        raise section.error(line, "ports belong to tcp, udp, sctp, dccp and udplite alone")
    if has_types and not set(numbers) <= set(_ICMP):
        raise section.error(line, "types and codes belong to icmp and icmpv6 alone")
    first, second, top = ("types", "codes", 255) if has_types else ("source_ports", "ports", 65_535)
    source, destination = _ranges(section, first, top), _ranges(section, second, top)
    parts = tuple(
        ServicePart(protocols=(number, number), source=source, destination=destination)
        for number in dict.fromkeys(numbers)
    )
    return Service(name=section.text("name"), parts=parts)


def _protocol(section: Section, word: str, line: int) -> int:
    if word in PROTOCOLS:
        return PROTOCOLS[word]
    if word.isascii() and word.isdigit() and len(word) <= 3 and int(word) <= 255:  # noqa: PLR2004 - one byte
        return int(word)
    raise section.error(line, f"unknown protocol {word!r}", suggestion(word, PROTOCOLS) or "a name, or a number to 255")


def _ranges(section: Section, key: str, top: int) -> tuple[tuple[int, int], ...]:
    found = [_range(section, key, word, line, top) for word, line in section.words(key)]
    if section.has(key) and not found:
        raise section.error(section.line(key), f"{key!r} is empty", "leave it out for any")
    return tuple(found) or ((0, 65_535),)


def _range(section: Section, key: str, word: str, line: int, top: int) -> tuple[int, int]:
    match = _RANGE.fullmatch(word)
    low, high = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    if not low <= high <= top:
        raise section.error(line, f"{word!r} in {key!r} is not a number or range", f"such as 8 or 8-15, to {top}")
    return low, high
