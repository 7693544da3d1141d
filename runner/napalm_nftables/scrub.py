"""Take from an error message of nft what may be repeated.

Input: standard error of nft. Output: one line with places and reasons. nft quotes the line it stumbled over, and that
line may come from a file; so quoted lines are never passed on.
"""

import re

_PLACED = re.compile(r"^\S*?:(?P<line>\d+):\d+-\d+: (?P<reason>Error: .{1,300})$")
_BARE = re.compile(r"^(?:netlink: )?(?P<reason>Error: .{1,300})$")
_TOO_LONG = "Message too long"

TOO_LARGE = (
    "the rule set is too large for one transaction on this device (nft: 'Message too long'): without real root "
    "a transaction is limited by the socket send buffer, net.core.wmem_max, about 500 rules"
)
"""What is said when the kernel's limit for one transaction is reached."""


def scrub_error(stderr: str) -> str:
    """Reduce nft's standard error to places and reasons.

    Args:
        stderr: what nft printed.

    Returns:
        `line 3: Error: ...; line 9: Error: ...`, at most five, control characters escaped; never empty.
    """
    if _TOO_LONG in stderr:
        return TOO_LARGE
    found: list[str] = []
    for line in stderr.splitlines():
        if placed := _PLACED.match(line):
            found.append(f"line {placed['line']}: {placed['reason']}")
        elif bare := _BARE.match(line):
            found.append(bare["reason"])
    return visible("; ".join(found[:5])) or "nft refused it and gave no reason that may be repeated"


def as_utf8(text: str) -> str:
    r"""Render text of a device so that it can be encoded: bytes that are no UTF-8 become `\xNN`, all else stays.

    Args:
        text: text decoded with `surrogateescape`.
    """
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def visible(text: str) -> str:
    """Render text of a device for a message: control characters are shown escaped too.

    Args:
        text: text decoded with `surrogateescape`.
    """
    return "".join(
        character if character.isprintable() or character in "\n\t" else ascii(character)[1:-1]
        for character in as_utf8(text)
    )
