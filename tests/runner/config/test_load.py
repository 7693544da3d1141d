"""murenger.yml: what it may say, and that everything else is an error naming file, line and remedy."""

import pathlib
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from murenger.config import Credential, Reference, ReferenceKind, load, murenger_yml
from murenger.errors import ConfigError
from murenger.model import Mode, Policy

Write = Callable[[str | bytes], pathlib.Path]


def refusal(path: pathlib.Path) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(file=path)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    return caught.value


def test_everything_is_read_with_absolute_paths(write: Write, complete: str, tmp_path: pathlib.Path) -> None:
    settings = load(file=write(complete))
    assert settings.inventory == tmp_path / "inventory"
    assert settings.vault_password_file == tmp_path / "keys/vault"
    assert (settings.golden.repository, settings.golden.branch) == (tmp_path / "golden", "main")
    assert settings.golden.trust == tmp_path / "trust/golden"
    assert (settings.store.path, settings.store.origin) == (tmp_path / "store", "site1.fw.example.net")
    assert settings.runner.key == tmp_path / "keys/runner"
    assert settings.read == Credential(
        username=Reference(kind=ReferenceKind.INVENTORY, name="ansible_user"),
        password=Reference(kind=ReferenceKind.INVENTORY, name="ansible_password"),
    )
    assert settings.heal == Credential(
        username=Reference(kind=ReferenceKind.ENV, name="HEAL_USER"),
        ssh_key=Reference(kind=ReferenceKind.FILE, name=str(tmp_path / "keys/heal")),
    )
    assert settings.policies == (
        Policy(
            name="edge",
            devices=("fw1", "edge"),
            mode=Mode.HEAL,
            standing_change=str(tmp_path / "standing.json"),
            revert_in_s=120,
            interval_s=300,
            jitter_s=30,
        ),
        Policy(name="core", devices=(), interval_s=None, cron="*/5 1-3 * jan mon"),
    )
    assert (settings.connection.connect_timeout_s, settings.connection.read_timeout_s) == (10, 60)
    assert settings.playbook.name == "murenger.drift.heal"
    assert settings.playbook.post_tasks == tmp_path / "tasks/after.yml"


def test_lines_are_known_for_messages(write: Write, complete: str) -> None:
    settings = load(file=write(complete))
    rows = complete.splitlines()
    assert rows[settings.line("golden.trust") - 1] == "  trust: trust/golden"
    assert rows[settings.line("policies[1].schedule.cron") - 1].startswith("    schedule: {cron")
    assert rows[settings.line("golden.unheard.of") - 1] == "golden:"
    assert settings.line("unheard") == 1


def test_the_template_is_loaded_and_observes_nothing_yet(write: Write) -> None:
    settings = load(file=write(murenger_yml(origin="test.lab.example.net", runner_id="murenger@lab")))
    assert [(policy.devices, policy.mode) for policy in settings.policies] == [((), Mode.OBSERVE)]
    assert settings.read != settings.heal


@pytest.mark.parametrize("name", ["a: b", "#x", "true", "12", "x y", "é", 'q"q', "../x", "{x}", "*x", "- x", "no"])
def test_the_template_takes_any_path(write: Write, name: str, tmp_path: pathlib.Path) -> None:
    text = murenger_yml(origin="lab.example.net", runner_id="murenger@lab", inventory=name)
    assert load(file=write(text)).inventory == tmp_path / name


def test_the_file_is_found_upward(write: Write, complete: str, tmp_path: pathlib.Path) -> None:
    path = write(complete)
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert load(inner).file == path


def test_no_file_at_all_is_an_error_with_a_remedy(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ConfigError, match=r"no murenger\.yml in .*murenger init"):
        load(tmp_path / "empty")


def test_a_missing_or_unreadable_file_is_named(tmp_path: pathlib.Path) -> None:
    assert "cannot be read" in str(refusal(tmp_path / "other.yml"))
    assert str(tmp_path) in str(refusal(tmp_path))


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(write: Write, complete: str) -> None:
    assert load(file=write(b"\xef\xbb\xbf" + complete.replace("\n", "\r\n").encode())).store.origin


