"""Mutants of Arista EOS and Cisco NX-OS.

Input: the fixtures `perimeter`. Output: their subjects.
"""

from .catalogue import Mutant, Subject, Twin, drop, handling, put, undecided

_DNS = "   50 permit udp 192.0.2.0/24 host 198.51.100.53 eq domain\n"
_STATE = "   10 permit tcp any any established\n"
_WEB6 = "   10 permit tcp any 2001:db8:110::/64 eq https\n"
_OUT = "   10 deny tcp any host 203.0.113.10 eq telnet\n   20 permit ip any any\n"

EOS = Subject(
    name="eos",
    platform="eos",
    file="perimeter.txt",
    mutants=(
        Mutant(1, "swap", put("   30 deny tcp any host", "   45 deny tcp any host")),
        Mutant(2, "delete", drop("   30 deny tcp any host 203.0.113.10 eq 3389 log\n")),
        Mutant(2, "delete a permit", drop("   20 permit tcp host 192.0.2.66 203.0.113.0/25 range 5432 5435\n")),
        Mutant(3, "widen a prefix", put("udp 192.0.2.0/24", "udp 192.0.2.0/23")),
        Mutant(3, "widen an IPv6 prefix", put("2001:db8:110::/64", "2001:db8:110::/63")),
        Mutant(4, "range end plus one", put("range 3300 3400", "range 3300 3401")),
        Mutant(4, "range start minus one", put("range 5432 5435", "range 5431 5435")),
        Mutant(5, "flip", put("30 deny tcp", "30 permit tcp")),
        undecided(6, "prefix added to a field-set", put("203.0.113.10/32 203", "203.0.113.10/32 203.0.113.12/32 203")),
        Mutant(7, "last line", put("   80 deny ip any any", "   80 permit ip any any")),
        Mutant(11, "established deleted", drop(_STATE)),
        Mutant(11, "established moved last", put(_STATE, _STATE.replace("10", "90"))),
        Mutant(11, "established widened to new", put("any any established", "any any")),
        Mutant(12, "unbound", drop("   ip access-group OFFICE-IN in\n")),
        Mutant(12, "outbound list unbound", drop("   ip access-group CARDS-OUT out\n")),
        Mutant(12, "other list bound", put("ip access-group OFFICE-IN in", "ip access-group UPLINK-IN in")),
        Mutant(12, "other way", put("ip access-group CARDS-OUT out", "ip access-group CARDS-OUT in")),
        Mutant(12, "other interface", put("interface Vlan120", "interface Vlan121")),
        undecided(12, "bound list emptied", drop(_OUT)),
        undecided(12, "bound list undefined", drop("ip access-list CARDS-OUT\n" + _OUT)),
        undecided(
            14, "management list unbound", put("management ssh\n   ip access-group MGMT in\n", "management ssh\n")
        ),
        Mutant(14, "management list widened", put("permit 198.51.100.128/25", "permit 198.51.100.0/24")),
        undecided(14, "NAT", put("198.51.100.3 198.51.100.3", "198.51.100.3 198.51.100.4")),
        undecided(14, "log server", drop("logging host 192.0.2.200\n")),
        handling(14, "log of an entry off", put("eq 3389 log", "eq 3389")),
        Mutant(14, "IPv6-only entry added", put(_WEB6, _WEB6 + "   15 permit tcp any any eq ssh\n")),
    ),
    twins=(
        Twin((1,), "reorder disjoint entries", put("   50 permit udp", "   25 permit udp")),
        Twin(
            (2, 5),
            "split an entry",
            put(
                _DNS, _DNS.replace("/24", "/25") + _DNS.replace("192.0.2.0/24", "192.0.2.128/25").replace("50", "51", 1)
            ),
        ),
        Twin((3,), "spell a mask otherwise", put("udp 192.0.2.0/24", "udp 192.0.2.0 0.0.0.255")),
        Twin(
            (4,),
            "split a port range",
            put(
                "   40 permit tcp 192.0.2.0/24 203.0.113.0/25 range 3300 3400\n",
                (
                    "   40 permit tcp 192.0.2.0/24 203.0.113.0/25 range 3300 3350\n"
                    "   41 permit tcp 192.0.2.0/24 203.0.113.0/25 range 3351 3400\n"
                ),
            ),
        ),
        Twin((6, 14), "remark", put("the application alone reaches the databases", "see the network plan")),
        Twin((7,), "leave the default unsaid", drop("   80 deny ip any any\n")),
        Twin(
            (11,),
            "number otherwise",
            put("   20 permit tcp any host 203.0.113.80", "   25 permit tcp any host 203.0.113.80"),
        ),
        Twin(
            (12,),
            "rename a list",
            (
                (
                    *put("ip access-list CARDS-OUT", "ip access-list TO-CARDS"),
                    *put("access-group CARDS-OUT", "access-group TO-CARDS"),
                )
            ),
        ),
        Twin((12, 14), "description of an interface", put("description uplink", "description to the provider")),
    ),
    absent={
        8: "an entry cannot be disabled",
        9: "an entry cannot negate",
        10: "an entry cannot have a schedule",
        13: "nothing switches a whole list off but its binding",
    },
)

_N_DNS = "  50 permit udp 192.0.2.0/24 198.51.100.53/32 eq 53\n"
_N_STATE = "  10 permit tcp any any established\n"
_N_WEB6 = "  10 permit tcp any 2001:db8:110::/64 eq 443\n"
_N_OUT = "  10 deny tcp any host 203.0.113.10 eq telnet\n  20 permit ip any any\n"

