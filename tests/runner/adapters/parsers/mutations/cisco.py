"""Mutants of Cisco ASA and IOS.

Input: the fixtures `perimeter`. Output: their subjects.
"""

from .catalogue import Mutant, Subject, Twin, drop, handling, move, put, swap, undecided

_IN = "access-list INSIDE_IN extended "
_RDP = f"{_IN}deny tcp any object-group CARD-HOSTS eq 3389 log\n"
_TERMINALS = f"{_IN}permit tcp object OFFICE object-group CARD-HOSTS range 3300 3400\n"
_DNS = f"{_IN}permit udp 192.0.2.0 255.255.255.0 host 198.51.100.53 eq domain\n"
_LAST = f"{_IN}deny ip any any\n"
_WEB = "access-list OUTSIDE_IN extended permit tcp any host 203.0.113.80 eq https\n"
_WEB6 = "access-list OUTSIDE_IN extended permit tcp any6 2001:db8:110::/64 eq https\n"
_OUT = "access-list CARDS_OUT extended deny tcp any host 203.0.113.10 eq sqlnet\n"
_OUT_REST = "access-list CARDS_OUT extended permit ip any any\n"

ASA = Subject(
    name="asa",
    platform="asa",
    file="perimeter.txt",
    mutants=(
        Mutant(1, "swap", swap(_RDP, _TERMINALS)),
        Mutant(2, "delete", drop(_RDP)),
        Mutant(2, "delete from an outbound list", drop(_OUT)),
        Mutant(3, "widen a mask in an entry", put("udp 192.0.2.0 255.255.255.0", "udp 192.0.2.0 255.255.254.0")),
        Mutant(3, "widen an object", put(" subnet 192.0.2.0 255.255.255.0", " subnet 192.0.2.0 255.255.254.0")),
        Mutant(3, "widen an IPv6 prefix", put("2001:db8:110::/64", "2001:db8:110::/63")),
        Mutant(4, "range end plus one", put("range 3300 3400", "range 3300 3401")),
        Mutant(4, "range start minus one in a group", put("range 5432 5435", "range 5431 5435")),
        Mutant(5, "flip", put(_RDP, _RDP.replace("deny", "permit"))),
        Mutant(5, "flip in an outbound list", put(_OUT, _OUT.replace("deny", "permit"))),
        Mutant(
            6,
            "host added to a group",
            put(
                " network-object object CARD-DB\n",
                " network-object object CARD-DB\n network-object host 203.0.113.12\n",
            ),
        ),
        Mutant(
            6, "port added to a group", put(" port-object eq 1521\n", " port-object eq 1521\n port-object eq 1433\n")
        ),
        Mutant(7, "last line", put(_LAST, _LAST.replace("deny", "permit"))),
        Mutant(8, "disabled entry enabled", put("eq ssh inactive", "eq ssh")),
        Mutant(8, "entry disabled", put("range 3300 3400", "range 3300 3400 inactive")),
        handling(8, "disabled entry changed", put("eq ssh inactive", "eq telnet inactive")),
        undecided(10, "schedule added", put("range 3300 3400", "range 3300 3400 time-range NIGHT")),
        undecided(10, "schedule body", put("daily 22:00", "daily 20:00")),
        Mutant(12, "unbound", drop("access-group INSIDE_IN in interface inside\n")),
        Mutant(12, "outbound list unbound", drop("access-group CARDS_OUT out interface cards\n")),
        Mutant(12, "other list bound", put("access-group INSIDE_IN in", "access-group OUTSIDE_IN in")),
        Mutant(12, "bound list emptied", (*drop(_OUT), *put(_OUT_REST, "access-list CARDS_OUT remark nothing\n"))),
        undecided(12, "bound list undefined", (*drop(_OUT), *drop(_OUT_REST))),
        Mutant(12, "interface named otherwise", put(" nameif cards\n", " nameif spare\n")),
        Mutant(12, "security level", put(" security-level 80\n", " security-level 0\n")),
        undecided(14, "NAT", put("source dynamic OFFICE interface", "source static OFFICE OFFICE")),
        undecided(14, "management source", put("ssh 198.51.100.128 255.255.255.128", "ssh 0.0.0.0 0.0.0.0")),
        undecided(14, "telnet let in", put("telnet timeout 5\n", "telnet 0.0.0.0 0.0.0.0 outside\ntelnet timeout 5\n")),
        undecided(14, "web management source", put("http 198.51.100.128 255", "http 198.51.100.0 255")),
        undecided(14, "control-plane list unbound", drop("access-group BOX in interface outside control-plane\n")),
        Mutant(
            14,
            "control-plane list widened",
            put(
                "BOX extended permit tcp 198.51.100.128 255.255.255.128",
                "BOX extended permit tcp 198.51.100.0 255.255.255.0",
            ),
        ),
        undecided(14, "log server", drop("logging host inside 192.0.2.200\n")),
        undecided(14, "inspection", drop("  inspect ftp\n")),
        handling(14, "log of an entry off", put("eq 3389 log", "eq 3389")),
        Mutant(14, "IPv6-only entry added", put(_WEB6, _WEB6 + _WEB6.replace("https", "ssh"))),
    ),
    twins=(
        Twin((1,), "reorder disjoint entries", swap(_WEB, _WEB6)),
        Twin((1, 2), "move an entry between disjoint ones", move(_DNS, before=_RDP)),
        Twin(
            (2, 5),
            "split an entry",
            put(
                _DNS,
                _DNS.replace("255.0", "255.128")
                + _DNS.replace("192.0.2.0 255.255.255.0", "192.0.2.128 255.255.255.128"),
            ),
        ),
        Twin((3,), "spell a mask otherwise", put(" host 192.0.2.66\n", " subnet 192.0.2.66 255.255.255.255\n")),
        Twin(
            (4,),
            "split a port range",
            put(" port-object range 5432 5435\n", " port-object range 5432 5433\n port-object range 5434 5435\n"),
        ),
        Twin(
            (6,),
            "members in another order",
            swap(" network-object object CARD-DB\n", " network-object 203.0.113.64 255.255.255.192\n"),
        ),
        Twin(
            (6, 8),
            "rename an object",
            (
                *put("object network CARD-DB", "object network DB"),
                *put("network-object object CARD-DB", "network-object object DB"),
            ),
        ),
        Twin((7,), "leave the default unsaid", drop(_LAST)),
        Twin((10, 14), "description of a group", put("all that holds card data", "all that holds cards")),
        Twin(
            (12,),
            "rename a list",
            tuple(
                (one, one.replace("OUTSIDE_IN", "FROM_OUTSIDE"))
                for one in (_WEB, _WEB6, "OUTSIDE_IN extended deny ip any any log", "access-group OUTSIDE_IN")
            ),
        ),
        Twin((12, 14), "description of an interface", put("card-data environment", "cards")),
        Twin((14,), "remark", put("the application alone reaches the databases", "see the network plan")),
        Twin((14,), "banner", put("authorised access only", "members only")),
        Twin(
            (14,),
            "checksum and time",
            (*put("Cryptochecksum:0123", "Cryptochecksum:4567"), *put("Tue Nov 3 2026", "Wed Nov 4 2026")),
        ),
    ),
    absent={
        9: "an entry cannot negate",
        11: "what belongs to a connection passes without an entry",
        13: "nothing switches a whole list off but its binding",
    },
)

