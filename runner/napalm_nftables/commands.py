"""The fixed list of commands that read a device, and the shell line that carries one of them.

Input: a command of the list. Output: the line sent over an exec channel. Nothing else is ever read with; an account
that may run these (the two listings through sudo) can observe a firewall and change nothing.
"""

import shlex
from collections.abc import Iterable

READ_COMMANDS = (
    "nft -s list ruleset",
    "nft -s -j list ruleset",
    "nft --version",
    "uname -n",
    "uname -r",
    "cat /proc/uptime",
    "cat /proc/net/dev",
)
"""Every command this driver reads with; the first two need the right to list the rule set."""

LIST_TEXT, LIST_JSON, NFT_VERSION, HOST_NAME, KERNEL_RELEASE, UPTIME, NETWORK_DEVICES = READ_COMMANDS

_PRIVILEGED = frozenset((LIST_TEXT, LIST_JSON))

# A login's own PATH often lacks /usr/sbin; a fixed one also keeps a planted nft out of the way.
SEARCH_PATH = "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT = ("env", "LC_ALL=C", f"PATH={SEARCH_PATH}")


def needs_privilege(command: str) -> bool:
    """Say whether a read command needs the right to list the rule set.

    Args:
        command: one of `READ_COMMANDS`.
    """
    return command in _PRIVILEGED


def unlisted(wanted: Iterable[str]) -> tuple[str, ...]:
    """Name the commands that are not read commands, quoted for a message.

    Args:
        wanted: commands.
    """
    return tuple(repr(command) for command in wanted if command not in READ_COMMANDS)


def shell_line(command: str, *, nft: str = "nft", sudo: tuple[str, ...] = ()) -> str:
    """Render a read command as the line to execute.

    Args:
        command: one of `READ_COMMANDS`.
        nft: name or path of the nft program.
        sudo: words that raise privileges (`("sudo", "-S", ...)`), or empty; used only where the command needs them.

    Returns:
        One line for the login shell; every word is quoted.

    Raises:
        ValueError: the command is not in `READ_COMMANDS`.
    """
    if command not in READ_COMMANDS:
        raise ValueError(f"not a read command of this driver: {command!r}; allowed: {', '.join(READ_COMMANDS)}")
    words = command.split()
    if words[0] == "nft":
        words[0] = nft
    prefix = sudo if needs_privilege(command) else ()
    return shlex.join((*ENVIRONMENT, *prefix, *words))
