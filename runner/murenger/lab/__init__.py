"""A lab on one machine: real nftables firewalls in namespaces, and protocol emulators for EOS and Junos.

Input: a lab directory. Output: devices that listen on loopback, with an inventory that names them.
Nothing in the product imports this package; the command line finds it through the `murenger.verbs` entry point.
"""
