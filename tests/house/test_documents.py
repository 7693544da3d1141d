"""The documentation holds together: what a page links to is there, and every page can be reached.

Input: every Markdown file. Output: one line per dead link or unreachable page.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)(?:\s+\"[^\"]*\")?\)")
HEADING = re.compile(r"^#+\s+(?P<title>.+?)\s*$")
FENCE = re.compile(r"^\s*(?:```|~~~)")
FOLDERS = ("docs", "roles", "benchmarks", "inventories", "extensions", "tests")


def pages(root: Path) -> list[Path]:
    """Return every Markdown page of ours."""
    below = [path for folder in FOLDERS for path in (root / folder).rglob("*.md") if "fixtures" not in path.parts]
    return sorted((*root.glob("*.md"), *below))


def prose(page: Path) -> Iterator[tuple[int, str]]:
    """Yield a page's lines outside code blocks, numbered from 1."""
    in_code = False
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if FENCE.match(line):
            in_code = not in_code
        elif not in_code:
            yield number, line


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, spelled as forges spell them."""
    titles = [found["title"] for _, line in prose(page) if (found := HEADING.match(line))]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def links(page: Path) -> Iterator[tuple[int, Path, str]]:
    """Yield each link of a page to another file or heading of ours: line, file, anchor."""
    for number, line in prose(page):
        for found in LINK.finditer(line):
            target = unquote(found["target"])
            if not re.match(r"[a-z][a-z0-9+.-]*:", target):
                name, _, anchor = target.partition("#")
                yield number, ((page.parent / name) if name else page).resolve(), anchor


def dead_links(page: Path) -> Iterator[str]:
    """Yield a breach for each link that leads nowhere."""
    for number, target, anchor in links(page):
        if not target.exists():
            yield f"{page}:{number}: {target} is not there"
        elif anchor and target.suffix == ".md" and anchor not in anchors(target):
            yield f"{page}:{number}: {target.name} has no heading {anchor}"


def test_every_link_leads_somewhere(root: Path) -> None:
    found = [breach for page in pages(root) for breach in dead_links(page)]
    assert not found, "\n".join(found)


def test_every_page_can_be_reached_from_the_index(root: Path) -> None:
    index = (root / "docs/README.md").resolve()
    reached: set[Path] = set()
    waiting = [index]
    while waiting:
        page = waiting.pop()
        if page not in reached and page.suffix == ".md" and page.is_file():
            reached.add(page)
            waiting += [target for _, target, _ in links(page)]
    every = {page.resolve() for page in (root / "docs").rglob("*.md")}
    assert len(every) > 1
    assert not every - reached


def test_dead_links_are_found(tmp_path: Path) -> None:
    page = tmp_path / "a.md"
    page.write_text("# One `two`, three\n[a](b.md) [c](#nowhere) [d](https://example.org/)\n```\n[e](f.md)\n```\n")
    assert len(list(dead_links(page))) == 2
    page.write_text("# One `two`, three\n[c](#one-two-three) [a](a.md)\n")
    assert not list(dead_links(page))
