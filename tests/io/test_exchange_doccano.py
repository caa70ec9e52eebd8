"""doccano: files as its own examples and tests have them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from goldwork.errors import InputError
from goldwork.io.exchange import Answered, Example, exchange, sniff
from goldwork.tasks.questions import read_form

DOCCANO = exchange.get("doccano")


def saved(tmp_path: Path, *lines: dict[str, Any] | str) -> Path:
    path = tmp_path / "all.jsonl"
    told = (line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines)
    path.write_text("\n".join(told) + "\n", encoding="utf-8")
    return path


def answers(path: Path) -> list[list[dict[str, Any]]]:
    return [[answered.answers for answered in example.answered] for example in DOCCANO.read(path)]


def span(start: int, end: int, label: str) -> dict[str, Any]:
    return {"start": start, "end": end, "label": label}


def test_sequence_labelling(tmp_path: Path) -> None:
    """doccano/backend/data_export/pipeline/examples/sequence_labeling/example.jsonl"""
    path = saved(
        tmp_path,
        '{"text": "EU rejects German call to boycott British lamb.", "label": [ [0, 2, "ORG"], [11, 17, "MISC"] ]}',
        '{"text": "Peter Blackburn", "label": [ [0, 15, "PERSON"] ]}',
        '{"text": "President Obama", "label": [ [10, 15, "PERSON"] ]}',
    )
    assert sniff(path) == "doccano"
    [question] = DOCCANO.form(path)["questions"]
    assert (question["name"], question["task"]["type"], question["task"]["field"]) == ("label", "spans", "text")
    assert [example.line for example in DOCCANO.read(path)] == [1, 2, 3]
    assert answers(path)[0] == [{"label": [span(0, 2, "ORG"), span(11, 17, "MISC")]}]


def test_entities_as_objects(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """doccano/backend/data_import/pipeline/examples/relation_extraction/example.jsonl, on one line as it is exported"""
    other = tmp_path_factory.mktemp("other")
    text = "Google was founded on September 4, 1998, by Larry Page and Sergey Brin."
    entities = [
        {"id": 0, "start_offset": 0, "end_offset": 6, "label": "ORG"},
        {"id": 1, "start_offset": 22, "end_offset": 39, "label": "DATE"},
    ]
    relations = [{"from_id": 0, "to_id": 1, "type": "foundedAt"}]
    path = saved(tmp_path, {"id": 7, "text": text, "Comments": [], "entities": entities, "relations": relations})
    assert sniff(path) == "doccano"
    assert not DOCCANO.sniff(saved(other, {"text": text, "entities": [[0, 6, "ORG"]]})), "these are spaCy's"
    [example] = DOCCANO.read(path)
    assert example == Example(
        "7", {"text": text}, (Answered({"entities": [span(0, 6, "ORG"), span(22, 39, "DATE")]}),), 1
    )


def test_classes_beside_spans(tmp_path: Path) -> None:
    """doccano/backend/data_export/tests/test_task.py, intent detection and slot filling"""
    path = saved(
        tmp_path,
        {"id": 1, "text": "book a flight", "entities": [[7, 13, "what"]], "cats": ["book"]},
        {"id": 2, "text": "who are you", "entities": [], "cats": []},
    )
    assert answers(path) == [[{"entities": [span(7, 13, "what")], "cats": "book"}], []]


def test_classification(tmp_path: Path) -> None:
    one = saved(tmp_path, {"text": "so good", "label": ["pos"]}, {"text": "so bad", "label": ["neg"]})
    assert DOCCANO.form(one)["questions"][0]["task"]["type"] == "choice"
    assert answers(one) == [[{"label": "pos"}], [{"label": "neg"}]]
    many = saved(tmp_path, {"text": "so good", "label": ["pos", "sure"]}, {"text": "so bad", "labels": []})
    assert answers(many) == [[{"label": ["pos", "sure"]}], []]


def test_several_texts_are_several_answers(tmp_path: Path) -> None:
    """doccano/backend/data_export/tests/test_task.py, seq2seq: `label` is a list of the annotators' texts"""
    path = saved(
        tmp_path,
        {"text": "How are you all today?", "label": ["Wie geht es euch heute?", "Wie geht's euch denn heute"]},
        {"text": "Good morning.", "label": ["Einen schönen guten Morgen wünsche ich"]},
    )
    first, second = DOCCANO.read(path)
    assert [(one.annotator, one.answers["label"]) for one in first.answered] == [
        ("", "Wie geht es euch heute?"),
        ("2", "Wie geht's euch denn heute"),
    ]
    assert len(second.answered) == 1


