"""Ways in which someone changes the lab firewall behind our back.

Input: a scenario's name and the rules as they are. Output: an nft script that the device's console loads.
"""

import importlib.resources
import re
from collections.abc import Callable
from types import MappingProxyType

from murenger.lab.failure import LabError

_FORWARD = "rule inet murenger forward"
_CARD_DB_DENIAL = 'ip daddr 203.0.113.140 counter drop comment "card database: nobody else"'
_HANDLE = re.compile(r'comment "card database: nobody else" # handle (\d+)$', re.MULTILINE)

_HOSTILE_COMMENTS = (
    "{{ lookup('pipe', 'id') }} {% for x in range(9) %}${HOME} $(reboot) `reboot`",
    "\x1b[2J\x1b[31m\x1b]0;owned\x07 red and gone\r overwritten",
    "<script>alert('drift')</script> &amp; <img src=x onerror=alert(1)>",
    "<redacted> {{murenger:secret:0000}} sha256:0000 hmac-sha256:0000",
)

_FOREIGN_TABLE = """
table inet f2b-table {
	set addr-set-sshd {
		type ipv4_addr
		elements = { 192.0.2.66, 198.51.100.66 }
	}
	chain f2b-chain {
		type filter hook input priority filter - 1; policy accept;
		tcp dport 22 ip saddr @addr-set-sshd reject
	}
}
"""


def initial_rules() -> str:
    """Return the rule set that the firewall boots with."""
    return importlib.resources.files(__package__).joinpath("initial.nft").read_text(encoding="utf-8")


def _open_card_db(_listing: str) -> str:
    return (
        f"insert {_FORWARD} ip saddr 198.51.100.0/24 ip daddr 203.0.113.140 tcp dport 5432 "
        'counter accept comment "temporary, ticket to follow"\n'
    )


def _reorder(listing: str) -> str:
    found = _HANDLE.search(listing)
    if found is None:
        raise LabError("the rule that this scenario moves is not there", hint="load the scenario `revert` first")
    return f"delete {_FORWARD} handle {found[1]}\nadd {_FORWARD} {_CARD_DB_DENIAL}\n"


def _hostile_comment(_listing: str) -> str:
    return "".join(
        f'add {_FORWARD} ip saddr 198.51.100.{number} tcp dport 9 counter drop comment "{comment}"\n'
        for number, comment in enumerate(_HOSTILE_COMMENTS, start=1)
    )


def _lockout(_listing: str) -> str:
    return 'insert rule inet murenger input tcp dport 22 ct state new counter drop comment "nobody logs in"\n'


def _guest(_listing: str) -> str:
    return "add element inet murenger guests { 198.51.100.10 timeout 30m }\n"


_SCENARIOS: MappingProxyType[str, tuple[str, Callable[[str], str]]] = MappingProxyType(
    {
        "open-card-db": ("a rule at the top lets clients into the card database", _open_card_db),
        "flush": ("every rule of every table is gone", lambda _listing: "flush ruleset\n"),
        "foreign-table": ("another program adds a table of its own", lambda _listing: _FOREIGN_TABLE),
        "lockout": ("new SSH connections are dropped, established ones live on", _lockout),
        "reorder": ("the denial of the card database moves below a permit", _reorder),
        "hostile-comment": ("rule comments hold Jinja, terminal escapes, HTML and placeholders", _hostile_comment),
        "guest": ("a timed element joins a dynamic set: data, not drift", _guest),
        "revert": ("the rules that the firewall booted with, and nothing else", lambda _listing: _initial()),
    }
)

SCENARIOS = tuple((name, summary) for name, (summary, _) in _SCENARIOS.items())


def _initial() -> str:
    return f"flush ruleset\n{initial_rules()}"


def script(name: str, listing: str) -> str:
    """Return what a scenario loads.

    Args:
        name: one of `SCENARIOS`.
        listing: `nft -a list ruleset` as it is now.

    Returns:
        A script for `nft -f`.

    Raises:
        LabError: there is no such scenario, or what it changes is not there.
    """
    try:
        _, build = _SCENARIOS[name]
    except KeyError:
        raise LabError(f"no scenario called {name!r}", hint=f"one of {', '.join(_SCENARIOS)}") from None
    return build(listing)
