"""Values that several sections of murenger.yml have: paths, addresses and texts of one form.

Input: a section and a key. Output: the value, or a `ConfigError` that names the line.
"""

import ipaddress
import pathlib
import re
import urllib.parse

from murenger.config.document import Section

SYSLOG_TLS_PORT = 6514
WHOLE = 100

_PERCENT = re.compile(r"[0-9]{1,3}%")

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:]{2,39}")


def path_of(section: Section, name: str) -> pathlib.Path:
    """Return a path relative to the configuration file as an absolute one; the file system is not asked.

    Raises:
        ConfigError: the key is missing, or its value is no path.
    """
    text = section.text(name)
    if "\0" in text:
        raise section.error(section.line(name), f"{name!r} holds a NUL character")
    try:
        path = pathlib.Path(text).expanduser()
    except RuntimeError as exc:
        raise section.error(section.line(name), f"{name!r} names a home that is not known") from exc
    return section.file.parent / path


def optional_path(section: Section, name: str) -> pathlib.Path | None:
    """Return a path, or None where the key is absent."""
    return path_of(section, name) if section.has(name) else None


def matching(section: Section, name: str, pattern: re.Pattern[str], expected: str) -> str:
    """Return a required text that a pattern matches whole.

    Args:
        section: where it stands.
        name: its key.
        pattern: what it must match.
        expected: what it should be, for the message.

    Raises:
        ConfigError: it is missing or something else; its value is not repeated, for it might be a secret.
    """
    value = section.text(name)
    if not pattern.fullmatch(value):
        raise section.error(section.line(name), f"{name!r} is not {expected}")
    return value


def bounded(section: Section, name: str, *, least: int, most: int, default: int, why: str) -> int:
    """Return a whole number within bounds, or the default where the key is absent.

    Args:
        section: where it stands.
        name: its key.
        least: smallest value allowed.
        most: largest value allowed.
        default: value where the key is absent.
        why: the hint where it is out of bounds.

    Raises:
        ConfigError: it is not a plain decimal number, or out of bounds.
    """
    if not section.has(name):
        return default
    value = section.number(name)
    if not least <= value <= most:
        raise section.error(section.line(name), f"{name!r} must be {least} to {most}", why)
    return value


def percent(section: Section, name: str, *, least: int, default: int) -> int:
    """Return a share such as `50%` as a whole number of percent, or the default where the key is absent.

    Args:
        section: where it stands.
        name: its key.
        least: smallest value allowed; the largest is 100.
        default: value where the key is absent.

    Raises:
        ConfigError: it is not of that form, or out of bounds.
    """
    if not section.has(name):
        return default
    value = int(matching(section, name, _PERCENT, "a share such as 50%").removesuffix("%"))
    if not least <= value <= WHOLE:
        raise section.error(section.line(name), f"{name!r} must be {least}% to {WHOLE}%")
    return value


def seconds_between(section: Section, name: str, *, least: int, most: int, default: int) -> int:
    """Return a duration in seconds within bounds, or the default where the key is absent.

    Args:
        section: where it stands.
        name: its key.
        least: shortest allowed, in seconds.
        most: longest allowed, in seconds.
        default: value where the key is absent.

    Raises:
        ConfigError: it is not a duration, or out of bounds.
    """
    value = section.seconds(name, default=default, least=least)
    if value > most:
        raise section.error(section.line(name), f"{name!r} must be at most {most} seconds")
    return value


def syslog_of(section: Section) -> tuple[str, int, pathlib.Path | None]:
    """Return host, port and CA of a syslog receiver; without a CA only on this host, for that is plain TCP.

    Raises:
        ConfigError: one of them is missing or wrong.
    """
    host = matching(section, "host", _HOST, "a host name or address")
    port = bounded(section, "port", least=1, most=65535, default=SYSLOG_TLS_PORT, why="RFC 5425 names 6514")
    authority = optional_path(section, "ca")
    if authority is None and not is_loopback(host):
        raise section.error(
            section.line(),
            "required key 'ca' is missing",
            "the CA that signs the server's certificate: syslog over TLS",
        )
    return host, port, authority


def url_of(section: Section, *, example: str) -> str:
    """Return an address that may be posted to: over TLS, or on this host.

    Args:
        section: where its key `url` stands.
        example: what one looks like, for the hint.

    Raises:
        ConfigError: it is missing or something else, or holds a login; it is not repeated.
    """
    url = section.text("url")
    line = section.line("url")
    try:
        parts = urllib.parse.urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as exc:
        raise section.error(line, "'url' is not an address") from exc
    if any(character.isspace() or not character.isprintable() for character in url):
        raise section.error(line, "'url' holds a space or control character")
    if parts.username is not None or parts.password is not None:
        raise section.error(line, "'url' holds a login", "murenger.yml holds no secrets; change the password")
    if parts.fragment or not host:
        raise section.error(line, "'url' is not an address", f"such as {example}")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise section.error(line, "'url' must be https, or http to this host only")
    return url


def is_loopback(host: str) -> bool:
    """Tell whether a name or address is this host's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
