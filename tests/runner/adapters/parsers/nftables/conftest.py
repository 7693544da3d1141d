"""What the tests of nftables share: the helpers around the kernel, which pytest's importlib mode keeps off sys.path.

Input: nothing. Output: the fixtures `campaign` and `listings`, modules of the package `kernel`.
"""

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

HELPERS = Path(__file__).with_name("kernel")
NAME = "nftables_kernel_oracle"


def helper(module: str) -> Any:
    """Return a module of the package of helpers."""
    if NAME not in sys.modules:
        places = [str(HELPERS)]
        spec = importlib.util.spec_from_file_location(NAME, HELPERS / "__init__.py", submodule_search_locations=places)
        assert spec
        assert spec.loader
        package = importlib.util.module_from_spec(spec)
        sys.modules[NAME] = package
        spec.loader.exec_module(package)
    return importlib.import_module(f"{NAME}.{module}")


@pytest.fixture(scope="session")
def campaign() -> Any:
    """Return what runs the oracle."""
    return helper("campaign")


@pytest.fixture(scope="session")
def listings() -> Any:
    """Return what compares two listings of one ruleset."""
    return helper("listings")
