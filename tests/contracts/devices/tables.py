"""What the contract suite knows beforehand: where a contract has no meaning, and how the drivers differ.

Input: none. Output: tables that tests and `docs/reference/capabilities.md` are both held against.
"""

from collections.abc import Callable

NOT_APPLICABLE: dict[tuple[str, str], str] = {
    ("fw1", "C28"): "the candidate lives in the driver; the device has no place for one",
    ("leaf1", "C31"): "no foreign parts: the whole configuration is one policy",
    ("srx1", "C31"): "no foreign parts: the whole configuration is one policy",
    ("leaf1", "C32"): "no timed elements",
    ("leaf1", "C35"): "an emulator's time says nothing about a device's",
    ("srx1", "C32"): "no timed elements",
    ("srx1", "C35"): "an emulator's time says nothing about a device's",
}

STARTUP_SAVED = {"nftables": "at confirm", "eos": "at confirm", "junos": "with the commit"}
LATE_CONFIRM = {"nftables": "raises", "eos": "raises", "junos": "silent"}
CLOSE_WHILE_PENDING = {"nftables": "the timer runs on", "eos": "reverts at once", "junos": "the timer runs on"}
MESSAGE_WITH_TIMER = {"nftables": "kept", "eos": "refused", "junos": "kept"}
ROLLBACK_GOES_TO = {"nftables": "what ran before", "eos": "a copy of startup", "junos": "what ran before"}
OLD_LINK_WHEN_LOCKED_OUT = {"nftables": "lives on", "eos": "is a new one for each call", "junos": "lives on"}
CHANGED_AFTER_STAGING = {"nftables": "refused by the device", "eos": "overwritten", "junos": "locked out meanwhile"}

# Benches whose read login may not ask the device how it would list a text; golden must then be a listing.
CANNOT_ASK = {"fw1-userns": "the read login is held to a list of read commands"}

# The same policy as a person might type it.
HAND_WRITTEN: dict[str, Callable[[str], str]] = {
    "nftables": lambda text: (
        "# written by hand\ndefine web = 203.0.113.10\n"
        + text.replace("ip daddr 203.0.113.10", "ip daddr $web").replace("dport 443", "dport https")
    ),
    "eos": lambda text: "! written by hand\n" + text.replace("\n!\n", "\n").replace("   permit", "  permit"),
    "junos": lambda text: "# written by hand\n" + text.replace("\n    ", "\n  ").replace(";\n", " ;\n"),
}

# Fixture cases that the lab's devices do not take: what they say, and why.
UNHOLDABLE: dict[tuple[str, str], tuple[str, str]] = {
    ("junos", "hostile"): ("XML compatible", "control characters: NETCONF cannot carry them, so no such device exists"),
}

# What `murenger doctor --conformance` does not prove on the lab's devices, and why that is right.
NOT_PROVED: dict[tuple[str, str], str] = {
    ("nftables", "lock"): "no lock: a candidate lives in the driver, and a commit compares what runs before it swaps",
    ("eos", "message"): "the driver refuses a message",
}

TRIED_AGAINST = {
    "nftables": "nft 1.0.6, Linux 6.18",
    "eos": "emulated vEOS-lab 4.33.1F",
    "junos": "emulated SRX300 21.4R3-S5.4",
}
