"""What every test shares: where real configurations lie, when the lab can run, and that a skip is never a pass.

Input: the environment variables MURENGER_CORPUS (a folder of real configurations) and MURENGER_REQUIRE_LAB (1: a
skipped lab test fails). Output: the fixtures `corpus` and `closed_port`, skips with their
reason, lab tests marked as one group.
"""

import os
import shutil
import socket
import subprocess
from collections.abc import Generator, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LAB_TOOLS = ("nft", "ip", "conntrack", "sshd", "ssh-keygen", "unshare")
SYSTEM_PATHS = ("/usr/sbin", "/sbin")


def corpus_folder() -> Path:
    """Return the folder that should hold the real configurations, whether it exists or not."""
    return Path(os.environ.get("MURENGER_CORPUS") or ROOT.parent / "shared" / "corpus")


def why_no_corpus() -> str | None:
    """Say why tests on real configurations cannot run here, or None."""
    folder = corpus_folder()
    return None if folder.is_dir() else f"no real configurations in {folder}: set MURENGER_CORPUS"


@cache
def why_no_lab() -> str | None:
    """Say why namespaced firewalls cannot run here, or None."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *SYSTEM_PATHS))
    missing = [tool for tool in LAB_TOOLS if shutil.which(tool, path=path) is None]
    if missing:
        return f"the lab needs {', '.join(missing)}: run .ci/packages as root"
    trial = ("unshare", "--user", "--map-root-user", "--net", "nft", "list", "ruleset")
    outcome = subprocess.run(
        trial, env=os.environ | {"PATH": path}, capture_output=True, text=True, timeout=20, check=False
    )
    if outcome.returncode:
        return f"user namespaces with nftables are not available: {outcome.stderr.strip() or 'unshare failed'}"
    return None


def lab_is_required() -> bool:
    """Tell whether a skipped lab test must fail."""
    return os.environ.get("MURENGER_REQUIRE_LAB", "") not in ("", "0")


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Return the folder of real configurations, or skip with the reason."""
    reason = why_no_corpus()
    if reason:
        pytest.skip(reason)
    return corpus_folder()


@pytest.fixture
def closed_port() -> Iterator[int]:
    """Give a port of the loopback that refuses; it stays bound, so that nobody else comes to listen on it."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what cannot run here, with its reason, and mark lab tests as one group.

    pytest-xdist 3.8 writes the group into a field that pytest 9.2 does not read, so nothing relies on it: each lab has
    ports, namespaces and folders of its own, on whichever worker it runs.
    `@pytest.mark.lab(namespaces=False)` marks an emulator, which needs no namespace and runs everywhere.
    """
    for item in items:
        lab = item.get_closest_marker("lab")
        if lab:
            item.add_marker(pytest.mark.xdist_group("lab"))
            reason = why_no_lab() if lab.kwargs.get("namespaces", True) else None
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))
        if item.get_closest_marker("corpus"):
            reason = why_no_corpus()
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of a lab test into a failure where the lab is required."""
    report = yield
    skipped = report.skipped and not hasattr(report, "wasxfail")
    if skipped and lab_is_required() and item.get_closest_marker("lab"):
        report.outcome = "failed"
        report.longrepr = f"skipped, although MURENGER_REQUIRE_LAB is set: {skip_reason(report)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Refuse a whole module's skip where the lab is required: it could hide lab tests."""
    report = yield
    if report.outcome == "skipped" and lab_is_required():
        report.outcome = "failed"
        report.longrepr = (
            f"{collector.nodeid} skips itself, although MURENGER_REQUIRE_LAB is set: {skip_reason(report)}"
        )
    return report


def skip_reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Return the reason that was given for a skip."""
    return report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
