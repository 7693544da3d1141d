"""Parsers of eight platforms through the fwshift library: ASA, IOS, PAN-OS, FortiOS, SRX, iptables, pfSense, OPNsense.

Input: a configuration's text. Output: a `Ruleset`. Only `library` imports fwshift, and only its readers: NAT, bindings,
connection states and places are read here, because the library drops or rewrites them.
"""
