"""What each login on the lab firewall may do.

Input: a login's role and a command line. Output: whether the SSH server runs it.
"""

import re

from murenger.lab.description import READ_ROLE

_FOLDER = r"(?:/usr)?(?:/local)?/s?bin"
_SETTINGS = rf"(?:env(?: LC_ALL=C(?:\.UTF-8)?| LANG=C(?:\.UTF-8)?| PATH={_FOLDER}(?::{_FOLDER})*)+ )?"
_FLAGS = r"(?: -[jsatnpyS]+| --(?:json|stateless|handle|terse|numeric|numeric-priority))*"
_WHAT = r"(?:ruleset|tables|chains|sets|maps|(?:table|chain|set|map)(?: [A-Za-z0-9_./-]+){1,3})"
_NFT = rf"(?:{_FOLDER}/)?nft"

# The commands of the read account, as whole command lines. None admits a shell metacharacter, a file option of nft
# (`-f`, `-I`, `-D`) or a second command.
READ_COMMANDS = (
    rf"{_SETTINGS}{_NFT}{_FLAGS} list {_WHAT}(?: (?:ip|ip6|inet|arp|bridge|netdev))?",
    rf"{_SETTINGS}{_NFT} (?:--version|-v|-V)",
    rf"{_SETTINGS}uname(?: -[asnrvmpio]+)?",
    rf"{_SETTINGS}hostname(?: -[sfid])?",
    rf"{_SETTINGS}cat /proc/(?:sys/kernel/(?:osrelease|hostname|ostype|random/boot_id)|version|uptime|stat|net/dev)",
    rf"{_SETTINGS}cat /etc/(?:os-release|hostname)",
    rf"{_SETTINGS}(?:id(?: -[un]+)?|whoami|true|uptime(?: -s)?|pwd)",
)

_READ = tuple(re.compile(pattern, re.ASCII) for pattern in READ_COMMANDS)


def is_allowed(role: str, command: str) -> bool:
    """Tell whether a login may run a command.

    Args:
        role: the login's role; every role but `read` may run anything.
        command: the whole command line, as it would be given to `/bin/sh -c`.
    """
    return role != READ_ROLE or any(pattern.fullmatch(command) for pattern in _READ)
