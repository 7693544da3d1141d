"""Every page is whole, self-contained, reachable, and says what it must."""

import dataclasses
import datetime
import itertools
import re
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from murenger.record.evidence.site import render_site

POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'"
OF_THE_PACK = {"verify.sh", "VERIFY.md", "records.csv", "population.csv", "gaps.csv"}


@pytest.fixture(scope="module")
def view(views: SimpleNamespace) -> Any:
    return views.fortnight()


@pytest.fixture(scope="module")
def site(view: Any) -> dict[str, bytes]:
    return dict(render_site(view))


@pytest.fixture(scope="module")
def pages(site: dict[str, bytes], html: ModuleType) -> dict[str, Any]:
    return {path: html.Page(content) for path, content in site.items() if path.endswith(".html")}


def change(pages: dict[str, Any], title: str) -> Any:
    """Return the page of the change whose title begins so."""
    return next(page for page in pages.values() if page.one("h1").text.startswith(title))


def test_the_overview_comes_first_and_everything_else_lies_below_site(view: Any) -> None:
    paths = [path for path, _ in render_site(view)]
    assert paths[0] == "index.html"
    assert all(path.startswith("site/") for path in paths[1:])


def test_no_path_occurs_twice_even_where_case_does_not_count(view: Any) -> None:
    paths = [path.casefold() for path, _ in render_site(view)]
    assert len(paths) == len(set(paths))


def test_every_page_is_sound_html_with_language_title_and_landmarks(pages: dict[str, Any]) -> None:
    for path, page in pages.items():
        assert page.declared == "DOCTYPE html", path
        assert not page.unbalanced, path
        assert page.one("html").attributes["lang"] == "en"
        assert page.one("title").text.strip()
        for landmark in ("main", "h1"):
            page.one(landmark)
        assert {"header", "footer", "nav"} <= {element.tag for element in page.elements}
        assert len(page.ids()) == len(set(page.ids())), path


def test_titles_differ(pages: dict[str, Any]) -> None:
    titles = [page.one("title").text for page in pages.values()]
    assert len(titles) == len(set(titles))


def test_every_page_has_the_strict_policy_before_anything_is_loaded(pages: dict[str, Any]) -> None:
    for page in pages.values():
        policy = [e for e in page.all("meta") if e.attributes.get("http-equiv") == "Content-Security-Policy"]
        assert [each.attributes["content"] for each in policy] == [POLICY]
        assert page.elements.index(policy[0]) < page.elements.index(page.one("link"))


def test_no_page_has_script_inline_style_or_event_handler(pages: dict[str, Any]) -> None:
    forbidden = {"script", "style", "iframe", "object", "embed", "form", "base", "img", "audio", "video"}
    for path, page in pages.items():
        assert not forbidden & {element.tag for element in page.elements}, path
        for element in page.elements:
            assert not [name for name in element.attributes if name.startswith("on") or name in ("style", "src")]


def test_the_stylesheet_loads_nothing(site: dict[str, bytes]) -> None:
    sheet = site["site/style.css"].decode()
    assert not re.search(r"url\(|@import|@font-face|https?:|expression", sheet)
    assert sheet.count("{") == sheet.count("}")


def test_no_page_leads_out_of_the_pack_and_every_link_resolves(
    view: Any, site: dict[str, bytes], pages: dict[str, Any]
) -> None:
    files = {path for r in view.records for path in (r.path, r.path + ".sig", r.decision, r.decision + ".sig", r.proof)}
    files |= {path for record in view.records for path in record.receipts}
    notes = [(record, note) for record in view.records for note in record.said.get("attachments", ())]
    assert notes
    files |= {f"days/{record.day}/attachments/{note['sha256']}" for record, note in notes}
    files |= {requirement.path for requirement in view.requirements} | OF_THE_PACK
    files |= {f"days/{day.name}/SHA256SUMS{end}" for day in view.days for end in ("", ".sig", ".tsr")}
    seen = 0
    for path, page in pages.items():
        for target, part in page.targets(path):
            seen += 1
            assert target in site or target in files, f"{path} -> {target}"
            if part:
                assert part in pages[target].ids(), f"{path} -> {target}#{part}"
    assert seen > 500


def test_every_page_is_reached_from_the_overview(pages: dict[str, Any]) -> None:
    reached, waiting = set(), ["index.html"]
    while waiting:
        path = waiting.pop()
        if path in pages and path not in reached:
            reached.add(path)
            waiting += [target for target, _ in pages[path].targets(path)]
    assert reached == set(pages)


