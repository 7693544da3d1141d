"""A real browser applies our style under our policy, finds no barrier, asks for nothing and never overflows."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from murenger.record.evidence.site import render_site

pytestmark = pytest.mark.slow

KINDS = {
    "overview": "index.html",
    "changes": "site/changes.html",
    "healed": "site/changes/000000131.html",
    "two attempts": "site/changes/000000137.html",
    "gone": "site/changes/000000146.html",
    "held": "site/changes/000000148.html",
    "older than the period": "site/changes/000000150.html",
    "devices": "site/devices.html",
    "device": "site/devices/fw2.html",
    "gaps": "site/gaps.html",
    "records": "site/records.html",
    "requirements": "site/requirements.html",
    "verify": "site/verify.html",
    "glossary": "site/glossary.html",
}
WIDTHS = (320, 360, 768, 1280)
FAULTS = """axe.run(document, {resultTypes: ["violations"]}).then(found => found.violations.map(
    fault => fault.id + ": " + fault.nodes.map(node => node.html.slice(0, 120)).join(" | ")))"""
EVIL = '"><script>document.title="owned"</script>{{ 7*7 }}\x1b[31m\u202egnp\u2066 ' + "x" * 10_000


def axe() -> str:
    """Return the accessibility checker's script."""
    found = importlib.util.find_spec("axe_core_python")
    assert found is not None
    assert found.origin
    return next(Path(found.origin).parent.rglob("axe.min.js")).read_text(encoding="utf-8") + ";0"


@pytest.fixture(scope="module")
def tab(browser: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    if browser.program() is None:
        pytest.skip(browser.MISSING)
    with browser.running(tmp_path_factory.mktemp("profile")) as running:
        yield running


def written(site: Iterator[tuple[str, bytes]], folder: Path) -> Path:
    """Write a site to disk, as a pack's reader has it."""
    for path, content in site:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def folder(views: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(render_site(views.fortnight()), tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def hostile(views: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(render_site(views.hostile(EVIL)), tmp_path_factory.mktemp("hostile"))


def judge(tab: Any, page: Path) -> list[str]:
    """Return everything that is wrong with a page: barriers, overflow, complaints, requests."""
    wrong: list[str] = []
    tab.media()
    tab.width(1280)
    tab.load(page)
    style = page.parents[0] if page.name == "index.html" else next(p for p in page.parents if p.name == "site").parent
    wrong += [f"asked for {address}" for address in tab.requests() if not address.startswith("file://")]
    wrong += [] if (style / "site/style.css").as_uri() in tab.requests() else ["the stylesheet was not asked for"]
    wrong += tab.complaints()
    if tab.evaluate("getComputedStyle(document.querySelector('.top .inner')).display") != "flex":
        wrong.append("the stylesheet was not applied")
    for width in WIDTHS:
        tab.width(width)
        needed = tab.evaluate("document.scrollingElement.scrollWidth")
        wrong += [f"{needed} wide in a window of {width}"] if needed > width else []
    tab.evaluate(axe())
    for reader in ({}, {"dark": True}, {"paper": True}):
        tab.width(1280)
        tab.media(**reader)
        wrong += [f"{reader}: {fault}" for fault in tab.evaluate(FAULTS)]
    return wrong


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_has_no_barrier_no_overflow_and_no_request(kind: str, tab: Any, folder: Path) -> None:
    assert not judge(tab, folder / KINDS[kind])


@pytest.mark.parametrize("path", ["index.html", "site/changes/000000120.html", "site/records.html", "site/verify.html"])
def test_hostile_text_neither_runs_nor_breaks_the_page(path: str, tab: Any, hostile: Path) -> None:
    assert not judge(tab, hostile / path)
    assert tab.evaluate("document.scripts.length") == 0
    assert tab.evaluate("document.title") != "owned"


def test_the_policy_stops_a_script_that_got_in_all_the_same(tab: Any, folder: Path) -> None:
    page = folder / "planted.html"
    page.write_text(
        (folder / "index.html").read_text().replace("</main>", "<script>document.title='owned'</script></main>")
    )
    tab.load(page)
    assert tab.evaluate("document.title") != "owned"
    assert any("Content Security Policy" in text for text in tab.complaints())


def test_the_checks_see_what_they_are_to_see(tab: Any, folder: Path) -> None:
    page = folder / "site/planted.html"
    text = (folder / "site/gaps.html").read_text()
    text = text.replace('<table class="stack">', '<table class="legend-key gap" width="3000">').replace('lang="en"', "")
    text = text.replace('<div class="scroll" role="region"', "<div")
    page.write_text(text)
    wrong = " ".join(judge(tab, page))
    assert "html-has-lang" in wrong
    assert "wide in a window of" in wrong


def test_paper_shows_where_links_lead_and_hides_what_only_a_screen_needs(tab: Any, folder: Path) -> None:
    tab.load(folder / "site/requirements.html")
    tab.media(paper=True)
    shown = "getComputedStyle(document.querySelector('main p a'), '::after').content"
    assert "by-requirement/1.2.2.csv" in tab.evaluate(
        "document.querySelector('main section p a').getAttribute('data-path')"
    )
    assert tab.evaluate(shown) in ("none", '" [by-requirement/1.2.2.csv]"')
    assert tab.evaluate("getComputedStyle(document.querySelector('.top nav')).display") == "none"
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_a_page_can_be_printed(tab: Any, folder: Path, tmp_path: Path) -> None:
    tab.load(folder / KINDS["healed"])
    tab.paper(tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")


def test_focus_is_seen_and_the_first_key_reaches_the_skip_link(tab: Any, folder: Path) -> None:
    tab.media()
    tab.load(folder / "index.html")
    tab.press_tab()
    assert tab.evaluate("document.activeElement.className") == "skip"
    assert tab.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_the_pages_of_a_real_pack_pass_too(tab: Any, plain_bureau: Any, tmp_path: Path) -> None:
    plain_bureau.pack(tmp_path / "pack", render=render_site)
    pages = [tmp_path / "pack/index.html", *(tmp_path / "pack/site").rglob("*.html")]
    assert len(pages) > 10
    for page in pages:
        assert not judge(tab, page), page