BROKEN = [
    # what is replaced, by what, the line that is named, words of the error
    (
        "trust: trust/records",
        "trust: trust/records\ntrust: other",
        "trust: other",
        "duplicate key 'trust', first given on line 10",
    ),
    (
        "  key: keys/runner",
        "  key: keys/runner\n  key: x",
        "key: x",
        "duplicate key 'key', first given on line 13 in runner",
    ),
    ("  repository: golden", "  repositry: golden", "golden:", "missing in golden (is 'repositry' on line 5 meant?)"),
    ("connection:", "conection:", "conection:", "unknown key 'conection' (did you mean 'connection'?)"),
    ("  connect_timeout", "  conect_timeout", "conect_timeout: 10s", "did you mean 'connect_timeout'?"),
    ("    jitter: 30", "    zzz: 30", "zzz: 30", "unknown key 'zzz' in policies[0] (known keys: "),
    ("  repository: golden", "\trepository: golden", "repository: golden", "a tab"),
    ("  repository: golden", "  repository:\tgolden", "repository:\tgolden", "a tab"),
    ("inventory: inventory", "inventory: inventory # a\ttab", "inventory: inventory # a\ttab", "a tab"),
    ("version: 1", "version: 2", "version: 2", "version 2 is not known"),
    ("version: 1", "version: '1'", "version: '1'", "'version' must be a number, not text"),
    ("version: 1", "version: 0x1", "version: 0x1", "plain decimal number"),
    ("version: 1", "version: 01", "version: 01", "plain decimal number"),
    ("version: 1", "version: 1.0", "version: 1.0", "'version' must be a number"),
    ("version: 1", "version: true", "version: true", "must be a number, not true or false"),
    ("version: 1\n", "", "inventory: inventory", "required key 'version' is missing"),
    (
        "inventory: inventory",
        "inventory: 7",
        "inventory: 7",
        "'inventory' must be text, not a number (put quotes around it)",
    ),
    ("inventory: inventory", "inventory: 2026-01-01", "inventory: 2026-01-01", "'inventory' must be text"),
    ("inventory: inventory", "inventory: []", "inventory: []", "'inventory' must be text, not a list"),
    ("inventory: inventory", "inventory:", "inventory:", "'inventory' must be text, not empty"),
    ("inventory: inventory", "inventory: ''", "inventory: ''", "'inventory' is empty"),
    ("inventory: inventory", 'inventory: "a\\0b"', 'inventory: "a\\0b"', "NUL"),
    (
        "inventory: inventory",
        "inventory: ~nobody-of-that-name/x",
        "inventory: ~nobody-of-that-name/x",
        "a home that is not known",
    ),
    ("runner:\n  id: murenger@site1", "runner:\n  id: [x]", "id: [x]", "'id' must be text"),
    ("  id: murenger@site1", "  id: 'murenger site1'", "id: 'murenger site1'", "'id' is not a principal"),
    ("store:", "store: store\nstores:", "store: store", "'store' must be a section, not text"),
    (
        "  origin: site1.fw.example.net",
        "  origin: https://fw.example.net",
        "origin: https://fw.example.net",
        "'origin' is not the name of a log",
    ),
    (
        "  origin: site1.fw.example.net",
        "  origin: fw example",
        "origin: fw example",
        "'origin' is not the name of a log",
    ),
    (
        "  origin: site1.fw.example.net",
        "  origin: fw+example",
        "origin: fw+example",
        "'origin' is not the name of a log",
    ),
    ("  origin: site1.fw.example.net", "  origin: ../up", "origin: ../up", "'origin' is not the name of a log"),
    ("  origin: site1.fw.example.net", "  origin: fw/site1", "origin: fw/site1", "'origin' is not the name of a log"),
    (
        "  repository: golden\n",
        "  repository: golden\n  branch: --upload-pack=x\n",
        "branch: --upload-pack=x",
        "not a branch name",
    ),
    ("  repository: golden\n", "  repository: golden\n  branch: a..b\n", "branch: a..b", "not a branch name"),
    ("  trust: trust/golden", "  trust: golden/signers", "trust: golden/signers", "inside the golden repository"),
    (
        "  trust: trust/golden",
        "  trust: x/../golden/signers",
        "trust: x/../golden/signers",
        "inside the golden repository",
    ),
    (
        "trust: trust/records",
        "trust: golden/.git/records",
        "trust: golden/.git/records",
        "inside the golden repository",
    ),
    ("    mode: heal", "    mode: heel", "mode: heel", "'mode' must be one of observe, propose, heal"),
    ("    mode: heal", "    mode: Heal", "mode: Heal", "did you mean 'heal'?"),
    ("    standing_change: standing.json\n", "", "mode: heal", "mode heal needs 'standing_change'"),
    ("    revert_in: 2m", "    revert_in: 2 minutes", "revert_in: 2 minutes", "'revert_in' must be a duration"),
    ("    revert_in: 2m", "    revert_in: -5", "revert_in: -5", "'revert_in' must be a duration"),
    ("    revert_in: 2m", "    revert_in: 0", "revert_in: 0", "at least 1 seconds"),
    ("    revert_in: 2m", "    revert_in: 1:30", "revert_in: 1:30", "'revert_in' must be a duration"),
    ("      interval: 5m", "      interval: 0s", "interval: 0s", "at least 1 seconds"),
    (
        "      interval: 5m",
        "      interval: 5m\n      cron: '* * * * *'",
        "schedule:",
        "exactly one of interval and cron",
    ),
    ('schedule: {cron: "*/5 1-3 * jan mon"}', "schedule: {}", "schedule: {}", "exactly one of interval and cron"),
    ("    devices: [fw1, edge]", "    devices: fw1", "devices: fw1", "'devices' must be a list, not text"),
    ("    devices: [fw1, edge]\n", "", "- name: edge", "required key 'devices' is missing"),
    ("    devices: [fw1, edge]", "    devices: [fw1, 7]", "devices: [fw1, 7]", "'devices[1]' must be text"),
    ("    devices: [fw1, edge]", "    devices: ['fw*']", "devices: ['fw*']", "'fw*' is not a device or group name"),
    ("    devices: [fw1, edge]", "    devices: ['!fw1']", "devices: ['!fw1']", "is not a device or group name"),
    ("    devices: [fw1, edge]", "    devices: ['a:b']", "devices: ['a:b']", "is not a device or group name"),
    ("    devices: [fw1, edge]", "    devices: [fw1, fw1]", "devices: [fw1, fw1]", "listed twice"),
    ("    devices: []", "    devices: [edge]", "devices: [edge]", "'edge' is in policy 'edge' and in policy 'core'"),
    ("  - name: core", "  - name: edge", "- name: edge", "another policy is called 'edge' too"),
    ("  - name: core", "  - just text\n  - name: core", "- just text", "must be a section, not text"),
    ("policies:\n", "policies: {}\npolices:\n", "policies: {}", "'policies' must be a list, not a section"),
    ("    username: {inventory: ansible_user}\n", "", "read:", "required key 'username' is missing"),
    ("    password: {inventory: ansible_password}\n", "", "read:", "neither 'password' nor 'ssh_key'"),
    ("{env: HEAL_USER}", "{env: HEAL USER}", "username: {env: HEAL USER}", "'env' is not a variable name"),
    ("{env: HEAL_USER}", "{env: A, file: b}", "username: {env: A, file: b}", "exactly one of inventory, file and env"),
    ("{env: HEAL_USER}", "{}", "username: {}", "exactly one of inventory, file and env"),
    ("{env: HEAL_USER}", "{vault: x}", "username: {vault: x}", "unknown key 'vault'"),
    (
        "  post_tasks: tasks/after.yml",
        "  post_task: tasks/after.yml",
        "post_task: tasks/after.yml",
        "did you mean 'post_tasks'?",
    ),
    ("  path: store", "  ? [path]\n  : store", "? [path]", "a key must be plain text"),
    ("  path: store", "  1: store", "1: store", "a key must be plain text"),
    ("trust: trust/records", "trust: &t trust/records", "trust: &t trust/records", "an anchor or alias"),
    ("trust: trust/records", "trust: *t", "trust: *t", "an anchor or alias"),
    ("trust: trust/records", "trust: !!python/object:os.system x", "trust: !!python/object:os.system x", "a tag"),
    ("trust: trust/records", "trust: !vault x", "trust: !vault x", "a tag"),
    ("version: 1", "%YAML 1.1\n---\nversion: 1", "%YAML 1.1", "a directive"),
    ("trust: trust/records", "trust: trust/records\n---\nversion: 1", "---", "not YAML"),
    ("trust: trust/records", "trust: [", "id: murenger@site1", "not YAML"),
    ("trust: trust/records", "trust: 'x", "", "not YAML"),
]


