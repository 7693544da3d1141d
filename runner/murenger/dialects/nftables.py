"""What murenger knows about nftables.

Input: facts seen with nft 1.0.6 and Linux 6.18. Output: `NFTABLES`.
"""

import re

from murenger.dialects.definition import (
    DESCRIBED,
    URL_PASSWORD,
    Dialect,
    Ephemeral,
    OrderedSection,
    SecretPlace,
    Syntax,
    compiled,
)

NFTABLES = Dialect(
    name="nftables",
    syntax=Syntax.BRACES_NFT,
    indent="\t",
    network_os=("murenger.drift.nftables", "nftables"),
    napalm_driver="nftables",
    block_headers=compiled(
        r"table (?:ip|ip6|inet|arp|bridge|netdev) \S+",
        r"(?:chain|set|map|flowtable|counter|quota|limit|secmark|synproxy|ct helper|ct timeout|ct expectation) \S+",
    ),
    # nft drops `#` comments on loading; the reader leaves them out wherever they stand outside quotes.
    comments=re.compile(r"#"),
    garbage=re.compile(r"Error:|internal:0:0|netlink:|sudo:|-?bash:|sh:"),
    # What `-s` hides, for listings made without it; quoted text comes first in the pattern and is kept.
    volatile=re.compile(
        r'"[^"]*"|(?P<volatile>(?<=\n)[\t ]*packets \d+ bytes \d+[\t ]*(?=\n)'
        r"|(?<=counter) packets \d+ bytes \d+|(?<=bytes) used \d+ \w+"
        r"| expires [0-9a-z]+|[\t ]?# handle \d+(?=\n|$))"
    ),
    # Sections of a table are found by name; the rules of a chain are tried one after the other.
    ordered=(
        OrderedSection(
            path=compiled(r"table .*", r"chain .*"),
            # A quoted comment may hold a line end, and the rule is one all the same.
            items=re.compile(r"(?!(?:type|policy|comment|devices|flags) ).*", re.DOTALL),
        ),
    ),
    keyed=re.compile(r"(?P<key>[^\s=]+)"),
    commentary=re.compile(r"comment "),
    inert=(),
    value_list=re.compile(r"elements = \{(?P<values>.*)\}", re.DOTALL),
    ephemeral=(
        Ephemeral(
            section=re.compile(r"(?:set|map) .*"),
            when=re.compile(r"flags (?:.*,)?dynamic(?:,.*)?"),
            drop=re.compile(r"elements = .*", re.DOTALL),
        ),
    ),
    foreign_sections=True,
    secrets=(
        SecretPlace(name="described", line=re.compile(DESCRIBED)),
        SecretPlace(name="url password", line=re.compile(URL_PASSWORD)),
    ),
    secret_hint=re.compile(r"(?i)password|passwd|passphrase|secret|token|psk|://"),
)
