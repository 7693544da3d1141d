"""Where each page lies, and how one leads to another.

Input: names from the view. Output: paths from the pack's root that are safe on any file system, and relative links that
never begin with a scheme.
"""

import hashlib
import posixpath
import re
from collections.abc import Iterable
from urllib.parse import quote

STYLESHEET = "site/style.css"
OVERVIEW = "index.html"
VERIFY = "site/verify.html"
REQUIREMENTS = "site/requirements.html"
GLOSSARY = "site/glossary.html"
PAGE_LENGTH = 500

_LONGEST = 40
# No file of these names can be opened on Windows, whatever its suffix.
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}


def change_page(first_record: int) -> str:
    """Return the page of the change whose first record has that number."""
    return f"site/changes/{first_record:09d}.html"


def list_page(name: str, number: int) -> str:
    """Return a page of a long list, counted from 1."""
    return f"site/{name}.html" if number == 1 else f"site/{name}-{number}.html"


def device_pages(names: Iterable[str]) -> dict[str, str]:
    """Return the page of each device: its name where that is harmless, else with a piece of its digest.

    Args:
        names: names of devices, of any characters.
    """
    pages: dict[str, str] = {}
    taken: set[str] = set()
    # Harmless names first, so that no other name can take theirs.
    for name in sorted(set(names), key=lambda each: (_plain(each) != each or not each, each)):
        stem, length = _plain(name), 10
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
        if stem != name or not stem:
            stem = f"{_plain(name)}-{digest[:length]}".strip("-")
        while stem in taken:
            length += 10
            stem = f"{_plain(name)}-{digest[:length]}".strip("-")
        taken.add(stem)
        pages[name] = f"site/devices/{stem}.html"
    return pages


def _plain(name: str) -> str:
    stem = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:_LONGEST].strip("-")
    return f"{stem}-device" if stem in _RESERVED else stem


def link(page: str, target: str) -> str:
    """Return the link from one page to a file of the pack.

    Args:
        page: path of the page from the pack's root.
        target: path from the pack's root, with `#part` where a part of a page is meant.
    """
    path, hash_sign, part = target.partition("#")
    relative = posixpath.relpath(path, posixpath.dirname(page) or ".") if path else ""
    # "./" keeps a first segment such as `javascript:` from being read as a scheme.
    prefix = "./" if relative and not relative.startswith(".") else ""
    return prefix + _quoted(relative) + hash_sign + _quoted(part)


def _quoted(text: str) -> str:
    return quote(text, errors="surrogatepass")
