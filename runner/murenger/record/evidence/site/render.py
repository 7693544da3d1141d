"""Rendering: from a pack's view to its pages, one at a time.

Input: a pack's view. Output: (path in the pack, bytes) pairs; one page is in memory at a time, however many there are.
"""

import datetime
from collections.abc import Callable, Iterator
from importlib import resources

import jinja2
from markupsafe import Markup

from murenger.model import JsonValue
from murenger.record.evidence.site import paths, words
from murenger.record.evidence.site.change import change_page
from murenger.record.evidence.site.checking import commands_for, files_of
from murenger.record.evidence.site.markup import attribute, shown, visible
from murenger.record.evidence.site.pages import Contents, paged, period_text, record_line
from murenger.record.evidence.site.timeline import SCALE, timeline_of
from murenger.record.evidence.view import PackView
from murenger.record.groups import Group
from murenger.record.reading import flow_text, text_of, time_of

_PACKAGE = "murenger.record.evidence.site"
_NEWEST = 10
_MOST_WAITING = 50
_MOST_DEVICES = 30
_MOST_FILES = 100


def render_site(view: PackView) -> Iterator[tuple[str, bytes]]:
    """Yield each page of a pack, and the stylesheet.

    Args:
        view: what the pack holds.

    Yields:
        (path, content): `index.html` first, everything else below `site/`. No two paths are the same, also on a file
        system that does not tell upper from lower case.
    """
    pages = _Pages(view)
    yield paths.OVERVIEW, pages.overview()
    yield paths.STYLESHEET, resources.files(_PACKAGE).joinpath("templates", "style.css").read_bytes()
    yield paths.VERIFY, pages.page("verify", paths.VERIFY)
    yield paths.REQUIREMENTS, pages.page("requirements", paths.REQUIREMENTS)
    yield paths.GLOSSARY, pages.page("glossary", paths.GLOSSARY)
    yield from pages.lists()
    yield from pages.changes()
    yield from pages.devices()


class _Pages:
    """The templates, with what all of them refer to."""

    def __init__(self, view: PackView) -> None:
        self._view = view
        self._contents = Contents(view)
        self._environment = _environment()
        self._environment.globals.update(
            view=view,
            contents=self._contents,
            period=period_text(view.period_from, view.period_to),
            tally=self._contents.tally(),
            paths=paths,
        )

    def page(self, template: str, path: str, **values: object) -> bytes:
        """Return one page."""

        def to(target: str) -> Markup:
            return Markup('href="{}" data-path="{}"').format(paths.link(path, target), attribute(target))

        text = self._environment.get_template(f"{template}.html.j2").render(path=path, to=to, **values)
        return text.encode("utf-8")

    def overview(self) -> bytes:
        """Return the first page."""
        view, contents = self._view, self._contents
        waiting = contents.waiting()
        drawn = timeline_of(view.incidents, view.gaps, view.period_from, view.period_to)
        return self.page(
            "index",
            paths.OVERVIEW,
            waiting=waiting[:_MOST_WAITING],
            waiting_hidden=max(len(waiting) - _MOST_WAITING, 0),
            newest=tuple(reversed(contents.lines[-_NEWEST:])),
            timeline=drawn,
            scale=SCALE,
            devices=[device for _, device in zip(range(_MOST_DEVICES), contents.devices(), strict=False)],
        )

    def lists(self) -> Iterator[tuple[str, bytes]]:
        """Yield the lists: changes, devices, gaps, records."""
        contents = self._contents
        for stretch, lines in paged("changes", contents.lines):
            yield stretch.path, self.page("changes", stretch.path, stretch=stretch, lines=lines)
        for stretch, devices in paged("devices", tuple(contents.devices())):
            yield stretch.path, self.page("devices", stretch.path, stretch=stretch, devices=devices)
        for stretch, gaps in paged("gaps", self._view.gaps):
            yield stretch.path, self.page("gaps", stretch.path, stretch=stretch, gaps=gaps)
        for stretch, records in paged("records", self._view.records):
            lines_of = [record_line(record, contents) for record in records]
            yield stretch.path, self.page("records", stretch.path, stretch=stretch, lines=lines_of)

    def changes(self) -> Iterator[tuple[str, bytes]]:
        """Yield the page of each change, linked to the one before and the one after."""
        contents = self._contents
        lines = contents.lines
        for place, line in enumerate(lines):
            change = change_page(line.incident, contents.records_of(line.incident))
            shown_records = change.records[:_MOST_FILES]
            files = [files_of(record, contents.anchored, contents.days) for record in shown_records]
            yield (
                line.page,
                self.page(
                    "change",
                    line.page,
                    change=change,
                    files=files,
                    commands=commands_for(files),
                    before=lines[place - 1] if place else None,
                    after=lines[place + 1] if place + 1 < len(lines) else None,
                ),
            )

    def devices(self) -> Iterator[tuple[str, bytes]]:
        """Yield the page of each device."""
        for device in self._contents.devices():
            yield device.page, self.page("device", device.page, device=device)


def _environment() -> jinja2.Environment:
    # The linter looks for a constant: escaping is on for every template, whatever its name.
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(_PACKAGE, "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    filters: dict[str, Callable[..., object]] = {
        "attribute": attribute,
        "count": words.count,
        "flow_text": flow_text,
        "inside": words.inside,
        "listed": _listed,
        "machine_time": words.machine_time,
        "moment": words.moment,
        "sentence": words.sentence,
        "shown": shown,
        "span": words.span,
        "text_of": text_of,
        "time_of": _time_of,
    }
    environment.filters.update(filters)
    environment.globals.update(words=words, said_as=words.said_as)
    return environment


def _finalize(value: object) -> object:
    """Make every text that a template shows plainly visible, even where the template forgets to ask for it."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else visible(value)


def _listed(value: JsonValue) -> list[JsonValue]:
    """Return a list as it is, and nothing for whatever should have been one."""
    return value if isinstance(value, list) else []


def _time_of(group: Group, name: str) -> datetime.datetime | None:
    try:
        return time_of(group, name)
    except OverflowError:
        # A time at the end of the calendar, in a zone that leads beyond it: nobody's clock.
        return None
