"""The capability page says what the suite proves, no more and no less."""

import ast
import pathlib
import re
from typing import Any

from tests.contracts.devices.capabilities import CONTRACTS, PAGE, page
from tests.contracts.devices.tables import NOT_APPLICABLE, TRIED_AGAINST

from murenger.adapters.napalm.profiles import PROFILES

REQUIRED = tuple(f"C{number:02}" for number in range(1, 37))


def names_of_tests() -> list[str]:
    """Return the names of this suite's tests."""
    folder = pathlib.Path(__file__).parent
    return [
        node.name
        for path in folder.glob("test_*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def test_the_page_is_what_the_suite_writes() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tests.contracts.devices.capabilities"


def test_every_contract_has_a_test_and_every_test_a_contract() -> None:
    named = {found.upper() for name in names_of_tests() for found in re.findall(r"(?:_|^)(c\d\d)_", name)}
    assert named == set(REQUIRED) == set(CONTRACTS)


def test_what_does_not_apply_is_stated_on_the_page() -> None:
    stated = re.findall(r"^\| (\w+) \| (C\d\d) \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert {(device, contract): why for device, contract, why in stated} == NOT_APPLICABLE


def test_every_driver_is_in_the_table() -> None:
    assert set(TRIED_AGAINST) == set(PROFILES)


def test_the_versions_are_those_that_run(bench: Any) -> None:
    version = bench.read().os_version
    told = TRIED_AGAINST[bench.platform]
    numbers = re.findall(r"\d+(?:\.\w+)+(?:-S[\d.]+)?", told)
    assert numbers
    if bench.platform == "nftables":
        # Kernels and distributions differ between machines; what counts is that the driver says which.
        assert re.fullmatch(r"nftables v\S+.*, Linux \S+", version), version
        return
    assert any(number in version for number in numbers), version
