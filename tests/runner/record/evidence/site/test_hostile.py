"""Whatever anybody wrote into a record becomes visible text: never an element, an attribute, a link or a command."""

import re
import shlex
import unicodedata
from html import unescape
from types import ModuleType, SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from murenger.record.evidence.site import render, render_site
from murenger.record.evidence.site.checking import commands_for, files_of
from murenger.record.evidence.site.markup import MOST_CHARACTERS, attribute, shown, visible
from murenger.record.evidence.site.pages import Contents
from murenger.record.evidence.site.paths import device_pages, link
from murenger.secrets.terminal import escape_for_terminal

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
GROUPS = (
    *("actor", "approval", "backout", "change", "device", "drift", "event", "executor", "failure", "golden", "hold"),
    *("impact", "intent", "outcome", "plan", "refs", "test", "times"),
)
FIELDS = (
    *("op", "ops", "path", "before", "after", "before_position", "phase", "detected_at", "not_comparable", "severity"),
    *("opened", "unknowns", "examples", "effect", "claimed", "source", "cause", "until", "detail", "reason", "type"),
    *("description", "mode", "principal", "expires_at", "key_fp", "pre", "post", "name", "result", "at", "method"),
    *("timer_s", "started", "duration_s", "security_issues", "runner_id", "rel", "at_seq", "redacted", "verdict"),
)
EVIL = (
    '"><script>alert(1)</script>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "{{ 7*7 }}{% for x in y %}{# #}",
    "\x1b[2J\x1b[31mred\x00\x07\x9b",
    "user \u202etxt.exe\u2066\u2069 \u200b\u00ad",
    "שלום עולم",
    "<!-- --> <![CDATA[ ]]> &amp; &lt;script&gt; &#x3c;b&#x3e;",
    "</title></main></body></html><h1>",
    "\ud800 lone, \U0010ffff last, \ufeff mark",
    "../../../etc/passwd",
    "a" * 10_000,
    "line\nbreak\r\nand\ttab\u2028separator",
)


@pytest.fixture(scope="module")
def harmless(views: SimpleNamespace, html: ModuleType) -> dict[str, Any]:
    pages = (html.Page(content) for path, content in render_site(views.hostile("harmless words")) if "css" not in path)
    shapes: set[Any] = set()
    classes: set[str] = set()
    for page in pages:
        shapes |= page.shapes()
        classes |= {name for element in page.elements for name in element.classes}
    return {"shapes": shapes, "classes": classes}


def assert_harmless(site: dict[str, bytes], html: ModuleType, harmless: dict[str, Any]) -> None:
    """Fail if a page has an element, attribute or class that harmless words do not bring about."""
    # What hostile text may add is ours: the box around a character, the mark of a changed word, a cut and its note.
    ours = {
        ("span", frozenset({"class"})),
        ("mark", frozenset()),
        ("p", frozenset({"class"})),
        ("a", frozenset({"class", "href", "data-path"})),
    }
    for path, content in site.items():
        if not path.endswith(".html"):
            continue
        page = html.Page(content)
        assert not page.unbalanced, path
        assert page.shapes() <= harmless["shapes"] | ours, path
        used = {name for element in page.elements for name in element.classes}
        assert used <= harmless["classes"] | {"ctl", "cut", "redacted"}, path
        assert not [
            c for c in content.decode() if unicodedata.category(c) in ("Cf", "Cc", "Cs", "Co") and c not in "\n\t"
        ]
        for element in page.elements:
            assert not re.search(r"[\n\t]", element.attributes.get("aria-label", ""))


@pytest.mark.parametrize("evil", EVIL, ids=lambda evil: ascii(evil)[:20])
def test_hostile_text_adds_nothing_to_any_page(
    evil: str, views: SimpleNamespace, html: ModuleType, harmless: dict[str, Any]
) -> None:
    site = dict(render_site(views.hostile(evil)))
    assert_harmless(site, html, harmless)
    for path in site:
        assert re.fullmatch(r"(?:index\.html|site/(?:[a-z]+/)?[a-z0-9-]+\.(?:html|css))", path)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(evil=ANY_TEXT)
def test_any_text_adds_nothing_to_any_page(
    evil: str, views: SimpleNamespace, html: ModuleType, harmless: dict[str, Any]
) -> None:
    assert_harmless(dict(render_site(views.hostile(evil))), html, harmless)


@given(ANY_TEXT)
@example("<b>&amp;</b>")
def test_visible_text_reads_as_the_terminal_would_show_it(text: str) -> None:
    assert unescape(re.sub(r"</?span[^>]*>", "", str(visible(text)))) == escape_for_terminal(text)


@given(ANY_TEXT)
def test_only_a_character_that_prints_nothing_gets_a_box(text: str) -> None:
    boxes = re.findall(r'<span class="ctl">', str(visible(text)))
    assert len(boxes) == sum(not character.isprintable() and character not in "\n\t" for character in text)


