"""Verify: is a ledger, or a pack, what the runner wrote, and is all of it there?

Input: a folder and whom to trust. Output: a report that names every fault, and what was not proven.
"""

from murenger.record.verify.finding import Code, Finding, LogReport, Report
from murenger.record.verify.trust import Trust
from murenger.record.verify.verdict import ALL_CHECKS, Checks, Scope, verify_store

__all__ = ["ALL_CHECKS", "Checks", "Code", "Finding", "LogReport", "Report", "Scope", "Trust", "verify_store"]
