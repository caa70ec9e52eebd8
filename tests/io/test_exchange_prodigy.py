"""prodigy: lines as prodi.gy/docs/api-interfaces documents each interface's JSON task format."""

from __future__ import annotations

import gzip
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from goldwork.errors import InputError
from goldwork.io.exchange import Answered, Example, exchange, sniff
from goldwork.tasks.questions import read_form

PRODIGY = exchange.get("prodigy")


def saved(tmp_path: Path, *lines: dict[str, Any]) -> Path:
    path = tmp_path / "out.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def span(start: int, end: int, label: str) -> dict[str, Any]:
    return {"start": start, "end": end, "label": label}


# prodi.gy/docs/api-interfaces#ner_manual, as db-out writes it
NER = {
    "text": "First look at the new MacBook Pro",
    "_input_hash": -91551573,
    "_task_hash": -1162253049,
    "spans": [{"start": 22, "end": 33, "label": "PRODUCT", "token_start": 5, "token_end": 6}],
    "tokens": [
        {"text": text, "start": start, "end": start + len(text), "id": number, "ws": number < 6}
        for number, (text, start) in enumerate(
            [("First", 0), ("look", 6), ("at", 11), ("the", 14), ("new", 18), ("MacBook", 22), ("Pro", 30)]
        )
    ],
    "_view_id": "ner_manual",
    "answer": "accept",
    "_timestamp": 1707211049,
    "_annotator_id": "ner-ann",
    "_session_id": "ner-ann",
}


def test_spans_of_several_annotators_come_together(tmp_path: Path) -> None:
    other = NER | {"text": "Nothing here", "_input_hash": 7, "spans": [], "tokens": []}
    bob = NER | {"_annotator_id": "ner-bob", "spans": []}
    path = saved(tmp_path, NER, other, bob)
    assert sniff(path) == "prodigy"
    [question] = PRODIGY.form(path)["questions"]
    assert (question["name"], question["task"]["field"]) == ("spans", "text")
    one, two = PRODIGY.read(path)
    assert (one.id, one.line, one.fields) == ("-91551573", 1, {"text": "First look at the new MacBook Pro"})
    when = "2024-02-06T09:17:29+00:00"
    assert one.answered == (
        Answered({"spans": [span(22, 33, "PRODUCT")]}, "ner-ann", submitted_at=when),
        Answered({"spans": []}, "ner-bob", submitted_at=when),
    )
    assert two.answered[0].answers == {"spans": []}


def test_spans_by_tokens_alone(tmp_path: Path) -> None:
    by_tokens = NER | {"spans": [{"token_start": 5, "token_end": 6, "label": "PRODUCT"}]}
    [example] = PRODIGY.read(saved(tmp_path, by_tokens))
    assert example.answered[0].answers == {"spans": [span(22, 33, "PRODUCT")]}


def test_choice(tmp_path: Path) -> None:
    """#choice: `accept` holds the ids of chosen options, which may be numbers"""
    options = [{"id": 1, "text": "Positive"}, {"id": -1, "text": "Negative"}]
    lines = [
        {"text": text, "options": options, "accept": accept, "answer": "accept", "_input_hash": number}
        for number, (text, accept) in enumerate([("good", [1]), ("bad", [-1])])
    ]
    assert [one.answered[0].answers for one in PRODIGY.read(saved(tmp_path, *lines))] == [
        {"accept": "1"},
        {"accept": "-1"},
    ]
    lines[0]["accept"] = [1, -1]
    assert [one.answered[0].answers["accept"] for one in PRODIGY.read(saved(tmp_path, *lines))] == [["-1", "1"], ["-1"]]


def test_classification_text_input_and_what_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """#classification: a label accepted or rejected; #text_input: user_input"""
    path = saved(
        tmp_path,
        {"text": "a", "label": "TECH", "answer": "accept", "_input_hash": 1},
        {"text": "b", "label": "TECH", "answer": "reject", "_input_hash": 2},
        {"text": "c", "label": "TECH", "answer": "ignore", "_input_hash": 3},
        {"text": "a", "user_input": "because it says so", "answer": "accept", "_input_hash": 1},
        {"text": "d", "user_input": "x", "answer": "reject", "_input_hash": 4},
    )
    with caplog.at_level(logging.WARNING, "goldwork"):
        said = {example.fields["text"]: [one.answers for one in example.answered] for example in PRODIGY.read(path)}
    assert said == {
        "a": [{"TECH": "accept", "user_input": "because it says so"}],
        "b": [{"TECH": "reject"}],
        "c": [],
        "d": [],
    }
    assert "ignored lines are left out, and rejected ones (2 times)" in caplog.text


