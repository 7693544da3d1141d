"""Strict YAML: a document whose every key is known, unique and of the expected type.

Input: text of a YAML 1.2 file. Output: `Section`, from which each value is taken once, by key and type; what nobody
took is an unknown key. Plain `no` is text here and `22:22` is text: YAML 1.2, whatever the file's directives say.
"""

import importlib
import pathlib
import re
from collections.abc import Iterable

import ruamel.yaml
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import CollectionStartEvent, Event
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from murenger.errors import ConfigError

# A configuration is a page or two; what is larger is not one, and would only cost time to refuse.
MAX_CHARACTERS = 1_000_000
# Nothing in the file lies deeper than a policy's schedule; parsers take quadratic time over what does.
MAX_DEPTH = 20
_TAG = "tag:yaml.org,2002:"
_DURATION = re.compile(r"([0-9]{1,7})([smhd]?)")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?")
_UNIT_S = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_KINDS = {
    "map": "a section",
    "seq": "a list",
    "str": "text",
    "int": "a number",
    "bool": "true or false",
    "null": "empty",
}


class Section:
    """One mapping of the document.

    Args:
        file: the file, for messages.
        key: dotted key of this mapping, "" for the document itself.
        node: the YAML node.
        lines: filled with the line of every key that is taken.
        start: 1-based line of the section's own key.
    """

    def __init__(
        self, file: pathlib.Path, key: str, node: MappingNode, lines: dict[str, int], *, start: int = 1
    ) -> None:
        self.file = file
        self.key = key
        self._start = start
        self._lines = lines
        self._entries: dict[str, tuple[Node, Node]] = {}
        self._known: list[str] = []
        for key_node, value_node in node.value:
            self._add(key_node, value_node)

    def _add(self, key_node: Node, value_node: Node) -> None:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, ScalarNode) or key_node.tag != _TAG + "str":
            raise self.error(line, "a key must be plain text")
        name: str = key_node.value
        if name in self._entries:
            first = self._entries[name][0].start_mark.line + 1
            raise self.error(line, f"duplicate key {name!r}, first given on line {first}", "keep one of them")
        self._entries[name] = (key_node, value_node)

    def error(self, line: int, text: str, hint: str = "") -> ConfigError:
        """Return an error that names the file and the line."""
        where = f" in {self.key}" if self.key else ""
        return ConfigError(f"{self.file}:{line}: {text}{where}", hint=hint)

    def line(self, name: str = "") -> int:
        """Return the 1-based line of a key, or of this section where the key is absent."""
        return int(self._entries[name][0].start_mark.line) + 1 if name in self._entries else self._start

    def has(self, name: str) -> bool:
        """Return True if the key is there, whatever its value; counts as knowing the key."""
        self._known.append(name)
        return name in self._entries

    def is_section(self, name: str) -> bool:
        """Return True if the key is there and holds a section."""
        return name in self._entries and isinstance(self._entries[name][1], MappingNode)

    def _take(self, name: str) -> Node | None:
        self._known.append(name)
        if name not in self._entries:
            return None
        key_node, value_node = self._entries[name]
        self._lines[_join(self.key, name)] = key_node.start_mark.line + 1
        return value_node

    def _required(self, name: str, node: Node | None) -> Node:
        if node is not None:
            return node
        near = _nearest(name, (key for key in self._entries if key not in self._known))
        hint = f"is {near!r} on line {self.line(near)} meant?" if near else "murenger init writes an example"
        raise self.error(self.line(), f"required key {name!r} is missing", hint)

    def _scalar(self, name: str, node: Node, kind: str) -> str:
        if not isinstance(node, ScalarNode) or node.tag != _TAG + kind:
            raise self.wrong(name, node, _KINDS[kind])
        return str(node.value)

    def wrong(self, name: str, node: Node, expected: str) -> ConfigError:
        """Return the error for a value of another type; never quotes the value, which might be a secret."""
        found = _KINDS.get(str(node.tag).removeprefix(_TAG), "another type")
        hint = "put quotes around it" if expected == "text" and isinstance(node, ScalarNode) and node.value else ""
        return self.error(self._line_of(name, node), f"{name!r} must be {expected}, not {found}", hint)

    def _line_of(self, name: str, node: Node) -> int:
        """Return the line of a key, or of a list's item, which has none; an empty value's own line is the next one."""
        return self.line(name) if name in self._entries else int(node.start_mark.line) + 1

    def text(self, name: str) -> str:
        """Return a required text, not empty.

        Raises:
            ConfigError: it is missing, empty or of another type.
        """
        value = self._scalar(name, self._required(name, self._take(name)), "str")
        if not value.strip():
            raise self.error(self.line(name), f"{name!r} is empty")
        return value

    def optional_text(self, name: str) -> str | None:
        """Return a text, or None where the key is absent."""
        return self.text(name) if self.has(name) else None

    def number(self, name: str) -> int:
        """Return a required decimal integer.

        Raises:
            ConfigError: it is missing or not a plain decimal number.
        """
        node = self._required(name, self._take(name))
        value = self._scalar(name, node, "int")
        if not re.fullmatch(r"0|[1-9][0-9]{0,15}", value):
            raise self.error(self._line_of(name, node), f"{name!r} must be a plain decimal number")
        return int(value)

    def scalar(self, name: str) -> str | int | float | bool:
        """Return a required text, number, true or false, as YAML 1.2 reads it.

        Raises:
            ConfigError: it is missing or none of these.
        """
        node = self._required(name, self._take(name))
        if isinstance(node, ScalarNode):
            value = str(node.value)
            kind = str(node.tag).removeprefix(_TAG)
            if kind == "str":
                return value
            if kind == "bool":
                return value.lower() == "true"
            if kind in {"int", "float"} and _NUMBER.fullmatch(value):
                return int(value) if value.lstrip("-").isdigit() else float(value)
        raise self.error(self._line_of(name, node), f"{name!r} must be a text, a decimal number, true or false")

    def boolean(self, name: str, *, default: bool) -> bool:
        """Return true or false, or the default where the key is absent."""
        node = self._take(name)
        if node is None:
            return default
        value = self._scalar(name, node, "bool")
        return value.lower() == "true"

    def seconds(self, name: str, *, default: int, least: int = 0) -> int:
        """Return a duration in seconds, from a number of seconds or a text such as `90s`, `5m`, `2h`, `1d`.

        Raises:
            ConfigError: it is not a duration, or less than `least`.
        """
        node = self._take(name)
        if node is None:
            return default
        plain = isinstance(node, ScalarNode) and node.tag in {_TAG + "str", _TAG + "int"}
        match = _DURATION.fullmatch(node.value) if plain else None
        if match is None:
            raise self.error(self._line_of(name, node), f"{name!r} must be a duration", "such as 90s, 5m, 2h or 1d")
        value = int(match[1]) * _UNIT_S[match[2]]
        if value < least:
            raise self.error(self._line_of(name, node), f"{name!r} must be at least {least} seconds")
        return value

    def choice(self, name: str, choices: Iterable[str], *, default: str) -> str:
        """Return one of the choices, or the default where the key is absent."""
        value = self.optional_text(name)
        if value is None:
            return default
        allowed = tuple(choices)
        if value not in allowed:
            raise self.error(
                self.line(name), f"{name!r} must be one of {', '.join(allowed)}", suggestion(value, allowed)
            )
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a required list of texts; it may be empty.

        Raises:
            ConfigError: it is missing, not a list, or holds anything but texts.
        """
        node = self._required(name, self._take(name))
        if not isinstance(node, SequenceNode):
            raise self.wrong(name, node, "a list")
        return tuple(self._scalar(f"{name}[{index}]", item, "str") for index, item in enumerate(node.value))

    def words(self, name: str) -> tuple[tuple[str, int], ...]:
        """Return one word, or a list of words, each with its line; empty where the key is absent.

        A number counts as the word it is written as: a port is one.

        Raises:
            ConfigError: it is neither, or a word is empty.
        """
        node = self._take(name)
        if node is None:
            return ()
        words: list[tuple[str, int]] = []
        for item in node.value if isinstance(node, SequenceNode) else [node]:
            if not isinstance(item, ScalarNode) or item.tag not in {_TAG + "str", _TAG + "int"}:
                raise self.wrong(name, item, "a word or a list of words")
            line = int(item.start_mark.line) + 1
            if not item.value.strip():
                raise self.error(line, f"an empty word in {name!r}")
            words.append((str(item.value), line))
        return tuple(words)

    def section(self, name: str) -> "Section":
        """Return a required section.

        Raises:
            ConfigError: it is missing or not a section.
        """
        node = self._required(name, self._take(name))
        return self._as_section(name, node)

    def optional_section(self, name: str) -> "Section | None":
        """Return a section, or None where the key is absent."""
        return self.section(name) if self.has(name) else None

    def sections(self, name: str) -> tuple["Section", ...]:
        """Return a list of sections; empty where the key is absent.

        Raises:
            ConfigError: it is not a list of sections.
        """
        node = self._take(name)
        if node is None:
            return ()
        if not isinstance(node, SequenceNode):
            raise self.wrong(name, node, "a list")
        return tuple(self._as_section(f"{name}[{index}]", item) for index, item in enumerate(node.value))

    def _as_section(self, name: str, node: Node) -> "Section":
        if not isinstance(node, MappingNode) or node.tag != _TAG + "map":
            raise self.wrong(name, node, "a section")
        key = _join(self.key, name)
        start = self._lines[key] = self._line_of(name, node)
        return Section(self.file, key, node, self._lines, start=start)

    def finish(self) -> None:
        """Refuse every key that nobody took.

        Raises:
            ConfigError: there is an unknown key; the message suggests the nearest known one.
        """
        for name in self._entries:
            if name not in self._known:
                hint = suggestion(name, self._known) or "known keys: " + ", ".join(dict.fromkeys(self._known))
                raise self.error(self.line(name), f"unknown key {name!r}", hint)


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return `did you mean ...?` for the nearest known word, or ""."""
    near = _nearest(word, known)
    return f"did you mean {near!r}?" if near else ""


