"""Keep what fills itself: the elements of dynamic sets, and the time that timed elements have left.

Input: tables of a listing. Output: their text without those elements (to compare), or with the live ones put in
(to apply).
"""

import re

from napalm_nftables.listing import SetBlock, Table

# nft reads `expires 0s` as "the full time again", so an element in its last millisecond is left to die.
_DYING = re.compile(r" expires 0s(?= |$)")
_QUOTED_OR_STATE = re.compile(r'("[^"]*")| expires \S+|(?<= counter) packets \d+ bytes \d+')


def without_dynamic_elements(table: Table) -> str:
    """Render a table without the elements of its dynamic sets.

    Args:
        table: a table of a listing made with `-s`.

    Returns:
        Its text; equal for two tables exactly when their policy is equal.
    """
    text = table.text
    for block in reversed(table.sets):
        if block.is_dynamic and block.elements_span is not None:
            start, end = block.elements_span
            text = text[:start] + text[end:]
    return text


def with_live_elements(table: Table, live: Table | None) -> str:
    """Render a candidate table so that applying it keeps what fills itself.

    Dynamic sets get the live elements with the time they have left; the candidate's own are ignored, as a comparison
    ignores them. An element of any other set that both sides hold keeps its remaining time.

    Args:
        table: the candidate's table, from a listing made with `-s`.
        live: the same table from a listing made *without* `-s`, or None where the device has none.
    """
    live_sets = {block.name: block for block in live.sets} if live else {}
    text = table.text
    for block in reversed(table.sets):
        elements = _merged(block, live_sets.get(block.name))
        if elements == block.elements:
            continue
        start, end = block.elements_span or (block.body_end, block.body_end)
        line = f"\t\telements = {{ {', '.join(elements)} }}\n" if elements else ""
        text = text[:start] + line + text[end:]
    return text


def _merged(block: SetBlock, live: SetBlock | None) -> tuple[str, ...]:
    # A set of another type cannot hold the old elements: it is a new set under an old name.
    alive = live.elements if live is not None and live.key == block.key else ()
    alive = tuple(element for element in alive if not _DYING.search(element))
    if block.is_dynamic:
        return alive
    remaining = {_stateless(element): element for element in alive}
    return tuple(remaining.get(element, element) for element in block.elements)


def _stateless(element: str) -> str:
    """Drop what `-s` hides from an element, comments untouched."""
    return _QUOTED_OR_STATE.sub(lambda match: match[1] or "", element)
