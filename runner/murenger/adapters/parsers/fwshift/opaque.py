"""Opaque conditions: what makes a rule depend on something that nobody here can tell.

Input: a rule as the library read it, with the findings about it. Output: the kinds of its opaque conditions, and
whether the library's addresses, services and zones still bound it from above.
"""

import dataclasses
import re
from types import MappingProxyType

from murenger.adapters.parsers.fwshift.library import ANY, LibraryRule

BOUNDED_FINDINGS = frozenset({"DEVICE_TARGET", "IOS_LAYER7", "STATELESS_RULE", "UNKNOWN_ATTRIBUTES"})
"""Findings about a rule that leave its addresses, services and zones an upper bound of what it matches.

An attribute that nobody knows narrows a rule or says what becomes of its traffic; one that negates is told apart where
the rule is read."""

HARMLESS_FINDINGS = frozenset({"IOS_PASS"})
"""Findings about a rule, of severity APPROX or above, that do not change what it matches."""

CARRIED_NOTES = MappingProxyType(
    {
        "BOGONS_NOT_CONVERTED": "the interface's setting is residue",
        "BRIDGE_GROUPS": "interfaces are residue",
        "BRIDGE_NOT_CONVERTED": "bridges are residue",
        "CAPTIVE_PORTAL": "the captive portal is residue",
        "FTD_CONFIGURATION": "says that a manager owns the configuration",
        "HOST_CHAIN_NOT_CONVERTED": "read by this package",
        "ICMP_STATELESS": "inspection is residue",
        "IOS_ACL_EMPTY": "where an empty list is bound is residue",
        "IOS_ACL_NOT_READ": "bindings are read by this package",
        "IOS_COMPOSED_LEFT_OUT": "lists are not composed by the library here",
        "IOS_STATELESS": "states are read by this package",
        "IOS_VRF": "interfaces are residue",
        "LEGACY_NAT": "NAT is residue",
        "NO_ACCESS_GROUP": "bindings are read by this package",
        "NO_HIERARCHY": "device groups are refused",
        "NO_INTERFACES": "bindings are read by this package",
        "NPT_NOT_CONVERTED": "NAT is residue",
        "OBJECTS_MISSING": "the rules that name them are opaque",
        "OUTBOUND_ACL": "bindings are read by this package",
        "OPNSENSE_FLAG_UNCLEAR": "the rule that the flag stands for is opaque",
        "PARTS_NOT_READ": "they are residue",
        "RULE_NOT_LOADED": "they are residue",
        "TABLE_NOT_CONVERTED": "they are residue",
        "VPN_BYPASS": "VPN is residue",
        "OPNSENSE_SNAT_MODE": "NAT is residue",
    }
)
"""Notes for a whole policy, of severity APPROX or above, that every-day configurations have, and where what they warn
of is kept. Any other such note makes every rule of the policy opaque."""

_BOUNDED_REASONS = re.compile(
    r"(application filter|(hip-profiles|source-hip|destination-hip) match"
    r"|(groups|users|fsso-groups|fsso|rsso|ntlm|devices|application|app-category|app-group|url-category|policy-expiry"
    r"|geoip-match|src-vendor-mac|vpntunnel|vlan-filter|sgt-check|sgt|internet-service\S*|ztna-\S*|network-service\S*"
    r"|tos\S*|reputation-\S*) |a policy without a schedule|element (?!\S*negate)\S+, which is not read"
    r"|it matches |time-range |'[a-z-]+' is not converted|a dynamic \(lock-and-key\) entry"
    r"|dynamic application '|a policy-based VPN|'then permit (destination-address|firewall-authentication)'"
    r"|access list entry with (TrustSec security|match on 'user))"
)
"""Reasons for `unsupported` that narrow a rule whose other fields were read in full."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Why a rule is not exactly its addresses, services and zones.

    Attributes:
        kind: kind of the opaque condition.
        label: for people.
        bounded: True if the rule matches nothing outside its addresses, services and zones.
        names: what the condition names, where it is no more than that; nothing where it may be all that the rule says.
    """

    kind: str
    label: str
    bounded: bool
    names: tuple[str, ...] = ()


def doubts(rule: LibraryRule) -> tuple[Doubt, ...]:
    """Return what is opaque about a rule, its objects aside; empty for one that was read exactly."""
    found = [
        Doubt(kind=kind, label=f"{kind} {', '.join(names)}"[:120], bounded=True, names=tuple(sorted(names)))
        for kind, names in (("app", rule.applications), ("user", rule.users), ("url", rule.url_categories))
        if ANY not in names
    ]
    if rule.schedule:
        names = (rule.schedule,)
        found.append(Doubt(kind="schedule", label=f"schedule {rule.schedule}", bounded=True, names=names))
    if rule.nat_added:
        found.append(Doubt(kind="nat", label="translated addresses", bounded=False))
    found += [
        Doubt(kind="unsupported", label=reason[:120], bounded=bool(_BOUNDED_REASONS.match(reason)))
        for reason in rule.unsupported
    ]
    found += [
        Doubt(kind="finding", label=code.lower().replace("_", " "), bounded=code in BOUNDED_FINDINGS)
        for code in rule.findings
        if code not in HARMLESS_FINDINGS
    ]
    return tuple(found)


def unknown_notes(notes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the notes that make a whole policy opaque."""
    return tuple(code for code in notes if code not in CARRIED_NOTES)
