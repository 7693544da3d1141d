"""The configuration of the emulated switch at its very first boot: a leaf in front of a card-data network.

Input: the emulator's settings. Output: configuration text, in which every secret was drawn for this lab.
"""

import secrets

from murenger.lab.eos.passwords import encrypt_7, new_salt, sha512_crypt
from murenger.lab.eos.settings import Role, Settings, User

# Break-glass account: nobody knows its password, and a change of it is a serious drift.
EMERGENCY_USER = "emergency"

_TEMPLATE = """\
{users}
!
logging host 192.0.2.10
!
hostname {hostname}
!
ntp server 192.0.2.123
!
tacacs-server host 192.0.2.11 key 7 {tacacs_key}
!
spanning-tree mode mstp
!
snmp-server contact network operations
snmp-server community {snmp_community} ro
!
aaa authentication login default local
aaa authorization exec default local
aaa authorization commands all default local
!
vlan 110
   name CARD-DATA
!
vlan 120
   name OFFICE
!
interface Ethernet1
   description uplink to spine1
   no switchport
   ip address 198.51.100.1/30
!
interface Ethernet2
   description card database db1
   switchport access vlan 110
!
interface Ethernet3
   description office floor 2
   switchport access vlan 120
!
interface Management1
   description out of band
   ip address 198.51.100.129/25
!
interface Vlan110
   description card-data environment
   ip address 203.0.113.1/25
!
interface Vlan120
   description office
   ip address 192.0.2.1/24
   ip access-group CDE-IN in
!
ip access-list CDE-IN
   10 remark office to card data: no remote desktop, no database
   20 deny tcp any host 203.0.113.10 eq 3389
   30 deny tcp 192.0.2.0/24 host 203.0.113.10 eq 5432
   40 permit tcp 192.0.2.0/24 host 203.0.113.10
   50 permit tcp 192.0.2.0/24 203.0.113.0/25 eq https
   60 deny ip any 203.0.113.0/25 log
   70 permit ip 192.0.2.0/24 any
!
ip access-list standard MGMT
{management}
!
ip routing
!
ip route 0.0.0.0/0 198.51.100.2
!
banner login
Authorised users only.
Changes are made through change control.
EOF
!
management api http-commands
   no shutdown
   !
   vrf default
      no shutdown
      ip access-group MGMT
!
management ssh
   idle-timeout 15
!
end
"""


def configuration(settings: Settings) -> str:
    """Return the text that the switch boots from when it has no startup configuration yet.

    Args:
        settings: the emulator's settings.
    """
    emergency = User(name=EMERGENCY_USER, password=secrets.token_urlsafe(24), role=Role.OTHER)
    networks = enumerate(settings.management_clients, start=1)
    return _TEMPLATE.format(
        hostname=settings.hostname,
        users="\n".join(user_line(user) for user in (*settings.users, emergency)),
        tacacs_key=encrypt_7(settings.tacacs_key or secrets.token_urlsafe(12)),
        snmp_community=settings.snmp_community or secrets.token_urlsafe(12),
        management="\n".join(f"   {place * 10} permit {network}" for place, network in networks),
    )


def user_line(user: User) -> str:
    """Return a user's configuration line, its password hashed with a new salt."""
    role = "network-operator" if user.role is Role.READ else "network-admin"
    hashed = sha512_crypt(user.password, new_salt())
    return f"username {user.name} privilege 15 role {role} secret sha512 {hashed}"
