"""What is written in the repository: no loose ends, no secrets, no reasonless exceptions.

Input: the tracked kinds of text files. Output: one line per breach, `file:line: what`.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

TEXT = {".py", ".yml", ".yaml", ".toml", ".md", ".sh", ".cfg", ".j2", ""}
OUR_FOLDERS = [
    ".ci",
    "benchmarks",
    "changelogs",
    "docs",
    "extensions",
    "inventories",
    "meta",
    "playbooks",
    "plugins",
    "requirements",
    "roles",
    "runner",
    "tests",
]
SECRET_FOLDERS = ("docs", "extensions", "inventories", "playbooks", "plugins", "roles", "README.md")

LOOSE_END = re.compile(r"\b(?:TODO|FIXME|XXX)\b(?!.{0,3}#\d)")
SECRET = re.compile(
    r"""(?ix) ^ [\s>|*`-]* ["']? [\w.-]* (?:password|passwd|passphrase|secret|token|community|api_?key) ["']?
        \s* [:=] \s* (?P<value> \S .*) $"""
)
# References, types, switches and blanks, which say where a secret is or what it is, never what it reads.
HARMLESS = re.compile(
    r"""(?ix) ^ ["'`]? (?: \{\{ | !vault | < | \$ | \[ | \{ | [|>][+-]? \s* $ | \# | ["'] \s* $ | ["']{2}
        | (?:env|file|vault|keyring|exec): | (?: str|string|bool|true|false|yes|no|null|none|~|omit ) \b )"""
)
PRIVATE_KEY = re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----")
TYPE_IGNORE = re.compile(r"#\s*type:\s*ignore(?P<codes>\[[\w, -]+\])?(?P<reason>.*)")
NOQA = re.compile(r"#\s*noqa(?P<codes>:\s*[A-Z]+\d+(?:[,\s]+[A-Z]+\d+)*)?(?P<reason>.*)")


def texts(root: Path, folders: tuple[str, ...] | list[str]) -> Iterator[tuple[Path, list[str]]]:
    """Yield each text file below the folders, as its path from the root and its lines."""
    found = [
        path
        for folder in folders
        for path in ((root / folder).rglob("*") if (root / folder).is_dir() else [root / folder])
    ]
    for path in sorted(found):
        skipped = "__pycache__" in path.parts or "fixtures" in path.parts or "output" in path.parts
        if path.is_file() and not skipped and path.suffix in TEXT:
            yield path.relative_to(root), path.read_text(encoding="utf-8").splitlines()


def loose_ends(path: Path, lines: list[str]) -> Iterator[str]:
    """Yield a breach for each open end that names no issue."""
    for number, line in enumerate(lines, 1):
        if LOOSE_END.search(line):
            yield f"{path}:{number}: an open end without an issue's number"


def literal_secrets(path: Path, lines: list[str]) -> Iterator[str]:
    """Yield a breach for each secret that is written out, without repeating it."""
    for number, line in enumerate(lines, 1):
        found = SECRET.match(line)
        if PRIVATE_KEY.search(line) or (found and not HARMLESS.match(found["value"])):
            yield f"{path}:{number}: a secret is written out: refer to it, or write <name>"


def reasonless_exceptions(path: Path, lines: list[str]) -> Iterator[str]:
    """Yield a breach for each silenced check that lists no code or gives no reason."""
    for what, pattern in (("type: ignore", TYPE_IGNORE), ("noqa", NOQA)):
        explained = ""  # the codes whose reason stands on the line above
        for number, line in enumerate(lines, 1):
            found = pattern.search(line)
            if not found:
                explained = "any" if line.lstrip().startswith("#") else ""
                continue
            codes = found["codes"] or ""
            if codes and (found["reason"].strip(" -#:.") or explained in ("any", codes)):
                explained = codes
            else:
                yield f"{path}:{number}: `{what}` needs a code and a reason"


def reasonless_ruff_ignores(pyproject: str) -> Iterator[str]:
    """Yield a breach for each line of ignored ruff rules that has no comment."""
    section = ""
    for number, line in enumerate(pyproject.splitlines(), 1):
        section = line if line.startswith("[") else section
        if section.startswith("[tool.ruff.lint") and re.match(r'\s+"[A-Z]+\d*"', line) and "#" not in line:
            yield f"pyproject.toml:{number}: an ignored rule without a reason"


def bad_fragment(name: str, text: str, sections: set[str]) -> Iterator[str]:
    """Yield a breach for each thing in a changelog fragment that is not one sentence in a known section."""
    content = yaml.safe_load(text)
    if not isinstance(content, dict) or not content:
        yield f"{name}: not a mapping of sections"
        return
    for section, entries in content.items():
        if section not in sections:
            yield f"{name}: unknown section {section}"
        for entry in entries if isinstance(entries, list) else [entries]:
            if not isinstance(entry, str) or not re.fullmatch(r"[^\n]*\S[.]", entry.strip()):
                yield f"{name}: an entry is one line that ends with a full stop"


def test_no_open_end_lacks_its_issue(root: Path) -> None:
    ours = Path(__file__).relative_to(root)
    found = [b for path, lines in texts(root, OUR_FOLDERS) if path != ours for b in loose_ends(path, lines)]
    assert not found, "\n".join(found)


def test_no_secret_is_written_out(root: Path) -> None:
    found = [b for path, lines in texts(root, SECRET_FOLDERS) for b in literal_secrets(path, lines)]
    assert not found, "\n".join(found)


def test_every_silenced_check_says_why(root: Path, python_files: tuple[Path, ...]) -> None:
    found = [
        breach
        for path in python_files
        if path != Path(__file__)
        for breach in reasonless_exceptions(path.relative_to(root), path.read_text(encoding="utf-8").splitlines())
    ]
    found += reasonless_ruff_ignores((root / "pyproject.toml").read_text(encoding="utf-8"))
    assert not found, "\n".join(found)


def test_every_changelog_fragment_is_one_sentence(root: Path) -> None:
    config = yaml.safe_load((root / "changelogs/config.yaml").read_text(encoding="utf-8"))
    sections = {name for name, _ in config["sections"]} | {"trivial", "release_summary"}
    fragments = sorted((root / "changelogs/fragments").iterdir())
    found = [b for path in fragments for b in bad_fragment(path.name, path.read_text(encoding="utf-8"), sections)]
    assert not found, "\n".join(found)


def test_locks_are_hashed_and_name_no_index(root: Path) -> None:
    for name in ("build", "dev"):
        text = (root / f"requirements/{name}.txt").read_text(encoding="utf-8")
        assert "--generate-hashes --no-emit-index-url" in text.splitlines()[1], "made by `make lock`"
        assert not re.search(
            r"(?m)^-|://|file:|--(extra-)?index-url|--find-links|^[^#]* @ |/home|/opt|/root|/tmp", text
        )
        pins = re.findall(r"(?m)^(\S+==\S+)( \\\n\s+--hash=sha256:)?", text)
        assert pins, f"{name} pins nothing"
        assert not [pin for pin, hashed in pins if not hashed]


@pytest.mark.parametrize(
    ("line", "bites"),
    [
        ("# TODO: later", True),
        ("# FIXME later (#x)", True),
        ("# TODO(#12): later", False),
        ("# TODO #12", False),
        ("# a todo list", False),
    ],
)
def test_open_ends_are_found(line: str, *, bites: bool) -> None:
    assert bool(list(loose_ends(Path("a.py"), [line]))) is bites


@pytest.mark.parametrize(
    ("line", "bites"),
    [
        ("ansible_password: hunter2", True),
        ('  - password: "hunter2"', True),
        ("snmp_community=public1", True),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", True),
        ("ansible_password: \"{{ lookup('env', 'FW_PASSWORD') }}\"", False),
        ("ansible_password: !vault |", False),
        ("password: <the device's password>", False),
        ("password: env:FW_PASSWORD", False),
        ("password:", False),
        ("api_key: ''", False),
        ("The password: it is never stored.", False),
    ],
)
def test_secrets_are_found(line: str, *, bites: bool) -> None:
    assert bool(list(literal_secrets(Path("a.yml"), [line]))) is bites


@pytest.mark.parametrize(
    ("lines", "bites"),
    [
        (["x()  # noqa"], True),
        (["x()  # noqa: S101"], True),
        (["x()  # type: ignore"], True),
        (["x()  # type: ignore[arg-type]"], True),
        (["x()  # noqa: S101 - a fact of the driver"], False),
        (["# a fact of the driver", "x()  # noqa: S101"], False),
        (["x()  # noqa: S101 - a fact of the driver", "y()  # noqa: S101"], False),
        (["x()  # noqa: S101 - a fact of the driver", "y()  # noqa: S102"], True),
        (["x()  # noqa: S101 - a fact of the driver", "y()", "z()  # noqa: S101"], True),
        (["x()  # type: ignore[arg-type]  # a fact of the driver"], False),
    ],
)
def test_silenced_checks_are_found(lines: list[str], *, bites: bool) -> None:
    assert bool(list(reasonless_exceptions(Path("a.py"), lines))) is bites


def test_reasonless_ruff_ignores_are_found() -> None:
    good = '[tool.ruff.lint]\nignore = [\n    "D203", # why\n]\n'
    assert not list(reasonless_ruff_ignores(good))
    assert list(reasonless_ruff_ignores(good.replace(" # why", "")))


@pytest.mark.parametrize(
    "text", ["bugfixes: [no stop]", "nonsense: [One.]", "- One.", "", "bugfixes: ['One.\n\nTwo.']"]
)
def test_bad_fragments_are_found(text: str) -> None:
    assert list(bad_fragment("1.yml", text, {"bugfixes"}))
    assert not list(bad_fragment("1.yml", "bugfixes: [A rule was lost.]", {"bugfixes"}))
