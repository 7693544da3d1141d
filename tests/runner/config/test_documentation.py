"""docs/reference: the example is read, and the tables say what the code does."""

import pathlib
import re

import pytest

from murenger.adapters.ansible import mapping
from murenger.config import load
from murenger.config.document import Section
from murenger.wiring import proving

ROOT = pathlib.Path(__file__).parents[3]
REFERENCE = ROOT / "docs" / "reference"


def rows(page: str, heading: str) -> list[list[str]]:
    """Return the cells of the tables below a heading, without the head row."""
    section = (REFERENCE / page).read_text(encoding="utf-8").split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("| ") and not line.startswith("|---")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def words(cell: str) -> tuple[str, ...]:
    return tuple(re.findall(r"`([^`]+)`", cell))


def test_the_documented_example_is_read(tmp_path: pathlib.Path) -> None:
    text = (REFERENCE / "configuration.md").read_text(encoding="utf-8")
    example = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert example
    path = tmp_path / "murenger.yml"
    path.write_text(example[1], encoding="utf-8")
    assert len(load(file=path).policies) == 2


def test_every_key_that_is_known_is_documented(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[str] = set()
    finish = Section.finish

    def remembered(section: Section) -> None:
        asked.update(section._known)  # noqa: SLF001 - what the reader knows is nowhere else
        finish(section)

    monkeypatch.setattr(Section, "finish", remembered)
    test_the_documented_example_is_read(tmp_path)
    text = (REFERENCE / "configuration.md").read_text(encoding="utf-8")
    spans = re.findall(r"```yaml\n.*?```|`[^`\n]+`", text, re.DOTALL)
    documented = {word for span in spans for word in re.findall(r"[a-z_]+", span)}
    assert len(asked) > 30
    assert not asked - documented


def test_the_platform_table_is_the_mapping() -> None:
    documented = {name: row[1] for row in rows("inventory.md", "Platform") for name in words(row[0])}
    assert documented == mapping.PLATFORMS


def test_the_credential_table_is_the_mapping() -> None:
    documented = {words(row[0])[0]: words(row[1]) for row in rows("inventory.md", "Credentials")}
    assert documented == mapping.SIBLINGS


def test_the_variable_table_is_the_mapping() -> None:
    documented = {(words(row[1]) or (row[1],))[0]: words(row[0]) for row in rows("inventory.md", "Variables")}
    labels = {**mapping.PATH_LABELS, **mapping.TEXT_LABELS, **mapping.BOOLEAN_LABELS}
    assert {name: documented[name] for name in labels} == labels
    listed = [words(row[0]) for row in rows("inventory.md", "Variables")]
    assert mapping.ADDRESS_VARIABLES in listed
    assert all(names in listed for names in mapping.PORT_VARIABLES.values())
    assert (mapping.ZONE_VARIABLE,) in listed
    assert (mapping.CRITICALITY_VARIABLE,) in listed
    assert all((name,) in listed for name in proving.VARIABLES)
    assert len(listed) == len(labels) + 5 + len(proving.VARIABLES)
