"""Read the text of `nft list ruleset` into tables, sets and rule counts.

Input: a listing as nft printed it. Output: `Table` values that keep their text byte for byte. Strict on purpose: a
listing that was cut, or that holds anything but tables, raises instead of reading as a smaller rule set.
"""

import re
from dataclasses import dataclass

from napalm_nftables.lexer import Kind, NftTextError, Token, tokens

FAMILIES = ("arp", "bridge", "inet", "ip", "ip6", "netdev")
_SEPARATORS = (Kind.NEWLINE, Kind.SEMICOLON)
_TABLE_LINE = re.compile(r"table (?P<family>[a-z0-9]+) (?P<name>\S+) \{")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class TableName:
    """The name of a table.

    Attributes:
        family: one of `FAMILIES`.
        name: the table's own name.
    """

    family: str
    name: str

    def __str__(self) -> str:
        """Spell it as nft does: `inet filter`."""
        return f"{self.family} {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetBlock:
    """One named set or map of a table.

    Attributes:
        name: its name.
        key: its `type` or `typeof` statement; two sets with the same key can hold the same elements.
        flags: its flags, in listed order.
        elements: its elements as printed, in listed order.
        elements_span: offsets of the whole `elements = {...}` line(s) in the table's text; None without elements.
        body_end: offset of the line with the closing brace, where an elements line may be put.
    """

    name: str
    key: str
    flags: tuple[str, ...]
    elements: tuple[str, ...]
    elements_span: tuple[int, int] | None
    body_end: int

    @property
    def is_dynamic(self) -> bool:
        """Say whether packets (or a daemon) fill the set, so that its elements are data and not policy."""
        return "dynamic" in self.flags


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of a listing.

    Attributes:
        name: family and name.
        text: from `table` to the closing brace and its line end, as printed.
        sets: its sets and maps, in listed order.
        rules: pairs of chain name and number of rules, in listed order.
    """

    name: TableName
    text: str
    sets: tuple[SetBlock, ...]
    rules: tuple[tuple[str, int], ...]


def parse_listing(text: str) -> tuple[Table, ...]:
    """Read a whole listing.

    Args:
        text: what `nft list ruleset` printed, with or without `-s`; LF line ends. Empty text is a valid listing.

    Returns:
        The tables in listed order.

    Raises:
        NftTextError: the text was cut, or is not a listing.
    """
    tables: list[Table] = []
    statement: list[Token] = []
    after_block = False
    for token in tokens(text):
        if token.depth:
            statement.append(token)
            continue
        if token.kind is Kind.NEWLINE:
            if statement:
                raise NftTextError(f"line {token.line}: only tables are expected here")
            after_block = False
            continue
        if after_block:
            raise NftTextError(f"line {token.line}: text follows a closing brace")
        statement.append(token)
        if token.kind is Kind.CLOSE:
            tables.append(_table(text, statement))
            statement, after_block = [], True
    if statement or after_block or not (text == "" or text.endswith("\n")):
        raise NftTextError("the text ends in the middle of a line")
    names = [table.name for table in tables]
    if len(set(names)) != len(names):
        raise NftTextError("a table is listed twice")
    return tuple(tables)


def _table(text: str, statement: list[Token]) -> Table:
    start = statement[0].start
    whole = text[start : statement[-1].end] + "\n"
    head = _TABLE_LINE.match(whole)
    if head is None or head["family"] not in FAMILIES or statement[3].kind is not Kind.OPEN:
        raise NftTextError(f"line {statement[0].line}: a table was expected here")
    sets: list[SetBlock] = []
    rules: list[tuple[str, int]] = []
    for block in _blocks(statement[4:-1]):
        kind = block[0].text
        if kind in {"set", "map"}:
            sets.append(_set_block(whole, block, start))
        elif kind == "chain":
            rules.append((block[1].text, _count_rules(block)))
    name = TableName(family=head["family"], name=head["name"])
    return Table(name=name, text=whole, sets=tuple(sets), rules=tuple(rules))


def _blocks(body: list[Token]) -> list[list[Token]]:
    """Split a table's body into its blocks; single statements (`flags`, `comment`) are dropped."""
    blocks: list[list[Token]] = []
    block: list[Token] = []
    for token in body:
        if token.depth == 1 and token.kind in _SEPARATORS:
            block = []
            continue
        block.append(token)
        if token.depth == 1 and token.kind is Kind.CLOSE:
            blocks.append(block)
            block = []
    return blocks


def _statements(block: list[Token]) -> list[list[Token]]:
    """Split the inside of a block into statements at its own depth."""
    statements: list[list[Token]] = [[]]
    opening = next(index for index, token in enumerate(block) if token.kind is Kind.OPEN and token.depth == 1)
    for token in block[opening + 1 : -1]:
        if token.depth == 2 and token.kind in _SEPARATORS:  # noqa: PLR2004 - a block of a table lies at depth 2
            statements.append([])
        else:
            statements[-1].append(token)
    return [statement for statement in statements if statement]


def _count_rules(block: list[Token]) -> int:
    """Count the rules of a chain: all its statements but hook, policy and comment."""
    heads = [statement[0].text for statement in _statements(block)]
    return sum(head not in {"type", "policy", "comment"} for head in heads)


def _set_block(text: str, block: list[Token], offset: int) -> SetBlock:
    key = ""
    flags: tuple[str, ...] = ()
    span: tuple[int, int] | None = None
    elements: tuple[str, ...] = ()
    for statement in _statements(block):
        head = statement[0].text
        first, last = statement[0].start - offset, statement[-1].end - offset
        if head in {"type", "typeof"}:
            key = text[first:last]
        elif head == "flags":
            flags = tuple(token.text for token in statement[1:] if token.kind is Kind.WORD)
        elif head == "elements":
            # The line's own indentation and line end belong to the span, so that cutting it leaves no blank line.
            span = (text.rindex("\n", 0, first) + 1, text.index("\n", last) + 1)
            elements = _elements(text, statement, offset)
    body_end = text.rindex("\n", 0, block[-1].start - offset) + 1
    return SetBlock(name=block[1].text, key=key, flags=flags, elements=elements, elements_span=span, body_end=body_end)


def _elements(text: str, statement: list[Token], offset: int) -> tuple[str, ...]:
    """Split `elements = { a, b }` into its items, each on one line."""
    opening = next(index for index, token in enumerate(statement) if token.kind is Kind.OPEN)
    inner = statement[opening + 1 : -1]
    items: list[str] = []
    start = statement[opening].end
    for token in inner:
        if token.text == "," and token.kind is Kind.MARK:
            items.append(text[start - offset : token.start - offset].strip())
            start = token.end
    items.append(text[start - offset : statement[-1].start - offset].strip())
    return tuple(item for item in items if item)
