"""docs/guide/rlhf.md: its examples run, its numbers are the code's, its buttons and pages are there."""

from __future__ import annotations

import argparse
import doctest
import re
import shlex
from pathlib import Path

import pytest

from goldwork.cli import parser
from goldwork.preference import evaluate
from goldwork.services import apart, reward_fit

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "guide" / "rlhf.md"
GUIDE = PAGE.read_text(encoding="utf-8")
FRONT = "".join(
    path.read_text(encoding="utf-8") for path in sorted((ROOT / "frontend" / "src" / "routes").rglob("*.svelte"))
)


def test_examples_run() -> None:
    failed, tried = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert (failed, tried) == (0, 14)


def test_numbers() -> None:
    assert f"fewer than {reward_fit.LEAST_VOTES} votes" in GUIDE
    assert f"for {apart.LIMIT:.0f} seconds at most" in GUIDE
    assert f"Prompts with {evaluate.LEAST_VOTES} votes or more" in GUIDE
    assert f"*good* from {evaluate.GOOD} on, and *poor* below {evaluate.POOR}" in GUIDE


@pytest.mark.parametrize(
    "words", ["Train a reward model", "Take it along", "Compare blind", "What it chose", "Improve", "People per item"]
)
def test_what_it_names_is_on_the_page(words: str) -> None:
    assert words in GUIDE
    assert words in FRONT


def test_questions_are_the_pages() -> None:
    asked = re.findall(r"^- \*\*(.+\?)\*\*", GUIDE, re.MULTILINE)
    assert len(asked) == 5
    assert [one for one in asked if one not in FRONT] == []


def test_commands_are_there() -> None:
    lines = list(re.findall(r"^goldwork .+$", GUIDE, re.MULTILINE))
    assert len(lines) == 5
    for line in lines:
        found = parser().parse_args(shlex.split(line)[1:])
        assert isinstance(found, argparse.Namespace)


def test_pictures_are_there() -> None:
    names = re.findall(r"!\[[^\]]+\]\((.+?)\)", GUIDE)
    assert len(names) == 3
    for name in names:
        assert (PAGE.parent / name).read_bytes()[:4] == b"\x89PNG"
