"""Registries: names, entry points, errors."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from goldwork.errors import UnknownNameError
from goldwork.registry import Registry


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A package with a registry and two modules that register themselves."""
    folder = tmp_path / "house"
    folder.mkdir()
    (folder / "__init__.py").write_text("from goldwork.registry import Registry\nthing = Registry('thing', __name__)\n")
    (folder / "one.py").write_text("from house import thing\n@thing('one')\ndef one(): return 1\n")
    (folder / "two.py").write_text("from house import thing\n@thing('two')\ndef two(): return 2\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import house  # type: ignore[import-not-found]

    yield house
    for name in [name for name in sys.modules if name.split(".")[0] in ("house", "guest")]:
        del sys.modules[name]


def install(folder: Path, text: str) -> None:
    """What pip leaves behind of a package with an entry point."""
    (folder / "guest.py").write_text("def three(): return 3\ndef one(): return 'mine'\n")
    about = folder / "guest-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: guest\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(text)


def test_entries_are_found_when_first_asked_for(package: Any) -> None:
    assert "house.one" not in sys.modules
    assert package.thing.names() == ["one", "two"]
    assert package.thing.get("two")() == 2


def test_entry_points_of_other_packages_are_entries(package: Any, tmp_path: Path) -> None:
    install(tmp_path, "[goldwork.thing]\nthree = guest:three\n[goldwork.other]\nfour = guest:three\n")
    assert package.thing.names() == ["one", "three", "two"]
    assert package.thing.get("three")() == 3


def test_an_own_entry_is_not_replaced(package: Any, tmp_path: Path) -> None:
    install(tmp_path, "[goldwork.thing]\none = guest:one\n")
    assert package.thing.get("one")() == 1


def test_an_unknown_name_is_told_the_names_there_are(package: Any) -> None:
    with pytest.raises(UnknownNameError, match="no thing is called 'three'. There are: one, two.") as caught:
        package.thing.get("three")
    assert caught.value.code == "unknown_name"


def test_a_name_is_given_once() -> None:
    registry: Registry[Any] = Registry("thing", "goldwork.testing")
    entry = object()
    assert registry("a")(entry) is entry
    assert registry("a")(entry) is entry
    with pytest.raises(ValueError, match="thing 'a' is registered twice"):
        registry("a")(object())


def test_threads_that_ask_at_once_all_see_every_entry(package: Any, tmp_path: Path) -> None:
    """The first one imports the modules; who comes meanwhile waits for them."""
    slow = "import time\ntime.sleep(0.05)\nfrom house import thing\n@thing('slow')\ndef slow(): return 3\n"
    (tmp_path / "house" / "slow.py").write_text(slow)
    together = threading.Barrier(8)

    def ask(_: int) -> list[str]:
        together.wait()
        names: list[str] = package.thing.names()
        return names

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(8))) == [["one", "slow", "two"]] * 8


def test_an_entry_may_look_up_others_while_it_is_imported(package: Any, tmp_path: Path) -> None:
    (tmp_path / "house" / "zero.py").write_text("from house import thing\nseen = thing.names()\n")
    assert package.thing.names() == ["one", "two"]
    assert package.zero.seen == ["one", "two"]
