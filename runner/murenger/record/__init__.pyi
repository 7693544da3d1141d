# What `__getattr__` beside this file gives, said to type checkers; a house test holds the two together.
from murenger.record.entry import entry_of
from murenger.record.executor import ClockState, Executor, Found, LogTerms, Population, Trigger
from murenger.record.history import History
from murenger.record.listing import entry_json, log_lines
from murenger.record.page import record_json, record_lines
from murenger.record.recorder import Recorder
from murenger.record.redaction import Disclosure, Redactor, make_disclosure
from murenger.record.settlement import Settlement, deadline_of
from murenger.record.told import AcceptedGolden, GoodRead
from murenger.record.verify import verify_store
from murenger.record.verify.finding import Code, Finding, LogReport, Report
from murenger.record.verify.text import report_json, report_lines

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
    "entry_json",
    "entry_of",
    "log_lines",
    "make_disclosure",
    "record_json",
    "record_lines",
    "report_json",
    "report_lines",
    "verify_store",
]
