"""Mutants of FortiOS.

Input: the fixture `perimeter`. Output: its subject.
"""

from .catalogue import FIXTURES, Mutant, Subject, Twin, drop, handling, put, swap, undecided

_TEXT = (FIXTURES / "fortios" / "rules" / "perimeter.conf").read_text(encoding="utf-8")


def _policy(number: int) -> str:
    begin = _TEXT.index(f"    edit {number}\n        set name ")
    return _TEXT[begin : _TEXT.index("    next\n", begin) + len("    next\n")]


def _with(number: int, old: str, new: str) -> tuple[tuple[str, str], ...]:
    assert _policy(number).count(old) == 1
    return ((_policy(number), _policy(number).replace(old, new)),)


_SPLIT = _policy(8).replace("edit 8", "edit 80").replace('"office-net"', '"office-low"') + _policy(8).replace(
    '"office-net"', '"office-high"'
)
_HALVES = (
    '    edit "office-low"\n        set subnet 192.0.2.0 255.255.255.128\n    next\n'
    '    edit "office-high"\n        set subnet 192.0.2.128 255.255.255.128\n    next\n'
)

FORTIOS = Subject(
    name="fortios",
    platform="fortios",
    file="perimeter.conf",
    mutants=(
        Mutant(1, "swap", swap(_policy(2), _policy(3))),
        Mutant(2, "delete", drop(_policy(2))),
        Mutant(2, "delete a permit", drop(_policy(3))),
        Mutant(3, "widen an object", put("set subnet 192.0.2.0 255.255.255.0", "set subnet 192.0.2.0 255.255.254.0")),
        Mutant(3, "widen a range", put("set end-ip 203.0.113.127", "set end-ip 203.0.113.128")),
        Mutant(3, "widen an IPv6 prefix", put("2001:db8:110::/64", "2001:db8:110::/63")),
        Mutant(4, "range end plus one", put("3300-3400", "3300-3401")),
        Mutant(4, "range start minus one", put("5432-5435", "5431-5435")),
        Mutant(
            5, "flip", _with(2, '        set srcaddr "all"\n', '        set action accept\n        set srcaddr "all"\n')
        ),
        Mutant(5, "flip a permit", _with(6, "        set action accept\n", "")),
        Mutant(
            6,
            "address added to a group",
            put('set member "card-db" "card-pool"', 'set member "card-db" "card-pool" "resolver"'),
        ),
        Mutant(6, "service added to a policy", _with(2, '"RDP"', '"RDP" "TERMINALS"')),
        Mutant(8, "disabled policy enabled", _with(5, "        set status disable\n", "")),
        Mutant(
            8, "policy disabled", _with(2, "        set srcintf", "        set status disable\n        set srcintf")
        ),
        handling(8, "disabled policy changed", _with(5, "HTTPS", "ALL")),
        Mutant(9, "negation lost", _with(8, "        set dstaddr-negate enable\n", "")),
        Mutant(
            9,
            "negation added",
            _with(3, "        set schedule", "        set srcaddr-negate enable\n        set schedule"),
        ),
        undecided(10, "schedule added", _with(3, '"always"', '"night"')),
        undecided(10, "schedule body", put("set start 22:00", "set start 20:00")),
        undecided(10, "body of the schedule always", put("tuesday wednesday thursday friday saturday", "tuesday")),
        Mutant(
            12,
            "interface moved to another zone",
            (
                *put('        set interface "port3"\n', ""),
                *put('set interface "port2"', 'set interface "port2" "port3"'),
            ),
        ),
        Mutant(12, "interface added to a zone", put('set interface "port3"', 'set interface "port3" "port4"')),
        Mutant(
            12,
            "traffic inside a zone let pass",
            put('        set interface "port2"\n', '        set intrazone allow\n        set interface "port2"\n'),
        ),
        undecided(14, "management access", put("set allowaccess ping\n", "set allowaccess ping https ssh\n")),
        undecided(14, "trusted hosts", drop("        set trusthost1 198.51.100.128 255.255.255.128\n")),
        undecided(14, "NAT", _with(6, "        set nat enable\n", "")),
        undecided(
            14,
            "local-in policy",
            put(
                '        set intf "port1"\n        set srcaddr "all"',
                '        set intf "port1"\n        set srcaddr "app"',
            ),
        ),
        undecided(
            14,
            "local-in policy gone",
            put(
                (
                    'config firewall local-in-policy\n    edit 1\n        set intf "port1"\n'
                    '        set srcaddr "all"\n        set dstaddr "all"\n        set service "HTTPS"\n'
                    '        set schedule "always"\n    next\nend\n'
                ),
                "",
            ),
        ),
        undecided(
            14,
            "virtual IP added",
            put(
                "config firewall local-in-policy\n",
                (
                    'config firewall vip\n    edit "v"\n        set extip 198.51.100.3\n'
                    '        set mappedip "203.0.113.10"\n        set extintf "port1"\n    next\nend\n'
                    "config firewall local-in-policy\n"
                ),
            ),
        ),
        undecided(14, "log server", put('set server "192.0.2.200"', 'set server "192.0.2.201"')),
        handling(14, "log of a policy off", _with(1, "        set logtraffic all\n", "")),
        handling(14, "IPS profile off", _with(3, '        set ips-sensor "strict"\n', "")),
        undecided(
            14,
            "unknown setting",
            _with(1, "        set logtraffic all\n", "        set logtraffic all\n        set brand-new enable\n"),
        ),
        Mutant(
            14,
            "IPv6-only policy",
            _with(
                6,
                "        set schedule",
                '        set srcaddr6 "all"\n        set dstaddr6 "web6"\n        set schedule',
            ),
        ),
    ),
    twins=(
        Twin((1,), "reorder disjoint policies", swap(_policy(6), _policy(7))),
        Twin(
            (2, 5, 8),
            "split a policy",
            (*put(_policy(8), _SPLIT), *put('    edit "office-net"\n', _HALVES + '    edit "office-net"\n')),
        ),
        Twin(
            (3,), "spell a mask otherwise", put("set subnet 203.0.113.10 255.255.255.255", "set subnet 203.0.113.10/32")
        ),
        Twin((4,), "split a port range", put("5432-5435 1521", "5432-5433 5434-5435 1521")),
        Twin((6,), "members in another order", put('"card-db" "card-pool"', '"card-pool" "card-db"')),
        Twin(
            (6, 9),
            "rename an object",
            (*put('    edit "app"\n', '    edit "app1"\n'), *put('set srcaddr "app"\n', 'set srcaddr "app1"\n')),
        ),
        Twin((10, 14), "comment of a group", put("all that holds card data", "all that holds cards")),
        Twin(
            (10, 14),
            "comment and name of a policy",
            (*put("the application alone", "the application"), *put('"app-to-db"', '"application"')),
        ),
        Twin((12, 14), "description of an interface", drop('        set description "internet"\n')),
        Twin(
            (14,),
            "uuid of a policy",
            put("22222222-2222-51ef-2222-222222222222", "33333333-3333-51ef-3333-333333333333"),
        ),
        Twin(
            (14,),
            "uuid of an address",
            put("11111111-1111-51ef-1111-111111111111", "33333333-3333-51ef-3333-333333333333"),
        ),
        Twin((14,), "file header", put("#conf_file_ver=1234567890123", "#conf_file_ver=1234567890124")),
    ),
    absent={
        7: "the implicit deny cannot be changed",
        11: "what belongs to a session passes without a policy",
        13: "nothing switches all policies off",
    },
)