def test_headings_never_skip_a_level(pages: dict[str, Any]) -> None:
    for path, page in pages.items():
        levels = [int(element.tag[1]) for element in page.elements if re.fullmatch(r"h[1-6]", element.tag)]
        assert levels[0] == 1, path
        assert all(after - before <= 1 for before, after in itertools.pairwise(levels)), path


def test_every_table_has_a_caption_and_every_heading_cell_a_scope(pages: dict[str, Any]) -> None:
    for page in pages.values():
        assert len(page.all("caption")) == len(page.all("table"))
        assert all(cell.attributes.get("scope") in ("col", "row") for cell in page.all("th"))


def test_the_skip_link_comes_first_and_leads_to_the_content(pages: dict[str, Any]) -> None:
    for page in pages.values():
        assert page.all("a")[0].attributes["href"] == "#main"
        assert page.one("main").attributes["id"] == "main"


def test_every_time_says_utc(pages: dict[str, Any]) -> None:
    times = [element for page in pages.values() for element in page.all("time")]
    assert times
    for element in times:
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", element.text)
        assert element.attributes["datetime"].endswith("Z")


def test_every_drawing_has_words(pages: dict[str, Any]) -> None:
    drawings = pages["index.html"].all("svg")
    assert drawings
    assert all(each.attributes["role"] == "img" and each.attributes["aria-label"] for each in drawings)


def test_every_class_of_the_pages_is_known_to_the_stylesheet(site: dict[str, bytes], pages: dict[str, Any]) -> None:
    # These are marks for readers of the source or kinds that need no look of their own.
    plain = {"same", "name", "text", "time", "span", "number", "stack", "file", "kind", "course-what"}
    known = set(re.findall(r"\.([a-z][a-z0-9-]*)", site["site/style.css"].decode())) | plain
    used = {name for page in pages.values() for element in page.elements for name in element.classes}
    assert used <= known


def test_the_overview_tells_verdict_numbers_and_what_is_not_over(pages: dict[str, Any]) -> None:
    said = " ".join(pages["index.html"].text().split())
    assert "fw-site1.example" in said
    assert "Integrity: intact" in said
    assert "Completeness: not proven" in said
    assert "No anchor was given: records cut from the end would not show." in said
    assert "sh verify.sh" in said
    assert "Changes observed 6" in said
    assert "branch-07: an addition, still there, held (tightening)" in said
    assert said.index("Not over yet") < said.index("Newest changes")


def test_a_healed_change_tells_everything_a_change_manager_asks(pages: dict[str, Any]) -> None:
    page = change(pages, "dmz-edge-a")
    said = " ".join(page.text().split())
    assert page.one("h1").text == "dmz-edge-a: 2 changes, healed in 14 h 32 min"
    for wanted in (
        "ops-shared",
        "Lets more traffic through",
        "alice@corp.example",
        "A person approved this very plan.",
        "Valid until 2026-11-30 00:00:00 UTC",
        "CHG0042137",
        "Return live to the approved golden revision",
        "Closes what the drift opened",
        "✓ Pass",
        "read back over a fresh connection",
        "a timer of ours on the device",
        "not needed: the change was confirmed",
        "Monitoring resumed 2026-11-13 07:12:38 UTC",
        "Unseen for at most 5 min",
        "Lasted 14 h 32 min",
        "Change freeze until Friday morning.",
        "sha256sum -c --strict",
        "ssh-keygen -Y verify -f trust/allowed_signers -I alice@corp.example -n change-approval@murenger",
        "openssl ts -verify",
        "Not recorded: second factor (claimed).",
        "Connections ended with the rules that allowed them: 3. ssh to 192.0.2.14",
        "To be tested again Due 2026-11-28 00:00:00 UTC",
        "What it ran after the last change",
        "transcript",
    ):
        assert wanted in said, wanted


def test_a_diff_is_marked_by_sign_and_word_not_by_colour_alone(pages: dict[str, Any]) -> None:
    lines = [e for e in change(pages, "core-fw").all("div") if "line" in e.classes]
    signs = {(line.text[0], line.text[1:].split(":")[0]) for line in lines if {"add", "del"} & line.classes}
    assert signs == {("+", "added"), ("\N{MINUS SIGN}", "removed")}