def _nearest(word: str, known: Iterable[str]) -> str:
    # A file without mistakes does not wait for what finds words that are near.
    near: list[str] = importlib.import_module("difflib").get_close_matches(word, list(known), n=1)
    return near[0] if near else ""


def read_document(file: pathlib.Path, text: str, lines: dict[str, int]) -> Section:
    """Return the document's top section.

    Args:
        file: the file, for messages.
        text: its whole content.
        lines: filled with the line of every key that is taken.

    Raises:
        ConfigError: not one YAML mapping, or it uses a tab, an anchor, an alias, a tag or a directive.
    """
    if len(text) > MAX_CHARACTERS:
        raise ConfigError(f"{file}: larger than {MAX_CHARACTERS} characters", hint="this is not a murenger.yml")
    _refuse_tabs_and_directives(file, text)
    node = _compose(file, text)
    if not isinstance(node, MappingNode):
        raise ConfigError(f"{file}:1: no settings in it", hint="murenger init writes a complete example")
    return Section(file, "", node, lines)


def _refuse_tabs_and_directives(file: pathlib.Path, text: str) -> None:
    for number, line in enumerate(text.split("\n"), start=1):
        if "\t" in line:
            raise ConfigError(f"{file}:{number}: a tab, which YAML does not take as space", hint="write spaces")
        if line.startswith("%"):
            raise ConfigError(f"{file}:{number}: a directive; the file is always read as YAML 1.2", hint="remove it")


