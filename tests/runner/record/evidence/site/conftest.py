"""Packs to look at: a believable fortnight, an empty one, and one in which everything is hostile.

Input: nothing. Output: views as the pack's maker hands them over, with predicates as records hold them.
"""

import importlib.util
import sys
import types
from pathlib import Path

import pytest

from murenger.record.evidence.view import IncidentState


def _sibling(name: str) -> types.ModuleType:
    """Return a module of this folder, which pytest's importlib mode keeps off sys.path."""
    full = f"murenger_site_{name}"
    if full in sys.modules:
        return sys.modules[full]
    spec = importlib.util.spec_from_file_location(full, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[full] = module
    spec.loader.exec_module(module)
    return module


_STORY, _PACKS = _sibling("story"), _sibling("packs")


@pytest.fixture(scope="session")
def views() -> types.SimpleNamespace:
    """Return what makes views."""
    return types.SimpleNamespace(
        Story=_STORY.Story,
        at=_STORY.at,
        op=_STORY.op,
        IncidentState=IncidentState,
        fortnight=lambda: _PACKS.fortnight(_STORY.Story()),
        empty=lambda: _PACKS.empty(_STORY.Story()),
        hostile=lambda evil: _PACKS.hostile(_STORY.Story(platform=evil), evil),
    )


@pytest.fixture(scope="session")
def browser() -> types.ModuleType:
    """Return what drives a browser."""
    return _sibling("browser")


@pytest.fixture(scope="session")
def html() -> types.ModuleType:
    """Return what reads pages."""
    return _sibling("html_reading")
