"""Mutants of nftables and iptables.

Input: the fixtures `perimeter`. Output: their subjects.
"""

from .catalogue import Mutant, Subject, Twin, drop, handling, move, put, swap, undecided

_NFT_RDP = "\t\tip daddr @card_hosts tcp dport 3389 drop\n"
_NFT_TERMINALS = "\t\tip saddr 192.0.2.0/24 ip daddr @card_hosts tcp dport 3300-3400 accept\n"
_NFT_DNS = "\t\tip saddr 192.0.2.0/24 ip daddr 198.51.100.53 udp dport 53 accept\n"
_NFT_WEB = '\t\tiifname "eth0" ip daddr 203.0.113.80 tcp dport @web_ports accept\n'
_NFT_WEB6 = "\t\tip6 daddr 2001:db8:110::/64 tcp dport 443 accept\n"
_NFT_LOG = '\t\tlog prefix "refused "\n'
_NFT_JUMP = '\t\tiifname "eth1" ip daddr 203.0.113.0/25 jump cards\n'
_NFT_STATE = "\t\tct state established,related accept\n" + _NFT_JUMP
_NFT_SECOND = (
    "\tchain second {\n\t\ttype filter hook forward priority filter + 5; policy accept;\n"
    "\t\ttcp dport 25 drop\n\t}\n\n\tchain cards {\n"
)

NFTABLES = Subject(
    name="nftables",
    platform="nftables",
    file="perimeter.conf",
    mutants=(
        Mutant(1, "swap", swap(_NFT_RDP, _NFT_TERMINALS)),
        Mutant(2, "delete", drop(_NFT_RDP)),
        Mutant(2, "delete a permit", drop(_NFT_DNS)),
        Mutant(3, "widen a prefix in a rule", put("192.0.2.0/24 ip daddr 198", "192.0.2.0/23 ip daddr 198")),
        Mutant(3, "widen a prefix in a set", put("203.0.113.64/26 }", "203.0.113.64/25 }")),
        Mutant(3, "widen an IPv6 prefix", put("2001:db8:110::/64", "2001:db8:110::/63")),
        Mutant(4, "range end plus one", put("3300-3400", "3300-3401")),
        Mutant(4, "range start minus one", put("5432-5435", "5431-5435")),
        Mutant(5, "flip", put("dport @web_ports accept", "dport @web_ports drop")),
        Mutant(6, "address added to a set", put("203.0.113.10, 203", "203.0.113.10, 203.0.113.12, 203")),
        Mutant(6, "port added to a set", put("{ 80, 443 }", "{ 80, 443, 8080 }")),
        Mutant(
            7,
            "forward policy",
            put("hook forward priority filter; policy drop", "hook forward priority filter; policy accept"),
        ),
        Mutant(
            7,
            "input policy",
            put("hook input priority filter; policy drop", "hook input priority filter; policy accept"),
        ),
        Mutant(9, "negation lost", put("saddr != 192", "saddr 192")),
        Mutant(9, "negation added", put("ip saddr 192.0.2.66 tcp", "ip saddr != 192.0.2.66 tcp")),
        undecided(
            10, "schedule added", put("ip saddr 192.0.2.66 tcp", 'meta hour "08:00"-"18:00" ip saddr 192.0.2.66 tcp')
        ),
        undecided(10, "schedule body", put('"22:00"-"23:59"', '"20:00"-"23:59"')),
        Mutant(11, "established deleted", put(_NFT_STATE, _NFT_JUMP)),
        Mutant(
            11,
            "established moved last",
            (*put(_NFT_STATE, _NFT_JUMP), *put(_NFT_LOG, _NFT_LOG + "\t\tct state established,related accept\n")),
        ),
        Mutant(
            11,
            "established widened to new",
            put(_NFT_STATE, "\t\tct state established,related,new accept\n" + _NFT_JUMP),
        ),
        Mutant(11, "related dropped", put(_NFT_STATE, "\t\tct state established accept\n" + _NFT_JUMP)),
        Mutant(13, "table dormant", put('\tcomment "perimeter"\n', '\tflags dormant\n\tcomment "perimeter"\n')),
        Mutant(13, "hook changed", put("hook forward priority", "hook output priority")),
        undecided(13, "priority changed", put("hook forward priority filter", "hook forward priority 10")),
        Mutant(13, "second base chain added", put("\tchain cards {\n", _NFT_SECOND)),
        undecided(14, "NAT", put("ip saddr 192.0.2.0/24 masquerade", "ip saddr 192.0.2.0/25 masquerade")),
        handling(14, "log off", drop(_NFT_LOG)),
        Mutant(14, "host-bound chain", put("198.51.100.128/25 tcp dport 22", "198.51.100.0/24 tcp dport 22")),
        Mutant(14, "IPv6-only rule added", put(_NFT_WEB6, _NFT_WEB6 + "\t\tmeta nfproto ipv6 tcp dport 22 accept\n")),
    ),
    twins=(
        Twin((1,), "reorder disjoint rules", swap(_NFT_DNS, _NFT_WEB)),
        Twin((1, 11), "move a rule between disjoint ones", move(_NFT_WEB6, before=_NFT_DNS)),
        Twin(
            (2, 5),
            "split a rule by prefix",
            put(_NFT_DNS, _NFT_DNS.replace("/24", "/25") + _NFT_DNS.replace("192.0.2.0/24", "192.0.2.128/25")),
        ),
        Twin((3, 9), "spell a prefix as a range", put("saddr != 192.0.2.0/24", "saddr != 192.0.2.0-192.0.2.255")),
        Twin((4,), "split a port range", put("3300-3400", "{ 3300-3350, 3351-3400 }")),
        Twin(
            (6,),
            "members in another order",
            put("{ 203.0.113.10, 203.0.113.64/26 }", "{ 203.0.113.64/26, 203.0.113.10 }"),
        ),
        Twin((6,), "rename a set", (*put("set web_ports", "set web"), *put("@web_ports", "@web"))),
        Twin((7,), "say the default", put(_NFT_LOG, _NFT_LOG + "\t\tdrop\n")),
        Twin((10, 14), "comment", put("the application", "the application server")),
        Twin(
            (11,), "states in another order", put(_NFT_STATE, "\t\tct state related,established accept\n" + _NFT_JUMP)
        ),
        Twin((13,), "comment of a table", put('comment "perimeter"', 'comment "edge"')),
    ),
    absent={8: "a rule cannot be disabled", 12: "rules name interfaces themselves"},
)