@pytest.mark.parametrize("broken", BROKEN, ids=[broken[3] for broken in BROKEN])
def test_a_mistake_is_named_with_file_line_and_words(
    write: Write, complete: str, broken: tuple[str, str, str, str]
) -> None:
    old, new, row, words = broken
    assert complete.count(old) == 1
    text = complete.replace(old, new)
    path = write(text)
    message = str(refusal(path))
    assert words in message
    place = re.match(rf"{re.escape(str(path))}:([0-9]+): ", message)
    assert place
    assert text.split("\n")[int(place[1]) - 1].strip() == row


@pytest.mark.parametrize("mode", ["heal", "propose"])
def test_a_mode_that_changes_devices_needs_a_healing_credential(write: Write, complete: str, mode: str) -> None:
    without = complete.replace("  heal:\n    username: {env: HEAL_USER}\n    ssh_key: {file: keys/heal}\n", "")
    message = str(refusal(write(without.replace("mode: heal", f"mode: {mode}"))))
    assert f"mode {mode} needs 'credentials.heal'" in message


@pytest.mark.parametrize("literal", ["S3cretWord", "'S3cretWord'", "[S3cretWord]", "|\n      S3cretWord", "12345678"])
def test_a_password_written_out_is_refused_and_not_repeated(write: Write, complete: str, literal: str) -> None:
    error = refusal(write(complete.replace("{inventory: ansible_password}", literal)))
    assert "references only" in str(error)
    assert "murenger.yml:18:" in str(error)
    assert "S3cret" not in str(error)
    assert "12345678" not in str(error)


