"""Record: prove what was decided and done, in signed statements that anybody can check.

Input: the values of every other stage. Output: statement bytes for the ledger, and the verdict on a ledger.
"""

import importlib

# Each name's module is imported when the name is first asked for: listing a log must not wait for what writes and
# verifies one.
_HOMES = {
    "AcceptedGolden": "history",
    "ClockState": "executor",
    "Code": "verify.finding",
    "Disclosure": "redaction",
    "Executor": "executor",
    "Finding": "verify.finding",
    "Found": "executor",
    "GoodRead": "history",
    "History": "history",
    "LogReport": "verify.finding",
    "LogTerms": "executor",
    "Population": "executor",
    "Recorder": "recorder",
    "Redactor": "redaction",
    "Report": "verify.finding",
    "Settlement": "settlement",
    "Trigger": "executor",
    "deadline_of": "settlement",
    "entry_json": "listing",
    "entry_of": "entry",
    "log_lines": "listing",
    "make_disclosure": "redaction",
    "record_json": "page",
    "record_lines": "page",
    "report_json": "verify.text",
    "report_lines": "verify.text",
    "verify_store": "verify",
}


def __getattr__(name: str) -> object:
    """Return a public name of this package."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names of this package."""
    return sorted(_HOMES)
