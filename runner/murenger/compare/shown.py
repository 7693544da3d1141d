"""What of a device's text is shown.

Input: one line of canonical text. Output: the line without a secret, with nothing in it that acts on a terminal.
"""

from murenger.secrets import escape_for_terminal, redact


def shown(line: str) -> str:
    """Return a line fit for a screen: secrets as `<redacted>`, line ends and controls as escapes."""
    return escape_for_terminal(redact(line)).replace("\n", "\\n").replace("\t", "    ")
