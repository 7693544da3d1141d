"""The first configuration of an emulated SRX: three zones, ordered policies, and one secret of each kind.

Input: the device's settings. Output: curly text whose secrets are made anew for every device.
"""

import ipaddress
import secrets
import string

from murenger.lab.junos.device import VERSION, Role, Settings
from murenger.lab.junos.tokens import quote

_CRYPT = string.ascii_letters + string.digits + "./"


def first_configuration(settings: Settings) -> str:
    """Return the configuration a device boots with for the first time.

    Args:
        settings: from `device.json`.

    Returns:
        Curly text that passes the commit check.
    """
    clients = settings.management_clients or (settings.address,)
    values = {
        "VERSION": VERSION,
        "HOST": settings.host_name,
        "ROOT_HASH": password_hash(),
        "USERS": "".join(_user(name, settings.users[name].role) for name in sorted(settings.users)),
        "RADIUS": quote(settings.secrets.get("radius", reversible_secret()), always=True),
        "COMMUNITY": quote(settings.secrets.get("community", f"lab{secrets.token_hex(8)}")),
        "CLIENTS": " ".join(f"{_prefix(client)};" for client in clients),
        "UPLINK": settings.management_interface.rsplit(".", 1)[0],
        "MANAGEMENT": settings.management_interface,
    }
    text = _TEXT
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text


def password_hash() -> str:
    """Return text shaped like a SHA-512 crypt hash that no password has."""
    return f"$6${_random(8)}${_random(86)}"


def reversible_secret() -> str:
    """Return text shaped like a Junos `$9$` secret that decrypts to nothing."""
    return f"$9${_random(20)}"


def _random(length: int) -> str:
    return "".join(secrets.choice(_CRYPT) for _ in range(length))


def _prefix(client: str) -> str:
    return str(ipaddress.ip_network(client, strict=False))


def _user(name: str, role: Role) -> str:
    login_class = "auditor" if role is Role.READ else "super-user"
    password = f'authentication {{ encrypted-password "{password_hash()}"; }}'
    return f"        user {quote(name)} {{ class {login_class}; {password} }}\n"


_TEXT = """\
version @VERSION@;
system {
    host-name @HOST@;
    root-authentication { encrypted-password "@ROOT_HASH@"; }
    login {
        class auditor { permissions [ secret view view-configuration ]; }
@USERS@    }
    services {
        ssh { root-login deny; protocol-version v2; }
        netconf { ssh; }
    }
    domain-name example.net;
    time-zone UTC;
    name-server { 192.0.2.53; }
    radius-server { 192.0.2.18 { port 1812; secret @RADIUS@; timeout 3; } }
    syslog {
        user * { any emergency; }
        host 192.0.2.14 { any notice; authorization info; structured-data; }
        file messages { any notice; authorization info; }
        file interactive-commands { interactive-commands any; }
    }
    ntp { server 192.0.2.123 prefer; server 192.0.2.124; }
}
security {
    address-book global {
        address office 198.51.100.0/25;
        address quarantine 198.51.100.96/28;
        address web-server { description "published web server"; 203.0.113.80/32; }
        address card-database 203.0.113.54/32;
        address partner 192.0.2.128/26;
        address-set servers { address web-server; address card-database; }
    }
    nat {
        source {
            rule-set office-out {
                from zone trust;
                to zone untrust;
                rule hide-office {
                    match { source-address 198.51.100.0/25; destination-address 0.0.0.0/0; }
                    then { source-nat { interface; } }
                }
            }
        }
        static {
            rule-set published {
                from zone untrust;
                rule web {
                    match { destination-address 203.0.113.180/32; }
                    then { static-nat { prefix { 203.0.113.80/32; } } }
                }
            }
        }
    }
    policies {
        from-zone trust to-zone untrust {
            policy block-quarantine {
                description "quarantined hosts reach nothing; must stay first";
                match { source-address quarantine; destination-address any; application any; }
                then { deny; log { session-init; } }
            }
            policy allow-web {
                match { source-address office; destination-address any; application [ junos-http junos-https ]; }
                then { permit; log { session-close; } }
            }
            policy allow-names {
                match { source-address any; destination-address any; application [ junos-dns-udp junos-ntp ]; }
                then { permit; }
            }
            policy deny-all {
                match { source-address any; destination-address any; application any; }
                then { deny; log { session-init; } }
            }
        }
        from-zone untrust to-zone trust {
            policy allow-published-web {
                match { source-address any; destination-address web-server; application [ junos-https web-alternate ]; }
                then { permit; log { session-init; session-close; } }
            }
            policy allow-partner-feed {
                match { source-address partner; destination-address servers; application feeds; }
                then { permit; log { session-close; } }
            }
            policy deny-all {
                match { source-address any; destination-address any; application any; }
                then { deny; log { session-init; } }
            }
        }
        default-policy { deny-all; }
        policy-rematch;
    }
    zones {
        security-zone management {
            host-inbound-traffic { system-services { ssh; netconf; ping; } }
            interfaces { @MANAGEMENT@; }
        }
        security-zone trust {
            tcp-rst;
            host-inbound-traffic { system-services { ping; } }
            interfaces { ge-0/0/1.0; }
        }
        security-zone untrust {
            interfaces { ge-0/0/2.0 { host-inbound-traffic { system-services { ping; } } } }
        }
    }
}
interfaces {
    @UPLINK@ {
        description "out-of-band management";
        unit 0 { family inet { filter { input protect-management; } address 192.0.2.1/25; } }
    }
    ge-0/0/1 { description office; unit 0 { family inet { address 198.51.100.1/24; } } }
    ge-0/0/2 { description uplink; unit 0 { family inet { address 203.0.113.1/24; } } }
}
snmp {
    location "rack 4";
    contact noc@example.net;
    community @COMMUNITY@ { authorization read-only; clients { 192.0.2.14/32; } }
}
policy-options { prefix-list management-clients { @CLIENTS@ } }
firewall {
    family inet {
        filter protect-management {
            term management {
                from {
                    source-prefix-list { management-clients; }
                    protocol tcp;
                    destination-port [ ssh 830 ];
                }
                then accept;
            }
            term diagnostics { from { protocol icmp; } then accept; }
            term rest { then { count dropped-management; syslog; discard; } }
        }
    }
}
routing-options { static { route 0.0.0.0/0 next-hop 203.0.113.254; route 198.18.0.0/15 discard; } }
applications {
    application web-alternate { protocol tcp; destination-port 8443; }
    application partner-feed { protocol tcp; destination-port 9000-9010; inactivity-timeout 3600; }
    application-set feeds { application partner-feed; application junos-ssh; }
}
"""
