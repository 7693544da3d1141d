"""A read that is hard to believe counts only if a second one, over a new connection, gives the same."""

from collections.abc import Callable

import pytest

from murenger.dialects import PLATFORMS
from murenger.errors import IncompleteConfigError, UnreachableError
from murenger.model import Device, RawRead, SnapshotKind
from murenger.observe import LastGood, canonical, observe
from murenger.ports import ConfigSource
from murenger.secrets import Fingerprinter

OTHER_TABLE = "table ip nat {\n\tchain c {\n\t\tmasquerade\n\t}\n}\n"


@pytest.fixture
def last_good(
    raw: Callable[..., RawRead], device: Callable[..., Device], fingerprinter: Fingerprinter
) -> Callable[..., LastGood]:
    def make(platform: str, text: str | None = None) -> LastGood:
        return LastGood.of(canonical(raw(platform, text), device(platform), fingerprinter, SnapshotKind.RUNNING)[0])

    return make


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_ordinary_read_is_believed_at_once(
    *,
    platform: str,
    raw: Callable[..., RawRead],
    device: Callable[..., Device],
    source: Callable[..., ConfigSource],
    fingerprinter: Fingerprinter,
    last_good: Callable[..., LastGood],
) -> None:
    reads = source(raw(platform))
    observation = observe(device(platform), reads, fingerprinter, last_good(platform))
    assert reads.count == 1
    assert observation.doubt == ""
    assert observation.snapshot.text


@pytest.mark.parametrize(("platform", "expected"), [("eos", 1), ("junos", 2), ("nftables", 2)])
def test_a_first_read_is_confirmed_where_the_platform_marks_no_end(
    *,
    platform: str,
    expected: int,
    raw: Callable[..., RawRead],
    device: Callable[..., Device],
    source: Callable[..., ConfigSource],
    fingerprinter: Fingerprinter,
) -> None:
    reads = source(raw(platform), raw(platform))
    assert observe(device(platform), reads, fingerprinter).snapshot
    assert reads.count == expected


def test_an_empty_rule_set_is_real_when_seen_twice(
    raw: Callable[..., RawRead],
    device: Callable[..., Device],
    source: Callable[..., ConfigSource],
    fingerprinter: Fingerprinter,
    last_good: Callable[..., LastGood],
) -> None:
    for before in (None, last_good("nftables")):
        reads = source(raw("nftables", ""), raw("nftables", ""))
        observation = observe(device("nftables"), reads, fingerprinter, before)
        assert observation.snapshot.text == ""
        assert observation.doubt == "it is empty"
        assert reads.count == 2


def test_an_empty_read_that_a_second_one_contradicts_is_unknown(
    raw: Callable[..., RawRead],
    device: Callable[..., Device],
    source: Callable[..., ConfigSource],
    fingerprinter: Fingerprinter,
    last_good: Callable[..., LastGood],
) -> None:
    for before in (None, last_good("nftables")):
        with pytest.raises(IncompleteConfigError, match=r"empty.*differs"):
            observe(device("nftables"), source(raw("nftables", ""), raw("nftables")), fingerprinter, before)


def test_a_second_read_that_fails_leaves_it_unknown(
    raw: Callable[..., RawRead],
    device: Callable[..., Device],
    source: Callable[..., ConfigSource],
    fingerprinter: Fingerprinter,
    unreachable: UnreachableError,
) -> None:
    with pytest.raises(IncompleteConfigError, match="second read failed: gone") as caught:
        observe(device("nftables"), source(raw("nftables", ""), unreachable), fingerprinter)
    assert isinstance(caught.value.__cause__, UnreachableError)


def test_a_first_read_that_fails_is_told_as_it_is(
    device: Callable[..., Device],
    source: Callable[..., ConfigSource],
    fingerprinter: Fingerprinter,
    unreachable: UnreachableError,
) -> None:
    with pytest.raises(UnreachableError):
        observe(device("nftables"), source(unreachable), fingerprinter)


