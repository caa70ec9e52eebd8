"""Preferences that people gave, to training data and to a dataset folder and back: the same."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from goldwork.io.exchange import Answered, Example, exchange
from goldwork.services.exchange_merge import merge, only_merged
from goldwork.tasks.questions import read_form
from tests.reference.conftest import rows

Folder = Callable[[str], Path]
FORM = read_form(
    {
        "fields": [{"name": name, "show": "text"} for name in ("instruction", "input", "left", "right")],
        "questions": [{"name": "better", "title": "Which?", "task": {"type": "compare", "fields": ["left", "right"]}}],
    }
)
SIDES = {"left": "first", "right": "second", "tie": "tie"}


@pytest.fixture(scope="module")
def examples(data: Folder) -> list[Example]:
    """PandaLM's test set: 999 pairs, each judged by three experts."""
    folder = data("pandalm_test")
    answered = defaultdict(list)
    for row in rows(folder / "comparisons.csv"):
        answered[row["item"]].append(Answered({"better": SIDES[row["choice"]]}, row["annotator"]))
    made = []
    for line in (folder / "items.jsonl").read_text(encoding="utf-8").splitlines():
        item = json.loads(line)
        fields = {field.name: str(item.get(field.name) or "") for field in FORM.fields}
        made.append(Example(str(item["item"]), fields, tuple(answered[str(item["item"])])))
    return made


def test_every_judgement_that_is_no_tie_makes_a_row(examples: list[Example], tmp_path: Path) -> None:
    exchange.get("trl-preference").write(tmp_path / "all.jsonl", FORM, iter(examples))
    made = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text(encoding="utf-8").splitlines()]
    given = [
        (example.fields, one.answers["better"])
        for example in examples
        for one in example.answered
        if one.answers["better"] != "tie" and example.fields["left"] and example.fields["right"]
    ]
    assert 2_000 < len(made) == len(given) < 2_997
    for row, (fields, answer) in zip(made, given, strict=True):
        chosen, rejected = ("left", "right") if answer == "first" else ("right", "left")
        assert (row["chosen"].lstrip(), row["rejected"].lstrip()) == (
            fields[chosen].lstrip(),
            fields[rejected].lstrip(),
        )
    back = list(exchange.get("trl-preference").read(tmp_path / "all.jsonl"))
    assert [one.answered[0].answers["preferred"] for one in back] == [answer for _, answer in given]


def test_the_consensus_makes_one_row_an_item(examples: list[Example], tmp_path: Path) -> None:
    merged, methods = merge(FORM, examples)
    assert methods == {"better": "comparison-two-coin"}
    exchange.get("trl-preference").write(tmp_path / "all.parquet", FORM, (only_merged(one) for one in merged))
    back = list(exchange.get("trl-preference").read(tmp_path / "all.parquet"))
    decided = [one for one in merged if one.merged["better"].answer != "tie"]
    assert 700 < len(back) <= len(decided) <= 999


def test_the_folder_comes_back(examples: list[Example], tmp_path: Path) -> None:
    merged, _ = merge(FORM, examples)
    exchange.get("huggingface").write(tmp_path / "set", FORM, iter(merged))
    back = list(exchange.get("huggingface").read(tmp_path / "set"))
    assert [(one.id, one.fields, one.answered) for one in back] == [
        (one.id, one.fields, one.answered) for one in merged
    ]
    assert [one.merged["better"].answer for one in back] == [one.merged["better"].answer for one in merged]
    card = (tmp_path / "set" / "README.md").read_text(encoding="utf-8")
    assert "999 items, 999 of them judged, by 3 people." in card
    [(alpha, low, high)] = re.findall(r"alpha (\S+) \(95 % interval (\S+) to (\S+)\)", card)
    assert 0.8 < float(low) < float(alpha) < float(high) < 0.95
