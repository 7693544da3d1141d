"""Reads pages as a browser's parser would: elements, attributes, text and where links lead.

Input: bytes of a page. Output: what it is made of.
"""

import dataclasses
import posixpath
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

BLOCKS = {"p", "div", "section", "li", "dt", "dd", "tr", "td", "th", "caption", "h1", "h2", "h3"}
VOID = {"meta", "link", "br", "hr", "img", "input", "rect"}


@dataclasses.dataclass
class Element:
    """One element as it opened."""

    tag: str
    attributes: dict[str, str]
    within: tuple[str, ...]
    text: str = ""

    @property
    def classes(self) -> set[str]:
        """Return its classes."""
        return set(self.attributes.get("class", "").split())


class Page(HTMLParser):
    """One page."""

    def __init__(self, content: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.declared = ""
        self.unbalanced: list[str] = []
        self._open: list[Element] = []
        self.feed(content.decode("utf-8"))
        self.close()
        self.unbalanced += [element.tag for element in self._open]

    def handle_decl(self, decl: str) -> None:
        self.declared = decl

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, tuple(each.tag for each in self._open))
        self.elements.append(element)
        if tag in BLOCKS:
            self.handle_data(" ")
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1].tag == tag:
            self._open.pop()
        elif tag not in VOID:
            self.unbalanced.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, tag: str) -> list[Element]:
        """Return the elements of a kind."""
        return [element for element in self.elements if element.tag == tag]

    def one(self, tag: str) -> Element:
        """Return the only element of a kind."""
        found = self.all(tag)
        assert len(found) == 1, f"{len(found)} times {tag}"
        return found[0]

    def ids(self) -> list[str]:
        """Return every id, as often as it occurs."""
        return [element.attributes["id"] for element in self.elements if "id" in element.attributes]

    def shapes(self) -> set[tuple[str, frozenset[str]]]:
        """Return which elements with which attributes occur."""
        return {(element.tag, frozenset(element.attributes)) for element in self.elements}

    def text(self) -> str:
        """Return all text of the page's body."""
        return self.one("body").text

    def targets(self, path: str) -> Iterator[tuple[str, str]]:
        """Yield where each link leads: path from the pack's root, and part of the page."""
        for element in self.elements:
            address = element.attributes.get("href")
            if address is not None:
                split = urlsplit(address)
                assert not split.scheme, address
                assert not split.netloc, address
                relative = unquote(split.path, errors="surrogatepass")
                joined = posixpath.normpath(posixpath.join(posixpath.dirname(path), relative)) if relative else path
                yield joined, unquote(split.fragment)
