"""Registries: one idea, one file, one decorator.

A registry maps names to functions or classes of one kind. goldwork's own entries register when their module
is imported, which happens at the first look-up; other packages register through the entry-point group
``goldwork.<kind>``, whose names are the entries' names.
"""

from __future__ import annotations

import importlib
import pkgutil
import threading
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Any, Generic, TypeVar

from goldwork.errors import UnknownNameError

T = TypeVar("T")


class Registry(Generic[T]):
    """Named entries of one kind, from goldwork's `package` and from installed entry points."""

    def __init__(self, kind: str, package: str) -> None:
        self.kind = kind
        self.package = package
        self._entries: dict[str, T] = {}
        self._facts: dict[str, Mapping[str, Any]] = {}
        self._loading = threading.RLock()
        self._begun = False
        self._loaded = False

    def __call__(self, name: str, **facts: Any) -> Callable[[T], T]:
        """Register what is decorated under `name`, with what else is to be known of it.

        A name taken by something else is a programming error.
        """

        def register(entry: T) -> T:
            if self._entries.setdefault(name, entry) is not entry:
                raise ValueError(f"{self.kind} {name!r} is registered twice")
            self._facts[name] = facts
            return entry

        return register

    def get(self, name: str) -> T:
        """The entry called `name`. Raises UnknownNameError, which lists the names there are."""
        self._load()
        try:
            return self._entries[name]
        except KeyError:
            known = ", ".join(self.names())
            raise UnknownNameError(f"no {self.kind} is called {name!r}. There are: {known}.") from None

    def facts(self, name: str) -> Mapping[str, Any]:
        """What the entry called `name` was registered with; nothing for an entry point."""
        self.get(name)
        return self._facts.get(name, {})

    def names(self) -> list[str]:
        """All names, sorted."""
        self._load()
        return sorted(self._entries)

    def _load(self) -> None:
        """Import every entry, once. Threads that come meanwhile wait; entries that look up others see those so far."""
        if self._loaded:
            return
        with self._loading:
            if self._begun:
                return
            self._begun = True
            package = importlib.import_module(self.package)
            for module in pkgutil.iter_modules(package.__path__):
                importlib.import_module(f"{self.package}.{module.name}")
            for point in entry_points(group=f"goldwork.{self.kind}"):
                self._entries.setdefault(point.name, point.load())
            self._loaded = True
