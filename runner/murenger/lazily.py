"""Packages that import a name's module when the name is first asked for: a quick verb must not wait for all the others.

Input: the modules of a package, and the names that each gives it. Output: the package's `__getattr__` and `__dir__`. A
stub, `__init__.pyi`, tells type checkers the same.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence


def exports(
    package: str, modules: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return what finds a public name of a package, and what lists them all.

    Args:
        package: its full name.
        modules: module inside the package -> public names that are defined there.
    """
    homes = {name: module for module, names in modules.items() for name in names}

    def find(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        home = importlib.import_module(f"{package}.{homes[name]}")
        value: object = getattr(home, name)
        setattr(importlib.import_module(package), name, value)
        return value

    return find, lambda: sorted(homes)
