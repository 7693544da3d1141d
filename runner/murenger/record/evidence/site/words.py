"""Words for people: times, spans, counts and the closed sets of the records.

Input: times and the records' terms. Output: English that says UTC wherever it says a time.
"""

import datetime

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86400

EFFECTS = {
    "none": "No change to the traffic that passes",
    "widens": "Lets more traffic through",
    "tightens": "Lets less traffic through",
    "both": "Lets some traffic through and stops other traffic",
    "unknown": "Not known",
}
MODES = {
    "person": "a person approved this very plan",
    "standing": "a standing change approved this class of change in advance",
    "break-glass": "break-glass: an emergency exception that a named person signed",
}
TYPES = {"standard": "standard (approved in advance)", "normal": "normal", "emergency": "emergency"}
VERDICTS = {
    "healed": "healed: the device runs the approved policy again",
    "rolled-back": "rolled back: the way back was taken",
    "not-applied": "not applied: the device was not changed",
    "reverted-by-device": "reverted by the device: its own timer took the way back",
    "partial": "partial: the change stopped half-way",
    "unknown": "unknown: the device could not be read afterwards",
}
METHODS = {
    "native-confirm": "the device's own commit timer",
    "device-timer": "a timer of ours on the device",
    "snapshot-restore": "the configuration as it was before, put back",
}
CONFIDENCES = {"none": "nobody is named", "low": "low", "medium": "medium", "high": "high"}
SOURCES = {
    "aaa": "the AAA server's accounting",
    "syslog": "the device's log, received elsewhere",
    "api": "an interface of another system",
    "device": "the device's own word",
    "unknown": "no source",
}
SCOPES = {"cde": "inside the cardholder data environment", "connected": "connected to it", "out": "out of scope"}
ANCHORING = {
    "unanchored": "no anchor was configured",
    "before_change": "held elsewhere before the device was touched",
    "queue": "queued for anchoring while the change went on",
}
KINDS = {
    "genesis": "Log started",
    "runner": "Runner started or stopped",
    "golden": "Golden revision adopted",
    "drift": "Drift",
    "plan": "Change planned",
    "approval": "Decision taken in",
    "intent": "Change about to begin",
    "outcome": "Change ended",
    "hold": "Change held",
    "failure": "Control failed",
    "recovery": "Recovery",
    "waiver": "Waiver",
    "grant": "Grant",
    "review": "Review",
    "key-event": "Key event",
    "prune": "Old days removed",
    "export": "Evidence handed out",
}
GAPS = {
    "silent": "Silent",
    "stopped": "Runner stopped",
    "unreachable": "Device unreachable",
    "failure": "Control failed",
    "clock": "Clock went back",
}
_DEEDS = {
    "added": ("an addition", "additions"),
    "removed": ("a removal", "removals"),
    "changed": ("a change", "changes"),
    "moved": ("a move", "moves"),
}


def moment(at: datetime.datetime) -> str:
    """Return a time as `2026-11-21 23:50:01 UTC`."""
    return f"{at.astimezone(datetime.UTC):%Y-%m-%d %H:%M:%S} UTC"


def machine_time(at: datetime.datetime) -> str:
    """Return a time for the `datetime` attribute of a time element."""
    return f"{at.astimezone(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"


def span(seconds: int) -> str:
    """Return a stretch of time in its two largest units: `4 min 12 s`, `2 h 5 min`, `3 d 4 h`."""
    sign, left = ("-" if seconds < 0 else ""), abs(seconds)
    if left < _MINUTE_S:
        return f"{sign}{left} s"
    for unit_s, unit, smaller_s, smaller in (
        (_DAY_S, "d", _HOUR_S, "h"),
        (_HOUR_S, "h", _MINUTE_S, "min"),
        (_MINUTE_S, "min", 1, "s"),
    ):
        if left >= unit_s:
            whole, rest = divmod(left, unit_s)
            part = rest // smaller_s
            return f"{sign}{whole} {unit}" + (f" {part} {smaller}" if part else "")
    raise AssertionError(seconds)


def count(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: `1 change`, `10,000 changes`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def deeds(operations: tuple[str, ...]) -> str:
    """Return what a drift did, in words: `an addition and 2 moves`."""
    parts = [
        _DEEDS[name][0] if number == 1 else f"{number:,} {_DEEDS[name][1]}"
        for name in _DEEDS
        if (number := operations.count(name))
    ]
    if not parts:
        return "a difference"
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def said_as(terms: dict[str, str], value: str) -> str:
    """Return a term in words; a term that is not known stands as it is, and none at all is `not recorded`."""
    return terms.get(value, value) or "not recorded"


def sentence(text: str) -> str:
    """Return a text with its first letter as a sentence begins."""
    return text[:1].upper() + text[1:]


def inside(label: str) -> str:
    """Return a label as it stands inside a sentence; an acronym keeps its capitals."""
    return label if label[:2].isupper() else label[:1].lower() + label[1:]
