"""Parsers: adapters of the port `RuleParser`, one module or package a family of platforms.

Input: a platform's name. Output: its parser. A parser is imported when it is first asked for.
"""

import gc
import importlib
from types import MappingProxyType

from murenger.errors import UnsupportedPlatformError
from murenger.semantics.ir import Ruleset
from murenger.semantics.parser import RuleParser

_PARSERS = MappingProxyType(
    {
        "asa": "fwshift.platforms",
        "eos": "acl.eos",
        "fortios": "fwshift.platforms",
        "ios": "fwshift.platforms",
        "iptables": "fwshift.platforms",
        "junos": "junos.parser",
        "nftables": "nftables.parser",
        "nxos": "acl.nxos",
        "opnsense": "fwshift.platforms",
        "panos": "fwshift.platforms",
        "pfsense": "fwshift.platforms",
    }
)

PLATFORMS = tuple(_PARSERS)
"""Platforms whose rules can be judged."""


def parser_for(platform: str) -> RuleParser:
    """Return the parser of a platform.

    Raises:
        UnsupportedPlatformError: there is none; the message names those there are.
    """
    try:
        module = _PARSERS[platform]
    except KeyError:
        raise UnsupportedPlatformError(
            f"the rules of platform {platform!r} cannot be judged", hint=f"platforms: {', '.join(PLATFORMS)}"
        ) from None
    found: RuleParser = importlib.import_module(f"murenger.adapters.parsers.{module}").parser(platform)
    return _Uncollected(found)


class _Uncollected:
    """A parser that runs without the garbage collector.

    Rules are many small values without cycles: collecting while they are made takes as long as making them.
    """

    def __init__(self, parser: RuleParser) -> None:
        self._parser = parser

    def parse(self, text: str) -> Ruleset:
        """Return what a configuration means; see the port."""
        was_on = gc.isenabled()
        gc.disable()
        try:
            return self._parser.parse(text)
        finally:
            if was_on:
                gc.enable()