def test_a_secret_is_shown_as_redacted_and_never_as_text(pages: dict[str, Any]) -> None:
    boxes = [e for e in change(pages, "dmz-edge-a").all("span") if "redacted" in e.classes]
    assert {box.text for box in boxes} == {"redacted x7Gf2Lq0…", "redacted ZqAAAAAA…"}


def test_each_attempt_is_told_with_its_own_end(pages: dict[str, Any]) -> None:
    said = " ".join(change(pages, "core-fw").text().split())
    assert "Attempt 1 of 2 to put it back Rolled back: the way back was taken." in said
    assert "Attempt 2 of 2 to put it back Healed: the device runs the approved policy again." in said
    assert "✗ Fail" in said


def test_changes_link_to_their_neighbours(view: Any, pages: dict[str, Any]) -> None:
    numbers = [incident.records[0] for incident in view.incidents]
    for before, after in itertools.pairwise(numbers):
        page = pages[f"site/changes/{before:09d}.html"]
        onward = [a.attributes["href"] for a in page.all("a") if a.attributes.get("rel") == "next"]
        assert onward == [f"./{after:09d}.html"]


def test_a_change_seen_before_the_period_says_that_its_beginning_is_not_here(pages: dict[str, Any]) -> None:
    page = change(pages, "fw2: a difference")
    assert "first seen before it" in page.text()
    assert "no anchor here covers it" in page.text()


def test_a_record_is_covered_by_the_first_anchor_at_or_after_it(view: Any, pages: dict[str, Any]) -> None:
    first = view.incidents[0].records[0]
    anchored = next(record for record in view.records if record.receipts)
    assert anchored.sequence > first
    assert f"000000{anchored.sequence}-tsa1.tsr" in change(pages, "fw1").text()


def test_an_empty_period_says_so_on_every_list(views: SimpleNamespace, html: ModuleType) -> None:
    pages = {path: html.Page(content) for path, content in render_site(views.empty()) if path.endswith(".html")}
    assert "No device was seen to differ" in pages["index.html"].text()
    assert "Nothing was left open" in pages["index.html"].text()
    for name in ("changes", "devices", "gaps", "records"):
        assert [e for e in pages[f"site/{name}.html"].all("p") if "calm" in e.classes]


def test_faults_are_named_on_the_overview(views: SimpleNamespace, html: ModuleType) -> None:
    page = html.Page(dict(render_site(views.hostile("chain-break: record 12")))["index.html"])
    assert "Integrity: faults were found" in page.text()
    assert "chain-break: record 12" in page.text()


def test_records_come_five_hundred_a_page_and_every_reference_finds_its_page(
    views: SimpleNamespace, html: ModuleType
) -> None:
    story = views.Story()
    for number in range(1201):
        moment = views.at(9, 0) + number * datetime.timedelta(minutes=1)
        first = story.drift(f"fw{number % 7}", moment, [views.op("added", ["chain"], after="accept")])
        if number % 100 == 0:
            story.incident(f"fw{number % 7}", views.IncidentState.OPEN, moment, None, (first,))
    site = dict(render_site(story.view()))
    lists = [path for path in site if path.startswith("site/records")]
    assert lists == ["site/records.html", "site/records-2.html", "site/records-3.html"]
    pages = {path: html.Page(site[path]) for path in site if path.endswith(".html")}
    assert [len(pages[path].all("tr")) - 1 for path in lists] == [500, 500, 201]
    for path, page in pages.items():
        for target, part in page.targets(path):
            if part and target in pages:
                assert part in pages[target].ids(), f"{path} -> {target}#{part}"


def test_pages_come_one_at_a_time(view: Any) -> None:
    made = render_site(view)
    assert next(made)[0] == "index.html"
    assert next(made)[0] == "site/style.css"


@pytest.mark.parametrize(("heartbeats", "said"), [(288, "No gap: every scan"), (0, "No heartbeat was recorded")])
def test_that_nothing_was_missed_is_claimed_only_where_heartbeats_show_it(
    views: SimpleNamespace, heartbeats: int, said: str
) -> None:
    view = dataclasses.replace(views.empty(), gaps=(), heartbeats=heartbeats)
    found = {path: content.decode() for path, content in render_site(view)}
    for path in ("index.html", "site/gaps.html"):
        assert said in found[path]
        assert ("No gap" in found[path]) == bool(heartbeats)
