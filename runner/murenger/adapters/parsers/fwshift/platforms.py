"""The parsers of eight platforms behind one door, which hostile text does not pass.

Input: a platform's name. Output: its `RuleParser`.
"""

import dataclasses
import importlib
from types import MappingProxyType
from typing import Protocol

from murenger.adapters.parsers.fwshift.library import VERSION
from murenger.errors import ParseError, UnsupportedPlatformError
from murenger.semantics.ir import Ruleset
from murenger.semantics.parser import RuleParser

ADAPTER_VERSION = "1"
"""Raised with every change of what a text means here: cached rulesets of another version are void."""

MAX_TEXT = 64 * 1024 * 1024
"""Characters of a configuration."""
MAX_LINE = 1_000_000
"""Characters of a line, where the platform's configurations have lines."""

_READERS = MappingProxyType(
    {
        "asa": "asa",
        "fortios": "fortios",
        "ios": "ios",
        "iptables": "iptables",
        "junos": "srx",
        "opnsense": "pf",
        "panos": "panos",
        "pfsense": "pf",
    }
)
_IN_XML = frozenset({"opnsense", "panos", "pfsense"})


class _Reader(Protocol):
    def read(self, platform: str, text: str) -> Ruleset: ...


@dataclasses.dataclass(frozen=True, slots=True)
class FwshiftParser:
    """Reads configurations of one platform through fwshift.

    Attributes:
        platform: asa, fortios, ios, iptables, junos (security policies of an SRX), opnsense, panos or pfsense.
    """

    platform: str

    def parse(self, text: str) -> Ruleset:
        """Return what a whole configuration means.

        Raises:
            ParseError: it is no configuration of the platform, or too large or deep to read.
        """
        _check(self.platform, text)
        reader: _Reader = importlib.import_module(f"{__package__}.{_READERS[self.platform]}")
        try:
            found = reader.read(self.platform, text)
        except RecursionError as exc:
            raise ParseError("the configuration is nested too deeply to read") from exc
        return dataclasses.replace(found, parser=f"fwshift {VERSION} / {ADAPTER_VERSION}")


def parser(platform: str) -> RuleParser:
    """Return the parser of a platform.

    Raises:
        UnsupportedPlatformError: fwshift is not what reads it.
    """
    if platform not in _READERS:
        raise UnsupportedPlatformError(f"the rules of platform {platform!r} are not read through fwshift")
    return FwshiftParser(platform)


def _check(platform: str, text: str) -> None:
    if len(text) > MAX_TEXT:
        raise ParseError(f"the configuration is longer than {MAX_TEXT} characters")
    if "\0" in text:
        raise ParseError("the configuration holds a NUL character: it is not text")
    try:
        text.encode()
    except UnicodeEncodeError as exc:
        raise ParseError("the configuration is not text in UTF-8") from exc
    if platform in _IN_XML:
        return
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > MAX_LINE:
            raise ParseError(f"line {number} is longer than {MAX_LINE} characters")
