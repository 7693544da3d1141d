"""`murenger config check|show`: is murenger.yml right, and what does it say once read?

Input: murenger.yml. Output: problems with their lines; exit 0 none, 2 some.
"""

import argparse
import dataclasses
import enum
import pathlib

from murenger.adapters.files.settings_check import problems
from murenger.cli import options
from murenger.cli.output import IN_SYNC, TROUBLE, emit


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb."""
    parser = verbs.add_parser("config", help="check or show murenger.yml")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = actions.add_parser("check", help="is everything there that it names?")
    options.add_site(check)
    check.set_defaults(run=_check)
    show = actions.add_parser("show", help="print it as it was read, defaults included")
    options.add_site(show)
    show.set_defaults(run=_show)


def _check(args: argparse.Namespace) -> int:
    site = options.site_of(args)
    found = problems(site.settings, site.parts.inventory)
    lines = [f"{problem.file}:{problem.line}: {problem.text} ({problem.hint})" for problem in found]
    data = {
        "schema": "murenger.config.check/1",
        "file": str(site.settings.file),
        "problems": [{"line": problem.line, "text": problem.text, "hint": problem.hint} for problem in found],
    }
    emit(args, text="\n".join(lines) or f"{site.settings.file}: no problem found", data=data)
    return TROUBLE if found else IN_SYNC


def _show(args: argparse.Namespace) -> int:
    settings = options.site_of(args).settings
    data = {name: value for name, value in _plain(settings).items() if name != "lines"}
    text = "\n".join(_lines("", data))
    emit(args, text=text, data={"schema": "murenger.config/1", **data})
    return IN_SYNC


def _plain(value: object) -> dict[str, object]:
    fields = dataclasses.fields(value)  # type: ignore[arg-type]  # only ever called with our own settings values
    return {field.name: _value(getattr(value, field.name)) for field in fields}


def _value(value: object) -> object:
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, pathlib.Path):
        return str(value)
    if isinstance(value, tuple):
        return [_value(item) for item in value]
    return _plain(value) if dataclasses.is_dataclass(value) else value


def _lines(name: str, value: object) -> list[str]:
    if isinstance(value, dict):
        return [line for key, item in value.items() for line in _lines(f"{name}.{key}" if name else key, item)]
    if isinstance(value, list):
        if not any(isinstance(item, dict) for item in value):
            return [f"{name}: {', '.join(map(str, value)) or '-'}"]
        return [line for index, item in enumerate(value) for line in _lines(f"{name}[{index}]", item)]
    return [f"{name}: {'-' if value is None else value}"]