def test_offsets_are_code_points_both_ways(tmp_path: Path) -> None:
    text = "👩🏽‍🚀 Zoe\u0308 𝔘 x"
    marked = [span(0, 4, "who"), span(5, 9, "who"), span(10, 11, "letter")]
    form = read_form(
        {
            "fields": [{"name": "said"}],
            "questions": [
                {
                    "name": "names",
                    "title": "n",
                    "task": {"type": "spans", "field": "said", "classes": [{"value": "who"}, {"value": "letter"}]},
                }
            ],
        }
    )
    path = tmp_path / "out.jsonl"
    DOCCANO.write(path, form, [Example("i", {"said": text}, (Answered({"names": marked}),))])
    assert json.loads(path.read_bytes()) == {
        "id": "i",
        "text": text,
        "label": [[0, 4, "who"], [5, 9, "who"], [10, 11, "letter"]],
    }
    assert [example.answered[0].answers for example in DOCCANO.read(path)] == [{"label": marked}]
    assert "Field said is read back as text." in DOCCANO.losses(form)


def test_spans_and_classes_are_held_together(tmp_path: Path) -> None:
    spans = {"type": "spans", "field": "text", "classes": [{"value": "a"}]}
    kind = {"type": "choice", "classes": [{"value": "x"}, {"value": "y"}], "unsure": True}
    questions = [
        {"name": name, "title": name, "task": task}
        for name, task in (("kind", kind), ("names", spans), ("why", {"type": "text"}), ("stars", {"type": "rating"}))
    ]
    form = read_form({"fields": [{"name": "text"}], "questions": questions})
    said = DOCCANO.losses(form)
    assert "Question why is left out: it holds one question of each kind." in said
    assert "Question stars is left out: it has classes, spans and texts only." in said
    assert "Question kind: that one cannot tell is left out." in said
    path = tmp_path / "out.jsonl"
    given = [
        Example("1", {"text": "abc"}, (Answered({"kind": "x", "names": [span(0, 1, "a")], "why": "so", "stars": 3}),)),
        Example("2", {"text": "abc"}, (Answered({"kind": {"cannot_tell": ""}, "names": [span(0, 2, "a")]}),)),
    ]
    DOCCANO.write(path, form, given)
    assert answers(path) == [[{"entities": [span(0, 1, "a")], "cats": "x"}], [{"entities": [span(0, 2, "a")]}]]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"text": "abc", "label": [[0, 4, "x"]]}, "column label[0]: a span must be 0 <= start < end <= 3"),
        ({"text": "abc", "label": [[0, 1]]}, "column label[0]: must be [start, end, label]"),
        ({"text": "abc", "label": [[0, 1.5, "x"]]}, "column label[0]: must be a whole number from 0. Got 1.5"),
        ({"text": "abc", "label": ["a", 3]}, "column label[1]: must be text. Got 3"),
        ({"text": "abc", "label": {"a": 1}}, "column label: must be a list. Got {'a': 1}"),
        ({"label": [[0, 1, "x"]]}, "a span must be"),
        ('{"text": "abc"', "one JSON object is needed"),
    ],
)
def test_errors_name_place_value_and_mend(tmp_path: Path, line: Any, said: str) -> None:
    path = saved(tmp_path, {"text": "abc", "label": []}, line)
    with pytest.raises(InputError) as caught:
        list(DOCCANO.read(path))
    assert str(caught.value).startswith("all.jsonl, line 2")
    assert said in str(caught.value)


def test_a_file_without_answers_has_items_and_no_form(tmp_path: Path) -> None:
    path = saved(tmp_path, {"text": "abc", "label": []})
    assert [example.fields for example in DOCCANO.read(path)] == [{"text": "abc"}]
    with pytest.raises(InputError, match=r"all\.jsonl: there are no answers in it\. Import it as items\."):
        DOCCANO.form(path)
