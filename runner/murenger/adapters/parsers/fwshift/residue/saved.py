"""Sections of what iptables-save prints: its tables, and chains of the table filter that nothing uses.

Input: text without counters. Output: its lines. Harmless: comments.
"""

from collections.abc import Iterator

from murenger.adapters.parsers.fwshift.residue.said import Said


def iptables(text: str) -> Iterator[Said]:
    """Yield the lines of saved tables; a table of the same name further down is another section."""
    table, seen = "filter", dict[str, int]()
    for number, line in enumerate(text.splitlines(), 1):
        said = " ".join(line.split())
        if said.startswith("*"):
            name = said[1:]
            seen[name] = seen.get(name, 0) + 1
            table = name if seen[name] == 1 else f"{name} ({seen[name]})"
        if said:
            yield Said(
                number=number, section=f"table {table}", path=(), text=line.strip(), is_harmless=said.startswith("#")
            )
