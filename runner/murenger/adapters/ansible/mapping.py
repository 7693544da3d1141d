"""The table from Ansible's variables to our own words; docs/reference/inventory.md shows it to users.

Input: variable names as Ansible and its network collections spell them. Output: platforms, labels, and which variables
may stand for one another.
Source: the option documentation of ansible.builtin.ssh, ansible.netcommon.{network_cli,httpapi,netconf}.
"""

# `murenger_platform` or `ansible_network_os` -> platform. Another value is kept, and refused where a driver is needed.
PLATFORMS = {
    "nftables": "nftables",
    "murenger.drift.nftables": "nftables",
    "eos": "eos",
    "arista.eos.eos": "eos",
    "junos": "junos",
    "junipernetworks.junos.junos": "junos",
}
PLATFORM_VARIABLES = ("murenger_platform", "ansible_network_os")

# First one set wins; the platform's own variable comes before the general one.
ADDRESS_VARIABLES = ("ansible_host", "ansible_ssh_host")
PORT_VARIABLES = {
    "eos": ("ansible_httpapi_port", "ansible_port"),
    "": ("ansible_port", "ansible_ssh_port"),
}

ZONE_VARIABLE = "murenger_zone"
CRITICALITY_VARIABLE = "murenger_criticality"
CRITICALITIES = ("low", "normal", "high", "crown-jewel")

# Label -> variables, the first one set wins. A path is relative to the inventory's folder.
PATH_LABELS = {
    "known_hosts": ("murenger_known_hosts",),
    "ca_file": ("murenger_ca_file", "ansible_httpapi_ca_path"),
}
TEXT_LABELS = {
    "hostname": ("murenger_hostname",),
    "become_method": ("ansible_become_method",),
    "become_user": ("ansible_become_user",),
}
BOOLEAN_LABELS = {
    "become": ("ansible_become",),
    "use_ssl": ("ansible_httpapi_use_ssl",),
    "validate_certs": ("ansible_httpapi_validate_certs",),
}

# A credential reference to the first name also finds the others, in this order, as Ansible's own plugins do.
SIBLINGS = {
    "ansible_user": ("ansible_user", "ansible_ssh_user"),
    "ansible_password": (
        "ansible_password",
        "ansible_ssh_pass",
        "ansible_ssh_password",
        "ansible_httpapi_pass",
        "ansible_httpapi_password",
    ),
    "ansible_ssh_private_key_file": ("ansible_ssh_private_key_file", "ansible_private_key_file"),
    "ansible_become_password": ("ansible_become_password", "ansible_become_pass"),
}
