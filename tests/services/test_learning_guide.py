"""docs/guide/learning.md: its numbers and names are the code's."""

from __future__ import annotations

import re
from pathlib import Path

from goldwork.learning.curve import MORE
from goldwork.quality.items import MOST_CLASSES
from goldwork.quality.strategies import needs_model, strategy
from goldwork.services import apart, evaluating, learning, ranking, suspects

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "guide" / "learning.md").read_text(encoding="utf-8")
PAGE = (ROOT / "frontend" / "src" / "routes" / "project" / "Suspects.svelte").read_text(encoding="utf-8")
SETTINGS = (ROOT / "frontend" / "src" / "routes" / "project" / "Quality.svelte").read_text(encoding="utf-8")


def test_every_strategy_that_needs_a_model_is_told_and_can_be_chosen() -> None:
    there = {name for name in strategy.names() if needs_model(name)}
    told = dict(re.findall(r"^\| `(\w+)` \| (by a model: [^|]+?) \|", GUIDE, re.MULTILINE))
    assert set(told) == there
    for name, words in told.items():
        assert f"['{name}', '{words}']" in SETTINGS


def test_pictures_are_there() -> None:
    names = re.findall(r"!\[[^\]]+\]\((.+?)\)", GUIDE)
    assert len(names) == 2
    for name in names:
        assert (ROOT / "docs" / "guide" / name).read_bytes()[:4] == b"\x89PNG"


def test_numbers() -> None:
    assert f"of 2 to {MOST_CLASSES} classes" in GUIDE
    assert f"grown by {learning.GROWN:.0%}".replace("%", " %") in GUIDE
    assert f"at least {learning.LEAST} events" in GUIDE
    assert f"{learning.MOST_ITEMS:,} items" in GUIDE
    assert f"after {apart.LIMIT:.0f} seconds" in GUIDE
    assert f"once {evaluating.SURELY} items of the slice" in GUIDE
    assert f"next {MORE:,} judgements" in GUIDE
    assert f"chooses {ranking.LEAST} items, or {100 * ranking.SHARE:.0f} %" in GUIDE
    assert (ranking.EXPLORED, ranking.SLICED) == (0.15, 0.15)
    assert "Of the batch 15 % are drawn at random" in GUIDE


def test_the_keys_are_the_page_s() -> None:
    bound = set(re.findall(r"key: '(\S+?)', label", PAGE))
    assert bound == {"Enter", "Space", "+", "Backspace"}
    assert bound <= set(re.findall(r"^\| (\S+) \|", GUIDE, re.MULTILINE))


def test_the_example_is_a_sentence_that_is_said() -> None:
    votes = [suspects.Said("a", "cat", 4)]
    said = suspects.reason(votes, [suspects.Likelihood("b", "dog", 0.93)])
    assert f'"{said}"' in GUIDE
