"""The method notes: their examples run, and every method has its heading."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import Any

import pytest

from goldwork.agreement import coefficient
from goldwork.consensus import consensus
from goldwork.distances import distance
from goldwork.flags import flag
from goldwork.quality.strategies import strategy

NOTES = Path(__file__).resolve().parent.parent / "docs" / "methods"


@pytest.mark.parametrize("note", sorted(NOTES.glob("*.md")), ids=lambda note: note.stem)
def test_examples_run(note: Path) -> None:
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    failed, tried = doctest.testfile(str(note), module_relative=False, optionflags=flags, encoding="utf-8")
    assert tried > 0
    assert failed == 0


@pytest.mark.parametrize(
    "registry", [coefficient, consensus, distance, flag, strategy], ids=lambda registry: registry.kind
)
def test_every_method_has_a_heading(registry: Any) -> None:
    """In the note of its family, whichever that is."""
    text = "\n".join(note.read_text(encoding="utf-8") for note in NOTES.glob("*.md"))
    assert set(registry.names()) <= set(re.findall(r"^## (\S+)$", text, re.MULTILINE))
