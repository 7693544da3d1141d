"""Keep a candidate to the managed tables; tables of other programs are never changed.

Input: a candidate, the managed names, the live tables. Output: the candidate without foreign tables that stand in it
as they stand on the device, or an error that names the others.
"""

from napalm_nftables.candidate import CandidateError
from napalm_nftables.lexer import NftTextError
from napalm_nftables.listing import Table, TableName, parse_listing
from napalm_nftables.transaction import policy_text


def without_untouched(text: str, managed: tuple[TableName, ...], live: tuple[Table, ...]) -> str:
    """Drop foreign tables that are listed as they are live.

    A whole listing given back as candidate thus works even where a foreign table cannot be loaded elsewhere.

    Args:
        text: candidate text.
        managed: the managed tables.
        live: the live tables, from a listing made with `-s`.

    Returns:
        The text without them; the text itself where it is no plain listing.
    """
    try:
        tables = parse_listing(text)
    except NftTextError:
        return text
    return "".join(table.text for table in tables if table.name in managed or not _same_policy(table, live))


def refuse_foreign(result: tuple[Table, ...], managed: tuple[TableName, ...], live: tuple[Table, ...]) -> None:
    """Refuse foreign tables that the candidate would change.

    Args:
        result: the candidate's tables, canonical.
        managed: the managed tables.
        live: the live tables, from a listing made with `-s`.

    Raises:
        CandidateError: there is one; the message names them all.
    """
    foreign = [str(table.name) for table in result if table.name not in managed and not _same_policy(table, live)]
    if foreign:
        raise CandidateError(f"the candidate changes tables that are not managed: {', '.join(sorted(foreign))}")


def _same_policy(table: Table, live: tuple[Table, ...]) -> bool:
    return policy_text(live, (table.name,)) == policy_text((table,), (table.name,))
