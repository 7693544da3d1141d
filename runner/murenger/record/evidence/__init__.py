"""The evidence pack: a period of the ledger, with lists, pages and the means to check it without us.

Input: sealed days and their records. Output: files that an auditor reads, samples and verifies with stock tools.
"""
