"""A lab firewall for the tests, started once for each module and form.

Input: the form to run. Output: a running firewall.
"""

import contextlib
import os
import pathlib
from collections.abc import Callable, Iterator

import pytest

from murenger.lab import firewall
from murenger.lab.bench import Bench, running

FORMS = firewall.FORMS if os.geteuid() == 0 else (firewall.USERNS,)


@pytest.fixture(scope="module", params=FORMS)
def module_fw1(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Provide a firewall in each form that this user can run."""
    with running(tmp_path_factory.mktemp("lab") / "lab", form=str(request.param)) as bench:
        yield bench


@pytest.fixture
def fw1(module_fw1: Bench) -> Bench:
    """Provide a firewall with the rules and the connection table it booted with."""
    firewall.drift(module_fw1.device_dir, "revert")
    firewall.in_fw(module_fw1.device_dir, ("conntrack", "-F"))
    return module_fw1


@pytest.fixture
def start_fw1(tmp_path: pathlib.Path) -> Iterator[Callable[[str], Bench]]:
    """Provide a way to start a firewall of one's own, which ends with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda form: stack.enter_context(running(tmp_path / "lab", form=form))
