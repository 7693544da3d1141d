"""What the emulated device refuses, in the words and the shape of a Junos `rpc-error`.

Input: a reason found by the parser, the editor, the commit check or the datastore. Output: one exception that both
the NETCONF side (as XML) and the console (as text) can show.
"""

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """One `rpc-error`.

    Attributes:
        message: the error text, without surrounding white space.
        path: the hierarchy it is about, such as `[edit system login]`; empty when it is about none.
        bad_element: the word the device stumbled over; empty when there is none.
        severity: `error` or `warning`.
        tag: the NETCONF error tag.
        session: identity of the session in the way; 0 when there is none.
        line: line of the loaded text, from 1; 0 when it is about none.
    """

    message: str
    path: str = ""
    bad_element: str = ""
    severity: str = "error"
    tag: str = "operation-failed"
    session: int = 0
    line: int = 0


class JunosError(ValueError):
    """The device refused; nothing was changed.

    Attributes:
        complaints: one or more reasons, in the order the device lists them.
    """

    def __init__(self, *complaints: Complaint) -> None:
        self.complaints = complaints
        super().__init__("; ".join(_as_text(complaint) for complaint in complaints))


def syntax_error(bad_element: str, path: tuple[str, ...], message: str = "syntax error") -> JunosError:
    """Return the error for a word that the grammar does not allow here.

    Args:
        bad_element: the offending word.
        path: labels of the enclosing statements, outermost first.
        message: the device's wording.

    Returns:
        An exception ready to raise.
    """
    return JunosError(Complaint(message=message, path=edit_path(path), bad_element=bad_element))


def edit_path(labels: tuple[str, ...]) -> str:
    """Return `[edit ...]` for a hierarchy.

    Args:
        labels: labels of the statements, outermost first; empty for the top.

    Returns:
        The banner that Junos prints.
    """
    return f"[{' '.join(('edit', *labels))}]"


def _as_text(complaint: Complaint) -> str:
    where = f"line {complaint.line}:" if complaint.line else ""
    parts = [where, complaint.path, complaint.message, f"<{complaint.bad_element}>" if complaint.bad_element else ""]
    return " ".join(part for part in parts if part)
