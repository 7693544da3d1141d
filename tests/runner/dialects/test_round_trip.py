"""Whatever can be read is written so that it reads the same."""

import os
import pathlib
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from murenger.dialects import PLATFORMS, Dialect, canonical_tree, count_rules, dialect, parse, render
from murenger.errors import ParseError

REPOSITORY = pathlib.Path(__file__).parents[3]
CORPUS = pathlib.Path(os.environ.get("MURENGER_CORPUS", REPOSITORY.parent / "shared" / "corpus"))
FIXTURES = REPOSITORY / "tests" / "fixtures"
EXAMPLES = sorted(pathlib.Path("/usr/share/doc/nftables/examples").glob("*.nft"))

_TEXT = {
    "nftables": st.text(alphabet='table inet x{}"#;\n\t chain=,c', max_size=60),
    "eos": st.text(alphabet="ab! \nendEOF\tbaner motd", max_size=60),
    "junos": st.text(alphabet='ab{};[]"\\/*# \n', max_size=60),
}


def _again(text: str, known: Dialect) -> None:
    tree = parse(text, known)
    once = render(tree, known)
    assert parse(once, known) == tree
    assert render(parse(once, known), known) == once


@pytest.mark.parametrize("platform", PLATFORMS)
def test_text_either_reads_the_same_again_or_is_refused(platform: str) -> None:
    @given(_TEXT[platform])
    def check(text: str) -> None:
        known = dialect(platform)
        try:
            parse(text, known)
        except ParseError:
            return
        _again(text, known)

    check()


_WORD = st.from_regex(r"[a-z][a-z0-9.-]{0,8}", fullmatch=True)
_QUOTED = st.text(st.characters(exclude_characters='"\\\0', exclude_categories=()), max_size=20).map(
    lambda text: f'"{text}"'
)
_NFT_RULE = st.builds(lambda word, text: f"ip saddr {word} accept comment {text}", _WORD, _QUOTED)


@given(st.lists(_NFT_RULE, max_size=6), st.lists(_QUOTED, max_size=3))
def test_nft_rules_with_any_comment_are_kept_exactly(rules: list[str], comments: list[str]) -> None:
    known = dialect("nftables")
    lines = [*(f"\t\t{rule}\n" for rule in rules), *(f"\t\tlog prefix {text}\n" for text in comments)]
    text = "table inet x {\n\tchain c {\n" + "".join(lines) + "\t}\n}\n"
    assert render(parse(text, known), known) == text
    assert count_rules(parse(text, known), known) == len(lines)


_JUNOS_STRING = st.text(st.characters(exclude_characters='"\\\0', exclude_categories=()), max_size=20)


@given(st.recursive(_JUNOS_STRING, lambda inner: st.lists(inner, min_size=1, max_size=3), max_leaves=12))
def test_junos_strings_are_kept_exactly(content: object) -> None:
    known = dialect("junos")

    def write(item: object) -> str:
        return "block {" + "".join(map(write, item)) + "}" if isinstance(item, list) else f'leaf "{item}";'

    _again(write(content), known)


KNOWN = sorted(path for path in FIXTURES.glob("*/*/*.conf") if path.parts[-3] in PLATFORMS)


@pytest.mark.parametrize("path", KNOWN, ids=lambda path: "/".join(path.parts[-3:]))
def test_fixtures_read_the_same_again(path: pathlib.Path | None) -> None:
    _again(path.read_bytes().decode(), dialect(path.parts[-3]))


def _corpus_files() -> list[tuple[pathlib.Path | None, str]]:
    found = [
        (path, platform)
        for platform in ("eos", "junos")
        for path in (*CORPUS.glob(f"batfish/{platform}/*"), *CORPUS.glob(f"*/*{platform}*"))
        if path.is_file()
    ]
    return found or [(None, "")]


@pytest.mark.corpus
@pytest.mark.parametrize(("path", "platform"), _corpus_files(), ids=lambda value: getattr(value, "name", str(value)))
def test_corpus_is_read_or_refused_and_never_worse(path: pathlib.Path | None, platform: str) -> None:
    if path is None:
        pytest.skip(f"no configurations at {CORPUS}; set MURENGER_CORPUS")
    known = dialect(platform)
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    try:
        parse(text, known)
    except ParseError:
        return
    _again(text, known)


OWN_LISTING = """table inet filter {
\tchain input {
\t\ttype filter hook input priority filter; policy drop;
\t\ttcp dport { 22, 443 } accept
\t}
}
{"nftables": [{"rule":{}}]}
"""


def _listed(path: pathlib.Path) -> str | None:
    """Return how the kernel lists an example, text and then JSON; None where it does not load it."""
    done = subprocess.run(
        ["unshare", "-rn", "sh", "-c", 'nft -f "$1" && nft -s list ruleset && nft -s -j list ruleset', "sh", path],
        capture_output=True,
        text=True,
        check=False,
    )
    return None if done.returncode else done.stdout


@pytest.mark.lab
def test_what_the_kernel_lists_is_written_back_exactly() -> None:
    # Some examples name interfaces or files of other machines; a dozen load anywhere nft and its examples are.
    listings = [listing for listing in map(_listed, EXAMPLES) if listing is not None]
    assert len(listings) > 10 or not EXAMPLES
    known = dialect("nftables")
    for both in [*listings, OWN_LISTING]:
        listing, _, as_json = both.rpartition('{"nftables"')
        tree = parse(listing, known)
        assert render(tree, known) == listing
        assert count_rules(tree, known) == as_json.count('{"rule":')
        assert parse(render(canonical_tree(tree, known), known), known) == canonical_tree(tree, known)
