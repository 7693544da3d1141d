"""Build the files that change a device: what to apply, how to go back, what to load at boot.

Input: the managed tables, the candidate and the live listings. Output: nft text for one transaction each. Only the
managed tables are ever named in it, so other tables cannot be changed.
"""

import hashlib
from collections.abc import Iterable

from napalm_nftables.elements import with_live_elements, without_dynamic_elements
from napalm_nftables.lexer import NftTextError
from napalm_nftables.listing import Table, TableName, parse_listing

STARTUP_HEADER = "# written by napalm_nftables: rules that were confirmed; do not edit, changes are overwritten\n"


def select(tables: Iterable[Table], names: Iterable[TableName]) -> tuple[Table, ...]:
    """Pick tables by name, sorted by family and name.

    Args:
        tables: tables of a listing.
        names: the names to keep; a name without a table is left out.
    """
    wanted = frozenset(names)
    return tuple(sorted((table for table in tables if table.name in wanted), key=lambda table: table.name))


def policy_text(tables: Iterable[Table], names: Iterable[TableName]) -> str:
    """Render the policy of the managed tables: sorted, without elements that fill themselves.

    Args:
        tables: tables of a listing made with `-s`.
        names: the managed tables.
    """
    return "".join(without_dynamic_elements(table) for table in select(tables, names))


def policy_digest(text: str) -> str:
    """Name a policy text by its digest.

    Args:
        text: what `policy_text` returned.

    Returns:
        `sha256:` and 64 hexadecimal digits.
    """
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def render_apply(names: Iterable[TableName], candidate: Iterable[Table], live: Iterable[Table]) -> str:
    """Render the transaction that replaces the managed tables by the candidate.

    Args:
        names: the managed tables; one that the candidate lacks is deleted.
        candidate: the candidate's tables, canonical.
        live: the tables of a listing made without `-s`, for the elements that survive.
    """
    names = tuple(names)
    alive = {table.name: table for table in live}
    return _deletes(names) + "".join(
        with_live_elements(table, alive.get(table.name)) for table in select(candidate, names)
    )


def render_rollback(names: Iterable[TableName], live: Iterable[Table]) -> str:
    """Render the transaction that brings the managed tables back as they are now.

    Args:
        names: the managed tables; one that does not exist now is deleted by it.
        live: the tables of a listing made without `-s`: counters and remaining times come back too.
    """
    names = tuple(names)
    return _deletes(names) + "".join(with_live_elements(table, table) for table in select(live, names))


def render_startup(names: Iterable[TableName], candidate: Iterable[Table], startup: str) -> str:
    """Render the file to load at boot: the candidate, and the other tables that the present file holds.

    Args:
        names: the managed tables.
        candidate: the candidate's tables, canonical.
        startup: the present file; empty where there is none.

    Raises:
        NftTextError: the present file was not written by this driver, so overwriting it would lose something.
    """
    names = frozenset(names)
    others = tuple(table for table in read_startup(startup) if table.name not in names)
    kept = (*others, *select(candidate, names))
    tables = sorted(kept, key=lambda table: table.name)
    body = "".join(without_dynamic_elements(table) for table in tables)
    return STARTUP_HEADER + _deletes(table.name for table in tables) + body


def read_startup(text: str) -> tuple[Table, ...]:
    """Read a file that `render_startup` wrote.

    Args:
        text: the file; empty text is an absent file.

    Raises:
        NftTextError: this driver did not write it.
    """
    if not text:
        return ()
    if not text.startswith(STARTUP_HEADER):
        raise NftTextError("the startup file was not written by this driver")
    return read_rollback(text.removeprefix(STARTUP_HEADER))


def read_rollback(text: str) -> tuple[Table, ...]:
    """Read the tables of a transaction that this module wrote.

    Args:
        text: the transaction.

    Raises:
        NftTextError: it is not whole.
    """
    # The leading `table X` and `delete table X` lines carry no brace; the tables follow them.
    while text and not text.partition("\n")[0].endswith("{"):
        text = text.partition("\n")[2]
    return parse_listing(text)


def _deletes(names: Iterable[TableName]) -> str:
    """Delete tables whether or not they exist: adding one that exists changes nothing."""
    return "".join(f"table {name}\ndelete table {name}\n" for name in sorted(names))
