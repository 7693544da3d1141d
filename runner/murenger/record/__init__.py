"""Record: prove what was decided and done, in signed statements that anybody can check.

Input: the values of every other stage. Output: statement bytes for the ledger, and the verdict on a ledger.
"""

from murenger.lazily import exports

# Each name's module is imported when the name is first asked for: listing a log must not wait for what writes and
# verifies one.
_NAMES = {
    "entry": ("entry_of",),
    "executor": ("ClockState", "Executor", "Found", "LogTerms", "Population", "Trigger"),
    "history": ("History",),
    "listing": ("entry_json", "log_lines"),
    "page": ("record_json", "record_lines"),
    "recorder": ("Recorder",),
    "redaction": ("Disclosure", "Redactor", "make_disclosure"),
    "settlement": ("Settlement", "deadline_of"),
    "told": ("AcceptedGolden", "GoodRead"),
    "verify": ("verify_store",),
    "verify.finding": ("Code", "Finding", "LogReport", "Report"),
    "verify.text": ("report_json", "report_lines"),
}
__getattr__, __dir__ = exports(__name__, _NAMES)
