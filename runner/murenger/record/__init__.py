"""Record: prove what was decided and done, in signed statements that anybody can check.

Input: the values of every other stage. Output: statement bytes for the ledger, and the verdict on a ledger.
"""

from murenger.record.executor import ClockState, Executor, Found, LogTerms, Population, Trigger
from murenger.record.finding import Code, Finding, LogReport, Report
from murenger.record.history import AcceptedGolden, GoodRead, History
from murenger.record.recorder import Recorder
from murenger.record.redaction import Disclosure, Redactor, make_disclosure
from murenger.record.render import log_json, log_lines, record_json, record_lines, report_json, report_lines
from murenger.record.settlement import Settlement, deadline_of
from murenger.record.verify import verify_store

__all__ = [
    "AcceptedGolden",
    "ClockState",
    "Code",
    "Disclosure",
    "Executor",
    "Finding",
    "Found",
    "GoodRead",
    "History",
    "LogReport",
    "LogTerms",
    "Population",
    "Recorder",
    "Redactor",
    "Report",
    "Settlement",
    "Trigger",
    "deadline_of",
    "log_json",
    "log_lines",
    "make_disclosure",
    "record_json",
    "record_lines",
    "report_json",
    "report_lines",
    "verify_store",
]