def _compose(file: pathlib.Path, text: str) -> Node | None:
    yaml = ruamel.yaml.YAML(typ="safe", pure=True)
    yaml.Composer = _PlainComposer
    yaml.composer.file = file
    try:
        node: Node | None = yaml.compose(text)
    except MarkedYAMLError as exc:
        line = exc.problem_mark.line + 1 if exc.problem_mark else 1
        raise ConfigError(f"{file}:{line}: not YAML: {exc.problem or exc.context}") from exc
    except YAMLError as exc:
        raise ConfigError(f"{file}: not YAML: {str(exc).splitlines()[0]}") from exc
    return node


class _PlainComposer(Composer):
    """Refuses anchors, aliases, tags and deep nesting while they are still events: no alias is ever expanded.

    Attributes:
        file: the file, for messages.
    """

    file: pathlib.Path
    _collections = 0

    def compose_node(self, parent: Node | None, index: Node | int | None) -> Node:
        """Return the node that begins with the next event.

        Raises:
            ConfigError: no murenger.yml has such a node.
        """
        event: Event = self.parser.peek_event()
        is_collection = isinstance(event, CollectionStartEvent)
        self._collections += is_collection
        self._refuse(event)
        node: Node = super().compose_node(parent, index)
        self._collections -= is_collection
        return node

    def _refuse(self, event: Event) -> None:
        where = f"{self.file}:{event.start_mark.line + 1}"
        if self._collections > MAX_DEPTH:
            raise ConfigError(f"{where}: nested too deeply", hint="this is not a murenger.yml")
        if getattr(event, "anchor", None) is not None:
            raise ConfigError(f"{where}: an anchor or alias", hint="write the value out")
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise ConfigError(f"{where}: a tag ({tag})", hint="remove it; types are known from the key")


def _join(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name