def test_half_the_rules_gone_is_real_when_seen_twice(
    *,
    raw: Callable[..., RawRead],
    texts: dict[str, str],
    device: Callable[..., Device],
    source: Callable[..., ConfigSource],
    fingerprinter: Fingerprinter,
    last_good: Callable[..., LastGood],
) -> None:
    head, rules = texts["nftables"].split("chain forward {\n")
    kept = head.replace("\t\tct state established,related accept\n", "") + "chain forward {\n" + "\t}\n}\n"
    few = kept.replace("type ipv4_addr\n", f'type ipv4_addr\n\t\tcomment "{"x" * len(rules)}"\n', 1)
    reads = source(raw("nftables", few), raw("nftables", few))
    observation = observe(device("nftables"), reads, fingerprinter, last_good("nftables"))
    assert "rules fell from 8 to 2" in observation.doubt
    with pytest.raises(IncompleteConfigError):
        observe(device("nftables"), source(raw("nftables", few), raw("nftables")), fingerprinter, last_good("nftables"))


def test_half_the_size_gone_is_doubted(
    raw: Callable[..., RawRead],
    device: Callable[..., Device],
    source: Callable[..., ConfigSource],
    fingerprinter: Fingerprinter,
    last_good: Callable[..., LastGood],
) -> None:
    short = "hostname leaf1\n!\nend\n"
    reads = source(raw("eos", short), raw("eos", short))
    assert "size fell" in observe(device("eos"), reads, fingerprinter, last_good("eos")).doubt


def test_a_lost_table_is_doubted_however_small(
    *,
    raw: Callable[..., RawRead],
    texts: dict[str, str],
    device: Callable[..., Device],
    source: Callable[..., ConfigSource],
    fingerprinter: Fingerprinter,
    last_good: Callable[..., LastGood],
) -> None:
    before = last_good("nftables", texts["nftables"] + OTHER_TABLE)
    reads = source(raw("nftables"), raw("nftables"))
    assert "1 of its sections" in observe(device("nftables"), reads, fingerprinter, before).doubt


def test_values_are_kept_apart_and_hidden(
    raw: Callable[..., RawRead],
    device: Callable[..., Device],
    source: Callable[..., ConfigSource],
    fingerprinter: Fingerprinter,
) -> None:
    observation = observe(device("eos"), source(raw("eos")), fingerprinter)
    assert "tide42pool" in observation.values.values()
    assert "tide42pool" not in repr(observation)
    assert "tide42pool" not in observation.snapshot.text


def _cuts(text: str) -> list[str]:
    lines = text.splitlines(keepends=True)
    return ["".join(lines[:count]) for count in range(len(lines))]


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("is_first", [True, False])
def test_a_read_cut_at_any_line_is_never_believed(
    *,
    platform: str,
    is_first: bool,
    raw: Callable[..., RawRead],
    texts: dict[str, str],
    device: Callable[..., Device],
    source: Callable[..., ConfigSource],
    fingerprinter: Fingerprinter,
    last_good: Callable[..., LastGood],
) -> None:
    text = texts[platform] + (OTHER_TABLE if platform == "nftables" else "")
    before = None if is_first else last_good(platform, text)
    header = text.index(text.lstrip().splitlines()[1])
    for cut in _cuts(text):
        if cut.strip() == "" and platform == "junos":
            assert len(cut) < header
        with pytest.raises(IncompleteConfigError):
            observe(device(platform), source(raw(platform, cut), raw(platform, text)), fingerprinter, before)


def test_a_rule_set_cut_the_same_way_twice_is_caught_by_the_rule_count(
    raw: Callable[..., RawRead],
    texts: dict[str, str],
    device: Callable[..., Device],
    source: Callable[..., ConfigSource],
    fingerprinter: Fingerprinter,
) -> None:
    text = texts["nftables"] + OTHER_TABLE
    for cut in _cuts(text):
        reads = source(*(raw("nftables", cut, witness_rule_count=9) for _ in range(2)))
        with pytest.raises(IncompleteConfigError):
            observe(device("nftables"), reads, fingerprinter)
