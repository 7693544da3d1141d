"""The pages of a pack made from real records: each link leads to a file on disk, each printed command passes."""

import subprocess
from html import unescape
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from murenger.record.evidence.site import render_site


@pytest.fixture
def pack(plain_bureau: Any, tmp_path: Path) -> Path:
    plain_bureau.pack(tmp_path / "pack", render=render_site)
    return tmp_path / "pack"


def test_every_link_leads_to_a_file_of_the_pack(pack: Path, html: ModuleType) -> None:
    pages = sorted(path for path in pack.rglob("*.html"))
    assert pack / "index.html" in pages
    seen = 0
    for path in pages:
        name = path.relative_to(pack).as_posix()
        for target, part in html.Page(path.read_bytes()).targets(name):
            seen += 1
            assert (pack / target).is_file(), f"{name} -> {target}"
            assert not part or f'id="{part}"' in (pack / target).read_text()
    assert seen > 50


def test_the_page_of_a_real_heal_tells_it_and_its_commands_pass(pack: Path, html: ModuleType) -> None:
    pages = (html.Page(path.read_bytes()) for path in (pack / "site/changes").iterdir())
    page = next(page for page in pages if "healed" in page.one("h1").text)
    said = " ".join(page.text().split())
    assert "fw1: an addition and a change, healed in" in page.one("h1").text
    assert "\\x1b" in [element.text for element in page.all("span") if "ctl" in element.classes]
    assert "{{ 7*7 }}<b>" in said
    assert "return to the approved policy" in said
    commands = [unescape(code.text) for code in page.all("code") if code.within[-1] == "pre"]
    commands = [text for text in commands if "trust/allowed_signers" in text or "sha256sum" in text]
    assert len(commands) >= 4
    for command in commands:
        done = subprocess.run(["sh", "-c", command], cwd=pack, capture_output=True, check=False)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
