"""docs/guide/training.md: its examples run, and its numbers are the code's."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

from goldwork.quality import fatigue, reviews, training
from goldwork.quality.policy import HIGHEST, LOWEST, WHOLE, Policy
from goldwork.services import growth, peer_reviews, reviewing, sessions
from goldwork.services.policy import RANGES

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "guide" / "training.md"
GUIDE = PAGE.read_text(encoding="utf-8")
BREAKS = (ROOT / "frontend" / "src" / "lib" / "breaks.ts").read_text(encoding="utf-8")


def test_examples_run() -> None:
    failed, tried = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert (failed, tried) == (0, 13)


def test_numbers() -> None:
    assert f"{training.REFRESHER} items" in GUIDE
    assert (training.GOOD, training.BAD) == (0.9, 0.6)
    assert f"{Policy().quiz_items} unless you say" in GUIDE
    assert (growth.LOT, fatigue.LAST) == (10, 40)
    assert "last 40 answers" in GUIDE


def test_numbers_of_reviews() -> None:
    policy, share = Policy(), Policy().review_floor / WHOLE
    assert f"goes to {policy.reviews} reviewers" in GUIDE
    assert f"below {share:g}, or the floor" in GUIDE
    assert f"up to {RANGES['reviews'][1]}." in GUIDE
    assert (peer_reviews.LOT, peer_reviews.TEXTS) == (5, 3)
    assert f"latest {peer_reviews.LATEST:,} reviews" in GUIDE
    assert reviewing.KEEP_UP == (5, 4)
    assert reviews.APART * (HIGHEST - LOWEST) == 3 * reviews.SCORE


def test_a_break_is_as_long_for_the_server_as_for_the_screen() -> None:
    found = re.search(r"BREAK_MS = (\d+) \* 60_000", BREAKS)
    assert found is not None
    assert int(found.group(1)) * 60_000 == sessions.REST == 600_000
