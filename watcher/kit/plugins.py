"""Adapters are found by their file name: adding one touches no list."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType


@cache
def kinds(package: str) -> tuple[str, ...]:
    """The adapters of a package, by file name; files that begin with `_` or named base are not."""
    path = import_module(package).__path__
    names = (module.name for module in iter_modules(path))
    return tuple(sorted(name for name in names if name != "base" and not name.startswith("_")))


@cache
def adapter(package: str, kind: str) -> ModuleType:
    """The adapter module of that kind. Raises LookupError naming the kinds there are."""
    if kind not in kinds(package):
        known = ", ".join(kinds(package))
        raise LookupError(f"no {package.rpartition('.')[2]} adapter {kind!r}; there are: {known}")
    return import_module(f"{package}.{kind}")