def test_a_password_of_the_wrong_shape_elsewhere_is_not_repeated(write: Write, complete: str) -> None:
    error = refusal(write(complete.replace("{env: HEAL_USER}", "{env: [S3cretWord]}")))
    assert "S3cret" not in str(error)


def test_words_keep_their_yaml_1_2_meaning(write: Write, complete: str, tmp_path: pathlib.Path) -> None:
    text = complete.replace("devices: []", "devices: [no, yes, on, off]").replace("path: store", "path: 22:22")
    settings = load(file=write(text))
    assert settings.policies[1].devices == ("no", "yes", "on", "off")
    assert settings.store.path == tmp_path / "22:22"


def test_an_alias_bomb_is_refused_at_once(write: Write) -> None:
    rows = ["a: &a [x,x,x,x,x,x,x,x,x]"]
    rows += [f"{new}: &{new} [{','.join(['*' + old] * 9)}]" for old, new in zip("abcdefgh", "bcdefghi", strict=True)]
    assert "an anchor or alias" in str(refusal(write("\n".join(rows))))


@pytest.mark.parametrize("depth", [100, 5000])
def test_deep_nesting_is_refused(write: Write, depth: int) -> None:
    message = str(refusal(write("version: " + "[" * depth + "]" * depth)))
    assert "nested too deeply" in message


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n", "text\n", "null\n", "~\n"])
def test_a_file_without_settings_is_refused(write: Write, text: str) -> None:
    assert "no settings in it" in str(refusal(write(text)))


def test_what_is_not_text_is_refused(write: Write, complete: str) -> None:
    assert "not UTF-8" in str(refusal(write(b"\xff\xfe" + complete.encode())))
    assert "not YAML" in str(refusal(write(complete.replace("store\n", "st\x01re\n"))))
    assert "larger than" in str(refusal(write("#" * 1_000_001)))


def test_a_link_that_leads_into_the_golden_repository_is_refused(
    write: Write, complete: str, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "golden").mkdir()
    (tmp_path / "trust").symlink_to("golden")
    assert "inside the golden repository" in str(refusal(write(complete)))


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("* * * *", "five fields, not 4"),
        ("* * * * * *", "five fields, not 6"),
        ("60 * * * *", "'60' is not a cron minute"),
        ("* 24 * * *", "'24' is not a cron hour"),
        ("* * 0 * *", "'0' is not a cron day of month"),
        ("* * * 13 *", "'13' is not a cron month"),
        ("* * * * 8", "'8' is not a cron day of week"),
        ("*/0 * * * *", "'*/0' is not a cron minute"),
        ("5-1 * * * *", "'5-1' is not a cron minute"),
        ("a * * * *", "'a' is not a cron minute"),
        ("1,,2 * * * *", "'1,,2' is not a cron minute"),
        ("@daily", "five fields, not 1"),
    ],
)
def test_a_cron_expression_that_is_none_is_refused(write: Write, complete: str, cron: str, words: str) -> None:
    assert words in str(refusal(write(complete.replace("*/5 1-3 * jan mon", cron))))


@pytest.mark.parametrize("cron", ["0 0 1 1 0", "*/15 8-18 * * mon-fri", "1,2,3-9/2 * 31 dec 7", "5/10 * * * *"])
def test_cron_expressions_of_every_kind_are_taken(write: Write, complete: str, cron: str) -> None:
    assert load(file=write(complete.replace("*/5 1-3 * jan mon", cron))).policies[1].cron == cron


@given(st.text(max_size=200))
def test_any_text_is_settings_or_a_config_error(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ConfigError):
        load(file=path)