def test_a_template_escapes_even_what_it_joins_itself() -> None:
    template = render._environment().from_string("{{ one|safe ~ two }}")  # noqa: SLF001 - the escaping itself
    assert template.render(one="<i>", two="<b>") == "<i>&lt;b&gt;"


def test_a_written_escape_differs_from_a_real_one() -> None:
    assert str(visible("\\x1b")) == "\\x1b"
    assert str(visible("\x1b")) == '<span class="ctl">\\x1b</span>'


def test_no_text_can_pass_for_a_redaction() -> None:
    said = '<span class="redacted">redacted <small>x7Gf2Lq0…</small></span>'
    assert "<" not in str(shown(said))
    assert str(shown({"alg": "sha-256", "redacted": "x7Gf2Lq0pTzW"})) == said


@given(ANY_TEXT)
def test_an_attribute_is_one_closed_line(text: str) -> None:
    value = str(attribute(text))
    assert not set(value) & set("\"'<>\n\t")
    assert len(unescape(value)) <= 300


def test_a_long_text_is_cut_with_the_number_of_what_is_missing() -> None:
    said = str(shown("x" * (MOST_CHARACTERS + 1234)))
    assert said.count("x") == MOST_CHARACTERS
    assert "1,234 more characters are in the file of the record" in said


@given(st.lists(ANY_TEXT, max_size=12))
@example(["fw1", "FW1", "fw1 ", "con", "..", "", "a/b", "a-b"])
def test_file_names_of_devices_are_safe_and_unique(names: list[str]) -> None:
    pages = device_pages(names)
    assert set(pages) == set(names)
    assert len(set(pages.values())) == len(pages)
    assert all(re.fullmatch(r"site/devices/[a-z0-9-]{1,60}\.html", page) for page in pages.values())
    assert not {"site/devices/con.html", "site/devices/nul.html"} & set(pages.values())


def test_a_name_made_to_look_like_anothers_page_gets_a_page_of_its_own() -> None:
    assert re.fullmatch(r"site/devices/a-b-[0-9a-f]{10}\.html", device_pages(["A b"])["A b"])
    first = device_pages(["A b"])["A b"].rpartition("/")[2].removesuffix(".html")
    pages = device_pages(["A b", first])
    assert pages[first] == f"site/devices/{first}.html"
    assert pages["A b"] != pages[first]


@given(ANY_TEXT.filter(lambda text: "\0" not in text), st.sampled_from(["index.html", "site/a.html", "site/b/c.html"]))
@example("javascript:alert(1)", "index.html")
@example("//example.org/x", "index.html")
def test_no_link_has_a_scheme_or_a_host(target: str, page: str) -> None:
    split = urlsplit(link(page, target))
    assert not split.scheme
    assert not split.netloc


@given(principal=ANY_TEXT)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(principal="'; rm -rf / #")
def test_a_principal_is_one_word_of_a_command(principal: str, views: SimpleNamespace) -> None:
    story = views.Story()
    story.write("drift", views.at(9, 1), "fw1")
    story.records[0].said["executor"]["runner_id"] = principal
    contents = Contents(story.view())
    command = commands_for([files_of(story.records[0], contents.anchored, contents.days)])[1]
    assert principal in shlex.split(command)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("9999-12-31T23:59:59-12:00"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=6,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    groups=st.dictionaries(st.sampled_from(GROUPS), JSON | st.dictionaries(st.sampled_from(FIELDS), JSON), max_size=8)
)
def test_a_record_of_the_wrong_shape_keeps_no_page_from_being_made(
    groups: dict[str, Any], views: SimpleNamespace, html: ModuleType
) -> None:
    story = views.Story()
    first = story.drift("fw1", views.at(9, 1), [views.op("added", ["chain"], after="accept")])
    held = story.hold("fw1", views.at(9, 1, 1), "freeze", "until Friday")
    rest = story.heal("fw1", views.at(9, 2), 10, seen=views.at(9, 1))
    for record in story.records:
        record.said.update(groups)
    story.incident("fw1", views.IncidentState.OPEN, views.at(9, 1), None, (first, held, *rest))
    pages = [html.Page(content) for path, content in render_site(story.view()) if path.endswith(".html")]
    assert not [fault for page in pages for fault in page.unbalanced]


def test_a_huge_difference_is_cut_and_names_the_file_that_has_it_all(views: SimpleNamespace, html: ModuleType) -> None:
    story = views.Story()
    text = "\n".join(f"rule {number}" for number in range(50_000))
    many = [views.op("added", ["chain"], after=f"rule {number}") for number in range(1000)]
    first = story.drift("fw1", views.at(9, 1), [views.op("changed", ["chain"], text, text + "\nlast"), *many])
    story.incident("fw1", views.IncidentState.OPEN, views.at(9, 1), None, (first,))
    content = dict(render_site(story.view()))[f"site/changes/{first:09d}.html"]
    assert len(content) < 500_000
    said = " ".join(html.Page(content).text().split())
    assert f"99,701 more lines not shown; all of them are in {story.records[0].path}." in said
    assert f"801 more differences not shown; all of them are in {story.records[0].path}." in said
