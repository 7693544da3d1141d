"""Parsers of access lists: Arista EOS and Cisco NX-OS, by our own grammar.

Input: a running configuration. Output: its rules.
"""