_RDP = "-A CARDS -d 203.0.113.10/32 -p tcp -m tcp --dport 3389 -j DROP\n"
_TERMINALS = "-A CARDS -s 192.0.2.0/24 -p tcp -m tcp --dport 3300:3400 -j ACCEPT\n"
_DNS = "-A FORWARD -s 192.0.2.0/24 -d 198.51.100.53/32 -p udp -m udp --dport 53 -j ACCEPT\n"
_WEB = "-A FORWARD -d 203.0.113.80/32 -i eth0 -p tcp -m multiport --dports 80,443 -j ACCEPT\n"
_WEB6 = "-A FORWARD -d 2001:db8:110::/64 -p tcp -m tcp --dport 443 -j ACCEPT\n"
_LOG = '-A FORWARD -m limit --limit 5/min -j LOG --log-prefix "refused "\n'
_JUMP = "-A FORWARD -d 203.0.113.0/25 -i eth1 -j CARDS\n"
_STATE = "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"

IPTABLES = Subject(
    name="iptables",
    platform="iptables",
    file="perimeter.txt",
    mutants=(
        Mutant(1, "swap", swap(_RDP, _TERMINALS)),
        Mutant(2, "delete", drop(_RDP)),
        Mutant(2, "delete a permit", drop(_DNS)),
        Mutant(3, "widen a prefix", put("192.0.2.0/24 -d 198", "192.0.2.0/23 -d 198")),
        Mutant(3, "widen an IPv6 prefix", put("2001:db8:110::/64", "2001:db8:110::/63")),
        Mutant(4, "range end plus one", put("3300:3400", "3300:3401")),
        Mutant(4, "range start minus one", put("5432:5435", "5431:5435")),
        Mutant(4, "port added", put("80,443", "80,443,8080")),
        Mutant(5, "flip", put(_RDP, _RDP.replace("DROP", "ACCEPT"))),
        Mutant(7, "forward policy", put(":FORWARD DROP [3", ":FORWARD ACCEPT [3")),
        Mutant(
            7, "IPv6 input policy", put(":INPUT DROP [0:0]\n:FORWARD DROP [0", ":INPUT ACCEPT [0:0]\n:FORWARD DROP [0")
        ),
        Mutant(9, "negation lost", put("! -s 192.0.2.0/24", "-s 192.0.2.0/24")),
        Mutant(9, "negation added", put("-A CARDS -s 192.0.2.66/32", "-A CARDS ! -s 192.0.2.66/32")),
        undecided(
            10, "schedule added", put("53 -j ACCEPT", "53 -m time --timestart 08:00:00 --timestop 18:00:00 -j ACCEPT")
        ),
        undecided(10, "schedule body", put("--timestart 22:00:00", "--timestart 20:00:00")),
        Mutant(11, "established deleted", put(_STATE + _JUMP, _JUMP)),
        Mutant(11, "established moved last", (*put(_STATE + _JUMP, _JUMP), *put(_LOG, _LOG + _STATE))),
        Mutant(11, "established widened to new", put(_STATE + _JUMP, _STATE.replace("RELATED", "NEW,RELATED") + _JUMP)),
        Mutant(11, "related dropped", put(_STATE + _JUMP, _STATE.replace("RELATED,", "") + _JUMP)),
        undecided(14, "NAT", put("192.0.2.0/24 -o eth0 -j MASQ", "192.0.2.0/25 -o eth0 -j MASQ")),
        undecided(14, "table raw", drop("-A PREROUTING -s 203.0.113.200/32 -j DROP\n")),
        undecided(
            14,
            "table mangle added",
            put("*nat\n", "*mangle\n:FORWARD ACCEPT [0:0]\n-A FORWARD -p tcp -j DROP\nCOMMIT\n*nat\n"),
        ),
        handling(14, "log off", drop(_LOG)),
        Mutant(14, "host-bound chain", put("198.51.100.128/25 -p tcp", "198.51.100.0/24 -p tcp")),
        Mutant(14, "IPv6-only rule added", put(_WEB6, _WEB6 + "-A FORWARD -p tcp -m tcp --dport 22 -j ACCEPT\n")),
    ),
    twins=(
        Twin((1,), "reorder disjoint rules", swap(_DNS, _WEB)),
        Twin(
            (2, 5),
            "split a rule by prefix",
            put(_DNS, _DNS.replace("/24", "/25") + _DNS.replace("192.0.2.0/24", "192.0.2.128/25")),
        ),
        Twin((3, 9), "spell a mask otherwise", put("! -s 192.0.2.0/24", "! -s 192.0.2.0/255.255.255.0")),
        Twin(
            (4,),
            "split a port range",
            put(
                _TERMINALS, _TERMINALS.replace("3300:3400", "3300:3350") + _TERMINALS.replace("3300:3400", "3351:3400")
            ),
        ),
        Twin((7,), "say the default", put(_LOG, _LOG + "-A FORWARD -j DROP\n")),
        Twin(
            (10,),
            "rename a chain",
            (
                *put(":CARDS -", ":PCI -"),
                *(
                    (line, line.replace("CARDS", "PCI"))
                    for line in (
                        _JUMP,
                        _RDP,
                        _TERMINALS,
                        "-A CARDS -s 192.0.2.66/32",
                        "-A CARDS ! -s",
                        "-A CARDS -d 203.0.113.20/32",
                        "-A CARDS -j REJECT",
                    )
                ),
            ),
        ),
        Twin(
            (11,),
            "states in another order",
            put(_STATE + _JUMP, _STATE.replace("RELATED,ESTABLISHED", "ESTABLISHED,RELATED") + _JUMP),
        ),
        Twin((14,), "counters", put(":POSTROUTING ACCEPT [7:890]", ":POSTROUTING ACCEPT [8:990]")),
        Twin((14,), "comment of a rule", put("office to the internet", "office to anywhere")),
        Twin(
            (14,),
            "date",
            put(
                "# Generated by ip6tables-save v1.8.9 on Tue Nov  3 09:00:00 2026",
                "# Generated by ip6tables-save v1.8.9 on Wed Nov  4 09:00:00 2026",
            ),
        ),
    ),
    absent={
        6: "an ipset's members are not in the text: a rule that names one is opaque",
        8: "a rule cannot be disabled",
        12: "rules name interfaces themselves",
        13: "a saved table is in force",
    },
)
