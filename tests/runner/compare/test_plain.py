"""Lines compared in their order: what changed is named with its section and line, secrets never."""

from hypothesis import given
from hypothesis import strategies as st

from murenger.compare import compare_lines
from murenger.compare.plain import MAX_LINES, MAX_SHOWN
from murenger.model import Operation, Severity

GOLDEN = """\
config firewall policy
    edit 1
        set action accept
        set service "HTTPS"
    next
end
"""


def test_equal_texts_have_no_difference() -> None:
    assert compare_lines(GOLDEN, GOLDEN.replace("\n", "\r\n") + "\n\n   \n") == ()


def test_a_changed_line_is_named_with_its_section_and_line() -> None:
    (found,) = compare_lines(GOLDEN, GOLDEN.replace("accept", "deny"))
    assert found.path == ("config firewall policy", "edit 1")
    assert (found.golden, found.live) == ("set action accept", "set action deny")
    assert (found.golden_position, found.live_position) == (3, 3)
    assert (found.operation, found.severity) == (Operation.CHANGED, Severity.POLICY)


def test_a_moved_line_shows_as_removed_and_added() -> None:
    found = compare_lines("a\nb\nc\n", "c\na\nb\n")
    assert [(one.operation, one.golden or one.live) for one in found] == [
        (Operation.ADDED, "c"),
        (Operation.REMOVED, "c"),
    ]


def test_a_changed_secret_is_seen_and_not_shown() -> None:
    (found,) = compare_lines("set psksecret ENC abcdef\n", "set psksecret ENC fedcba\n")
    assert found.severity is Severity.SECRET
    assert found.golden == found.live == "set psksecret ENC <redacted>"


def test_what_is_too_large_says_so_and_is_never_equal() -> None:
    golden = "\n".join(f"rule {number}" for number in range(MAX_LINES))
    live = "\n".join(f"rule {number}" for number in reversed(range(MAX_LINES)))
    (found,) = compare_lines(golden, live)
    assert found.golden == f"too large to detail: {MAX_LINES} lines"


def test_a_line_without_end_is_cut_when_shown() -> None:
    (found,) = compare_lines("a " * 10_000_000, "b " * 10_000_000)
    assert found.golden is not None
    assert len(found.golden) < MAX_SHOWN + 50
    assert found.golden.endswith("characters)")


LINES = st.lists(st.sampled_from(["a", "b", " c", "  d", ""]), max_size=12).map("\n".join)


@given(golden=LINES, live=LINES)
def test_no_difference_means_equal_lines(golden: str, live: str) -> None:
    def kept(text: str) -> list[str]:
        return [line.rstrip() for line in text.split("\n") if line.strip()]

    assert (compare_lines(golden, live) == ()) == (kept(golden) == kept(live))