def test_rectangles(tmp_path: Path) -> None:
    """#image_manual: sides since version 1.10, corners alone before"""
    points = [[150, 80], [270, 80], [270, 180], [150, 180]]
    rect = {"label": "CAR", "type": "rect", "points": points, "x": 150, "y": 80, "width": 120, "height": 100}
    old = {"label": "CAR", "points": [[1, 2], [1, 12], [21, 12], [21, 2]]}
    polygon = {"label": "CAR", "type": "polygon", "points": points}
    image = {"image": "car.jpg", "width": 800, "height": 600, "answer": "accept"}
    path = saved(tmp_path, image | {"spans": [rect | {"center": [210, 130]}, old, polygon]})
    [example] = PRODIGY.read(path)
    assert example.fields == {"image": "car.jpg", "image_width": "800", "image_height": "600"}
    assert example.answered[0].answers["spans"] == [
        {"x": 1, "y": 2, "width": 20, "height": 10, "label": "CAR"},
        {"x": 150, "y": 80, "width": 120, "height": 100, "label": "CAR"},
    ]


def test_tokens_are_cut_where_spans_are(tmp_path: Path) -> None:
    text = "Zoe\u0308's 🙂🙂 friend, 東京"
    marked = [span(0, 4, "who"), span(7, 8, "mood"), span(18, 20, "who")]
    task = {"type": "spans", "field": "text", "classes": [{"value": "who"}, {"value": "mood"}]}
    form = read_form({"fields": [{"name": "text"}], "questions": [{"name": "names", "title": "n", "task": task}]})
    path = tmp_path / "out.jsonl"
    given = Example("i", {"text": text}, (Answered({"names": marked}, "ann"), Answered({"names": []}, "bob")))
    PRODIGY.write(path, form, [given])
    first = json.loads(path.read_bytes().splitlines()[0])
    for one in first["spans"]:
        assert first["tokens"][one["token_start"]]["start"] == one["start"]
        assert first["tokens"][one["token_end"]]["end"] == one["end"]
    assert all(text[token["start"] : token["end"]] == token["text"] for token in first["tokens"])
    [example] = PRODIGY.read(path)
    assert [(one.annotator, one.answers["spans"]) for one in example.answered] == [("ann", marked), ("bob", [])]


def test_a_packed_file_is_read_as_well(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl.gz"
    path.write_bytes(
        gzip.compress(json.dumps(NER).encode() + b"\n" + json.dumps(NER | {"_annotator_id": "b"}).encode())
    )
    [example] = PRODIGY.read(path)
    assert [one.annotator for one in example.answered] == ["ner-ann", "b"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"answer": "maybe"}, "column answer: must be accept, reject or ignore. Got 'maybe'"),
        ({"spans": [{"start": 0, "end": 99, "label": "X"}]}, "column spans[0]: a span must be 0 <= start < end <= 33"),
        ({"spans": [{"token_start": 5, "token_end": 7, "label": "X"}]}, "column spans[0]: must be tokens 0 to 6"),
        ({"spans": [{"start": 0, "end": 1}]}, "column spans[0].label: must be text. Got None"),
        ({"options": [{"id": "a"}], "accept": ["b"]}, "column accept: must be one of the options a. Got 'b'"),
        ({"_timestamp": 1e15}, "column _timestamp: must be seconds since 1970"),
    ],
)
def test_errors_name_place_value_and_mend(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    path = saved(tmp_path, NER, NER | {"_input_hash": 2} | change)
    with pytest.raises(InputError) as caught:
        list(PRODIGY.read(path))
    assert str(caught.value).startswith("out.jsonl, line 2, ")
    assert said in str(caught.value)


def test_one_line_for_an_annotator_and_a_question(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"ner-ann answers 'spans' about this item twice\. Keep one line\."):
        list(PRODIGY.read(saved(tmp_path, NER, NER)))
