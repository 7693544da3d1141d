"""Rulesets from files, for the verbs that ask what rules mean.

Input: a platform and a path or text. Output: the ruleset.
"""

import argparse
import pathlib

from murenger.adapters.parsers import PLATFORMS
from murenger.semantics.ir import Ruleset
from murenger.wiring.tracing import read_configuration, ruleset_of


def add_rules(parser: "argparse.ArgumentParser | argparse._ArgumentGroup", *, needed: bool) -> None:
    """Add `--platform` and `--config`."""
    parser.add_argument("--platform", choices=sorted(PLATFORMS), required=needed, help="platform of the configuration")
    if needed:
        parser.add_argument(
            "--config", type=pathlib.Path, required=True, metavar="FILE", help="the device's configuration"
        )


def read_ruleset(platform: str, path: pathlib.Path) -> Ruleset:
    """Return the rules of one configuration.

    Args:
        platform: its platform.
        path: the file; of nftables, `nft list ruleset` as text or as JSON.

    Raises:
        ConfigError: the file cannot be read, or is no text.
        ParseError: it is no configuration of the platform.
    """
    return ruleset_of(platform, read_configuration(path))
