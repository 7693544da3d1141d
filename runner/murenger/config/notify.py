"""Channels to people: the `notify` list of murenger.yml.

Input: the document's top section. Output: settings of each channel, in the file's order; one that could never work is
an error.
"""

import dataclasses
import pathlib
import re
from typing import TypeAlias

from murenger.config.document import Section
from murenger.config.references import Reference, ReferenceKind, read_reference
from murenger.config.values import matching, optional_path, syslog_of, url_of
from murenger.model.impact import Risk

TYPES = ("syslog", "webhook")
MOST_CHANNELS = 16

# A channel's name is a folder's name, too.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._]{0,63}")
_EXAMPLE = "https://pager.example.net/murenger"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SyslogChannelSettings:
    """A log server that gets a CEF line for each message.

    Attributes:
        name: the channel's name.
        host: its name or address.
        port: its TCP port.
        ca: PEM file of the CA of its certificate; None only on this host: then plain TCP.
        least: the least severity that it is told of.
    """

    name: str
    host: str
    port: int
    ca: pathlib.Path | None
    least: Risk = Risk.LOW


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class WebhookChannelSettings:
    """An HTTP server that gets a signed POST for each message.

    Attributes:
        name: the channel's name.
        url: its address, https, or http on this host.
        secret: where the secret lies that signs: a file or an environment variable.
        ca: PEM file of the CA of its certificate, instead of the machine's; or None.
        least: the least severity that it is told of.
    """

    name: str
    url: str = dataclasses.field(repr=False)
    secret: Reference
    ca: pathlib.Path | None = None
    least: Risk = Risk.LOW


ChannelSettings: TypeAlias = SyslogChannelSettings | WebhookChannelSettings


def read_notify(top: Section) -> tuple[ChannelSettings, ...]:
    """Return the channels, none where the key is absent.

    Raises:
        ConfigError: a channel is wrong, or two have one name.
    """
    sections = top.sections("notify")
    if len(sections) > MOST_CHANNELS:
        raise top.error(top.line("notify"), f"'notify' must list at most {MOST_CHANNELS} channels")
    channels = tuple(_channel(section) for section in sections)
    _refuse_twins(sections, channels)
    return channels


def _channel(section: Section) -> ChannelSettings:
    name = matching(section, "name", _NAME, "a channel's name: letters, digits, dot and underscore, at most 64")
    kind = section.choice("type", TYPES, default="")
    if not kind:
        raise section.error(section.line(), "required key 'type' is missing", f"one of {', '.join(TYPES)}")
    least = Risk(section.choice("least", [risk.value for risk in Risk], default=Risk.LOW.value))
    channel = _syslog(section, name, least) if kind == "syslog" else _webhook(section, name, least)
    section.finish()
    return channel


def _syslog(section: Section, name: str, least: Risk) -> ChannelSettings:
    host, port, authority = syslog_of(section)
    return SyslogChannelSettings(name=name, host=host, port=port, ca=authority, least=least)


def _webhook(section: Section, name: str, least: Risk) -> ChannelSettings:
    url = url_of(section, example=_EXAMPLE)
    if not url.isascii() or set(url) & set('"<>\\'):
        raise section.error(section.line("url"), "'url' is not an address", "spell odd characters as %XX")
    secret = read_reference(section, "secret", (ReferenceKind.FILE, ReferenceKind.ENV))
    if secret is None:
        raise section.error(section.line(), "required key 'secret' is missing", "secret: {file: PATH} or {env: NAME}")
    return WebhookChannelSettings(name=name, url=url, secret=secret, ca=optional_path(section, "ca"), least=least)


def _refuse_twins(sections: tuple[Section, ...], channels: tuple[ChannelSettings, ...]) -> None:
    seen: dict[str, int] = {}
    for section, channel in zip(sections, channels, strict=True):
        # Folders are named after channels, and some file systems know no case.
        name = channel.name.casefold()
        if name in seen:
            line = section.line("name")
            raise section.error(line, f"two channels are named {channel.name!r}, first on line {seen[name]}")
        seen[name] = section.line("name")
