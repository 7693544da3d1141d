"""The command line: one file per verb.

Input: arguments. Output: data on standard output, messages on standard error, and an exit code.
"""
