"""Secrets: keyed fingerprints in place of values, filling them in again, and keeping them off screens.

Input: configuration text, a fingerprint key. Output: text that shows whether a secret changed and never which it is.
"""

from murenger.secrets.fill import fill
from murenger.secrets.fingerprint import Fingerprinter
from murenger.secrets.mask import Inspection, Masked, SecretValues, inspect, mask, mask_tree
from murenger.secrets.placeholder import PLACEHOLDER, RESALTED, escape, is_mask, unescape
from murenger.secrets.redaction import REDACTED, redact
from murenger.secrets.terminal import escape_for_terminal
from murenger.secrets.words import hide

__all__ = [
    "PLACEHOLDER",
    "REDACTED",
    "RESALTED",
    "Fingerprinter",
    "Inspection",
    "Masked",
    "SecretValues",
    "escape",
    "escape_for_terminal",
    "fill",
    "hide",
    "inspect",
    "is_mask",
    "mask",
    "mask_tree",
    "redact",
    "unescape",
]
