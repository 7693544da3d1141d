"""Terminal safety: device text shown so that it cannot act on the reader's terminal.

Input: any text. Output: the same text with everything that is not plainly visible written as an escape.
"""

_KEPT = "\n\t"
_MAX_BYTE = 0xFF
_MAX_BASIC = 0xFFFF
_SURROGATE_BYTES = range(0xDC80, 0xDD00)


def escape_for_terminal(text: str) -> str:
    r"""Return a text safe to print: LF and tab stay, every other character that prints nothing is shown as `\x1b`.

    That takes in the C0 and C1 controls, the bidirectional and other format characters, line and paragraph
    separators, blanks other than the space, private and unassigned characters, and undecodable bytes.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _KEPT else _shown(ord(c)) for c in text)


def _shown(code: int) -> str:
    if code in _SURROGATE_BYTES:
        return f"\\x{code - 0xDC00:02x}"
    if code <= _MAX_BYTE:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= _MAX_BASIC else f"\\U{code:08x}"
