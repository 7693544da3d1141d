"""The demonstration: drift, heal and signed records on the lab, told in words and shown by the real commands.

Input: this machine. Output: a story on standard output whose every claim was checked, and exit code 0 only then.
"""