NXOS = Subject(
    name="nxos",
    platform="nxos",
    file="perimeter.txt",
    mutants=(
        Mutant(1, "swap", put("  30 deny tcp any addr", "  45 deny tcp any addr")),
        Mutant(2, "delete", drop("  30 deny tcp any addrgroup CARD-HOSTS eq 3389 log\n")),
        Mutant(2, "delete a permit", drop("  20 permit tcp host 192.0.2.66 addrgroup CARD-HOSTS portgroup DB-PORTS\n")),
        Mutant(3, "widen a prefix", put("udp 192.0.2.0/24", "udp 192.0.2.0/23")),
        Mutant(3, "widen a group", put("203.0.113.64/26", "203.0.113.64/25")),
        Mutant(3, "widen an IPv6 prefix", put("2001:db8:110::/64", "2001:db8:110::/63")),
        Mutant(4, "range end plus one", put("range 3300 3400", "range 3300 3401")),
        Mutant(4, "range start minus one in a group", put("range 5432 5435", "range 5431 5435")),
        Mutant(5, "flip", put("30 deny tcp", "30 permit tcp")),
        Mutant(
            6, "host added to a group", put("  20 203.0.113.64/26\n", "  20 203.0.113.64/26\n  30 host 203.0.113.12\n")
        ),
        Mutant(6, "port added to a group", put("  20 eq 1521\n", "  20 eq 1521\n  30 eq 1433\n")),
        Mutant(7, "last line", put("  90 deny ip any any", "  90 permit ip any any")),
        undecided(10, "schedule added", put("range 3300 3400", "range 3300 3400 time-range NIGHT")),
        undecided(10, "schedule body", put("daily 22:00:00", "daily 20:00:00")),
        Mutant(11, "established deleted", drop(_N_STATE)),
        Mutant(11, "established moved last", put(_N_STATE, _N_STATE.replace("10", "95"))),
        Mutant(11, "established widened to new", put("any any established", "any any")),
        Mutant(12, "unbound", drop("  ip access-group OFFICE-IN in\n")),
        Mutant(12, "outbound list unbound", drop("  ip access-group CARDS-OUT out\n")),
        Mutant(12, "other list bound", put("ip access-group OFFICE-IN in", "ip access-group UPLINK-IN in")),
        Mutant(12, "other interface", put("interface Vlan120", "interface Vlan121")),
        undecided(12, "bound list emptied", drop(_N_OUT)),
        undecided(12, "bound list undefined", drop("ip access-list CARDS-OUT\n" + _N_OUT)),
        undecided(14, "vty list unbound", drop("  access-class VTY-IN in\n")),
        Mutant(14, "vty list widened", put("198.51.100.128/25 any", "198.51.100.0/24 any")),
        undecided(14, "NAT", put("source list OFFICE-NAT interface", "source list OTHER-NAT interface")),
        undecided(14, "log server", drop("logging server 192.0.2.200\n")),
        handling(14, "log of an entry off", put("eq 3389 log", "eq 3389")),
        Mutant(14, "IPv6-only entry added", put(_N_WEB6, _N_WEB6 + "  15 permit tcp any any eq 22\n")),
    ),
    twins=(
        Twin((1,), "reorder disjoint entries", put("  50 permit udp", "  25 permit udp")),
        Twin(
            (2, 5),
            "split an entry",
            put(
                _N_DNS,
                _N_DNS.replace("/24", "/25") + _N_DNS.replace("192.0.2.0/24", "192.0.2.128/25").replace("50", "51", 1),
            ),
        ),
        Twin((3,), "spell a mask otherwise", put("udp 192.0.2.0/24", "udp 192.0.2.0 0.0.0.255")),
        Twin((4,), "split a port range", put("  10 range 5432 5435\n", "  10 range 5432 5433\n  15 range 5434 5435\n")),
        Twin(
            (6,),
            "members in another order",
            put("  10 host 203.0.113.10\n  20 203.0.113.64/26\n", "  10 203.0.113.64/26\n  20 host 203.0.113.10\n"),
        ),
        Twin(
            (6,),
            "rename a group",
            (
                *put("object-group ip port DB-PORTS", "object-group ip port DB"),
                *put("portgroup DB-PORTS", "portgroup DB"),
            ),
        ),
        Twin((7,), "leave the default unsaid", drop("  90 deny ip any any\n")),
        Twin((10, 14), "remark", put("the application alone reaches the databases", "see the network plan")),
        Twin(
            (11,), "number otherwise", put("  20 permit tcp any 203.0.113.80/32", "  25 permit tcp any 203.0.113.80/32")
        ),
        Twin(
            (12,),
            "rename a list",
            (
                (
                    *put("ip access-list CARDS-OUT", "ip access-list TO-CARDS"),
                    *put("access-group CARDS-OUT", "access-group TO-CARDS"),
                )
            ),
        ),
        Twin((12, 14), "description of an interface", put("description uplink", "description to the provider")),
        Twin((14,), "time", put("!Time: Tue Nov  3 09:00:05 2026", "!Time: Wed Nov  4 09:00:05 2026")),
    ),
    absent={
        8: "an entry cannot be disabled",
        9: "an entry cannot negate",
        13: "nothing switches a whole list off but its binding",
    },
)