_I_RDP = " 20 deny   tcp any object-group CARD-HOSTS eq 3389 log\n"
_I_TERMINALS = " 30 permit tcp 192.0.2.0 0.0.0.255 object-group CARD-HOSTS range 3300 3400\n"
_I_DNS = " 40 permit udp 192.0.2.0 0.0.0.255 host 198.51.100.53 eq domain\n"
_I_LAST = " 80 deny   ip any any\n"
_I_STATE = " 10 permit tcp any any established\n"
_I_WEB6 = " sequence 10 permit tcp any 2001:DB8:110::/64 eq 443\n"
_I_OUT = " 10 deny   tcp any host 203.0.113.10 eq telnet\n 20 permit ip any any\n"

IOS = Subject(
    name="ios",
    platform="ios",
    file="perimeter.txt",
    mutants=(
        Mutant(
            1,
            "swap",
            (
                *put(" 20 deny   tcp any object", " 35 deny   tcp any object"),
                *swap(_I_RDP.replace("20", "35"), _I_TERMINALS),
            ),
        ),
        Mutant(2, "delete", drop(_I_RDP)),
        Mutant(2, "delete from an outbound list", put(_I_OUT, " 20 permit ip any any\n")),
        Mutant(3, "widen a wildcard", put("udp 192.0.2.0 0.0.0.255", "udp 192.0.2.0 0.0.1.255")),
        Mutant(3, "widen a group", put("203.0.113.64 255.255.255.192", "203.0.113.0 255.255.255.128")),
        Mutant(3, "widen an IPv6 prefix", put("2001:DB8:110::/64", "2001:DB8:110::/63")),
        Mutant(4, "range end plus one", put("range 3300 3400", "range 3300 3401")),
        Mutant(4, "range start minus one in a group", put("range 5432 5435", "range 5431 5435")),
        Mutant(5, "flip", put("20 deny   tcp any object", "20 permit tcp any object")),
        Mutant(6, "host added to a group", put(" host 203.0.113.10\n", " host 203.0.113.10\n host 203.0.113.12\n")),
        Mutant(6, "port added to a group", put(" tcp eq 1521\n", " tcp eq 1521\n tcp eq 1433\n")),
        Mutant(7, "last line", put(_I_LAST, _I_LAST.replace("deny  ", "permit"))),
        undecided(10, "schedule added", put("range 3300 3400", "range 3300 3400 time-range NIGHT")),
        undecided(10, "schedule body", put("daily 22:00", "daily 20:00")),
        Mutant(11, "established deleted", drop(_I_STATE)),
        Mutant(11, "established moved last", put(_I_STATE, _I_STATE.replace("10", "90"))),
        Mutant(11, "established widened to new", put("any any established", "any any")),
        Mutant(12, "unbound", drop(" ip access-group OFFICE-IN in\n")),
        Mutant(12, "outbound list unbound", drop(" ip access-group CARDS-OUT out\n")),
        Mutant(12, "other list bound", put("ip access-group OFFICE-IN in", "ip access-group OUTSIDE-IN in")),
        Mutant(12, "other way", put("ip access-group CARDS-OUT out", "ip access-group CARDS-OUT in")),
        Mutant(12, "bound list emptied", drop(_I_OUT)),
        Mutant(12, "bound list undefined", put("ip access-list extended CARDS-OUT\n" + _I_OUT, "")),
        Mutant(12, "IPv6 list unbound", drop(" ipv6 traffic-filter OUTSIDE-IN-V6 in\n")),
        undecided(14, "NAT", put("source list 10 interface", "source list 11 interface")),
        undecided(14, "vty access list", put(" access-class 11 in\n", " access-class 10 in\n")),
        undecided(14, "vty access list gone", drop(" access-class 11 in\n")),
        undecided(14, "vty protocols", put("transport input ssh", "transport input all")),
        undecided(14, "web management", drop("ip http access-class 11\n")),
        undecided(14, "control plane", drop(" service-policy input COPP\n")),
        undecided(14, "SNMP list", put("RO 11", "RO")),
        handling(14, "log of an entry off", put("eq 3389 log", "eq 3389")),
        Mutant(14, "IPv6-only entry added", put(_I_WEB6, _I_WEB6 + " sequence 15 permit tcp any any eq 22\n")),
    ),
    twins=(
        Twin(
            (1, 2),
            "reorder disjoint entries",
            (*put("10 permit object-group DB-PORTS", "45 permit object-group DB-PORTS"),),
        ),
        Twin(
            (2, 5),
            "split an entry",
            put(
                _I_DNS,
                _I_DNS.replace("0.0.0.255", "0.0.0.127")
                + " 41 permit udp 192.0.2.128 0.0.0.127 host 198.51.100.53 eq domain\n",
            ),
        ),
        Twin((3,), "spell a host otherwise", put("any host 203.0.113.80 eq", "any 203.0.113.80 0.0.0.0 eq")),
        Twin((4,), "split a port range", put(" tcp range 5432 5435\n", " tcp range 5432 5433\n tcp range 5434 5435\n")),
        Twin((6,), "members in another order", swap(" host 203.0.113.10\n", " 203.0.113.64 255.255.255.192\n")),
        Twin((6, 11), "number otherwise", put(" 20 permit tcp any host", " 25 permit tcp any host")),
        Twin((7,), "leave the default unsaid", drop(_I_LAST)),
        Twin((10, 14), "description of a group", put("all that holds card data", "all that holds cards")),
        Twin(
            (12,),
            "rename a list",
            (
                *put("ip access-list extended CARDS-OUT", "ip access-list extended TO-CARDS"),
                *put("ip access-group CARDS-OUT", "ip access-group TO-CARDS"),
            ),
        ),
        Twin((12, 14), "description of an interface", put(" description office\n", " description staff\n")),
        Twin((14,), "remark", put("the application alone reaches the databases", "see the network plan")),
        Twin((14,), "banner", put("authorised access only", "members only")),
        Twin((14,), "size and time", (*put("4242 bytes", "4243 bytes"), *put("Tue Nov 3 2026", "Wed Nov 4 2026"))),
    ),
    absent={
        8: "an entry cannot be disabled",
        9: "an entry cannot negate",
        13: "nothing switches a whole list off but its binding",
    },
)
