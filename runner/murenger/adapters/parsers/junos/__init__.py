"""Parser of Junos: stateless firewall filters by our own grammar, SRX policies by the one of fwshift.

Input: a configuration, in braces or as set commands. Output: its rules.
"""
