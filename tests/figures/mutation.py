"""Puts a bug of one line into the package while it is imported, in this process alone."""

from __future__ import annotations

import importlib.abc
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
from types import CodeType, ModuleType

import attrs


@attrs.frozen
class Mutant:
    """One line of a module made wrong: old, which must be there once, becomes new. first are tests to begin with."""

    name: str
    file: str
    old: str
    new: str
    first: str = ""

    @property
    def part(self) -> str:
        """The folder of its module."""
        return self.file.partition("/")[0]

    @property
    def module(self) -> str:
        """The module's name as it is imported."""
        return "orderpit." + self.file.removesuffix(".py").replace("/", ".")


class _Loader(SourceFileLoader):
    def __init__(self, mutant: Mutant, path: str) -> None:
        super().__init__(mutant.module, path)
        self._mutant = mutant

    def get_code(self, fullname: str) -> CodeType:
        # Not from the cache of bytecode, and not into it.
        text = self.get_data(self.path).decode()
        return compile(mutated(text, self._mutant), self.path, "exec", dont_inherit=True)


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._mutant.module:
            return None
        found = PathFinder.find_spec(fullname, path, target)
        assert found is not None
        assert found.origin is not None
        return spec_from_file_location(fullname, found.origin, loader=_Loader(self._mutant, found.origin))


def mutated(text: str, mutant: Mutant) -> str:
    """Return a module's source with the bug in it.

    Raises:
        ValueError: when the line is not there exactly once, so that the mutant means nothing.
    """
    if text.count(mutant.old) != 1:
        msg = f"mutant {mutant.name}: {mutant.file} has {mutant.old!r} {text.count(mutant.old)} times, not once"
        raise ValueError(msg)
    return text.replace(mutant.old, mutant.new)


def infect(mutant: Mutant) -> None:
    """Have the mutant imported instead of the module, which must not have been imported yet."""
    assert mutant.module not in sys.modules, f"{mutant.module} has been imported already"
    sys.meta_path.insert(0, _Finder(mutant))
