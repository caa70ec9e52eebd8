"""How well reviews find poor texts, and how many good ones they send to an expert: what the guide states."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest

from goldwork.quality import reviews
from goldwork.quality.policy import RUBRIC
from tests.quality.test_engine import Given1

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "training.md"
TEXTS = 1500


def share_sent(reviewers: int) -> tuple[float, float]:
    """Of texts below 2.5, and of those at 3 and above, the share that an expert is to look at."""
    draw, told = Random(reviewers), Given1(overlap=1)
    poor, good = list[bool](), list[bool]()
    for item in range(1, TEXTS + 1):
        quality = min(5.0, max(1.0, draw.gauss(3.7, 0.8)))
        told.answer(1, 0, item, reviews=reviewers)
        text, criteria = told.seq, {one.name: quality + draw.gauss(0, 0.4) for one in RUBRIC}
        for who in range(2, 2 + reviewers):
            severe = draw.gauss(0, 0.3)
            places = {name: round(value + severe + draw.gauss(0, 0.6)) for name, value in criteria.items()}
            scores = {name: reviews.score(min(5, max(1, place))) for name, place in places.items()}
            told.answer(who, 0, item, purpose="review", subject=text, author=1, scores=scores)
        sent = told.item(item)["status"] == "adjudicate"
        if quality < 2.5:
            poor.append(sent)
        elif quality >= 3:
            good.append(sent)
    return sum(poor) / len(poor), sum(good) / len(good)


@pytest.mark.parametrize("reviewers", [2, 3, 5])
def test_the_guide_says_how_well_poor_texts_are_found(reviewers: int) -> None:
    rows = re.findall(r"^\| (\d) \| (\d+) % \| ([\d.]+) % \|$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    stated = {int(number): (float(poor) / 100, float(good) / 100) for number, poor, good in rows}
    poor, good = share_sent(reviewers)
    print(f"{reviewers} reviewers: {poor:.1%} of poor texts, {good:.2%} of good ones")
    assert poor == pytest.approx(stated[reviewers][0], abs=0.11)
    assert good == pytest.approx(stated[reviewers][1], abs=0.02)
