"""argilla: a file that its own package wrote, and what the shapes of values mean."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from goldwork.errors import InputError
from goldwork.io.exchange import Answered, Example, exchange, sniff
from goldwork.tasks.questions import read_form

ARGILLA = exchange.get("argilla")
ANN, BOB = (f"00000000-0000-0000-0000-00000000000{n}" for n in (1, 2))


def written_by_argilla(path: Path) -> Path:
    """As `JsonIO.to_json` of argilla 2.8.0 wrote two records with responses of two users and suggestions of a model."""
    first = (
        '{"id": "r0", "fields": {"text": "Zo\\u00eb \\ud83d\\ude42 met Mae", "one": "first", "two": "second", "talk": '
        '[{"role": "user", "content": "hi"}]}, "metadata": {"split": "train"}, "suggestions": {"label": {"value": '
        '"neg", "score": 0.7, "agent": "bert"}, "names": {"value": [{"start": 6, "end": 9, "label": "VERB", "score": '
        '0.5}], "score": null, "agent": "bert"}}, "responses": {"label": [{"value": "pos", USER}, {"value": "pos", '
        'OTHER}], "topics": [{"value": ["a", "b"], USER}], "stars": [{"value": 4, USER}], "order": [{"value": ["one", '
        '"two"], USER}], "why": [{"value": "because I think so, yes", USER}], "names": [{"value": [{"start": 0, "end": '
        '5, "label": "PER"}], USER}]}, "vectors": {}, "status": "pending", "_server_id": null}'
    )
    first = first.replace("USER", f'"user_id": "{ANN}"').replace("OTHER", f'"user_id": "{BOB}"')
    second = (
        first.replace('"r0"', '"r1"')
        .replace('["one", "two"]', '["two", "one"]')
        .replace("because I think so, yes", "there is no reason for it")
        .replace('[{"start": 0, "end": 5, "label": "PER"}]', "[]")
    )
    path.write_text(f"[{first}, {second}]", encoding="utf-8")
    return path


def saved(tmp_path: Path, responses: dict[str, list[Any]], **fields: Any) -> Path:
    """One record for each value of the responses, all by one user."""
    count = max(len(values) for values in responses.values())
    records = [
        {
            "id": f"r{number}",
            "fields": fields or {"text": "abc"},
            "responses": {
                name: [{"value": values[number], "user_id": ANN}] for name, values in responses.items() if values
            },
            "suggestions": {},
        }
        for number in range(count)
    ]
    path = tmp_path / "records.json"
    path.write_text(json.dumps(records), encoding="utf-8")
    return path


def test_what_argilla_writes(tmp_path: Path) -> None:
    path = written_by_argilla(tmp_path / "records.json")
    assert sniff(path) == "argilla"
    form = ARGILLA.form(path)
    tasks = {question["name"]: question["task"]["type"] for question in form["questions"]}
    assert tasks == {
        "label": "choice",
        "topics": "choices",
        "stars": "rating",
        "order": "rank",
        "why": "text",
        "names": "spans",
    }
    assert {field["name"]: field["show"] for field in form["fields"]}["talk"] == "chat"
    one, two = ARGILLA.read(path)
    assert one.id == "r0"
    assert one.fields["text"] == "Zoë 🙂 met Mae"
    ann, bob, bert = one.answered
    assert ann == Answered(
        {
            "label": "pos",
            "topics": ["a", "b"],
            "stars": 4,
            "order": [["one"], ["two"]],
            "why": "because I think so, yes",
            "names": [{"start": 0, "end": 5, "label": "PER"}],
        },
        ANN,
    )
    assert bob == Answered({"label": "pos"}, BOB)
    verb = [{"start": 6, "end": 9, "label": "VERB"}]
    assert bert == Answered({"label": "neg", "names": verb}, "bert", "model")
    assert two.answered[0].answers["names"] == []


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = written_by_argilla(tmp_path / "records.json")
    form, before = read_form(ARGILLA.form(path)), list(ARGILLA.read(path))
    again = tmp_path / "again.json"
    ARGILLA.write(again, form, before)
    assert [one.answered for one in ARGILLA.read(again)] == [one.answered for one in before]
    assert {*json.loads(again.read_bytes())[0]} == {*json.loads(path.read_bytes())[0]}


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["yes", "no", "yes"], "choice"),
        (["it is so because of this", "there is no reason at all", "who could ever know that"], "text"),
        ([f"word{n}" for n in range(30)], "text"),
        (["x" * 201, "a"], "text"),
        ([["a", "b"], ["a"]], "choices"),
        ([["one", "two"], ["two", "one"]], "rank"),
        ([["one", "two"], ["one", "two"]], "choices"),
        ([["one", "two"], ["two", "one"], []], "choices"),
        ([{"start": 0}], None),
        ([3, 4], "rating"),
    ],
)
def test_what_a_value_s_shape_means(tmp_path: Path, values: list[Any], task: str | None) -> None:
    path = saved(tmp_path, {"q": values}, one="x", two="y")
    if task is None:
        with pytest.raises(InputError, match="must be a number"):
            ARGILLA.form(path)
        return
    assert ARGILLA.form(path)["questions"][0]["task"]["type"] == task
    assert len(list(ARGILLA.read(path))) == len(values)


@pytest.mark.parametrize(
    ("values", "scale"),
    [([1, 3], (1, 5, 1)), ([0, 10], (0, 10, 1)), ([-2, 2], (-2, 2, 1)), ([0.25, 0.5], (0, 1, 0.01))],
)
def test_a_scale_reaches_as_far_as_answers(tmp_path: Path, values: list[float], scale: tuple[float, ...]) -> None:
    task = ARGILLA.form(saved(tmp_path, {"q": values}))["questions"][0]["task"]
    assert (task["low"], task["high"], task["step"]) == scale


def test_a_single_class_gets_another_to_choose(tmp_path: Path) -> None:
    task = ARGILLA.form(saved(tmp_path, {"q": ["yes", "yes"]}))["questions"][0]["task"]
    assert [one["value"] for one in task["classes"]] == ["yes", "other"]


def test_one_question_keeps_its_kind(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"records\.json, line 1, record 2: question 'q' is answered by word .* number"
    ):
        ARGILLA.form(saved(tmp_path, {"q": [3, "good"]}))


def test_a_user_answers_once(tmp_path: Path) -> None:
    path = saved(tmp_path, {"q": ["yes", "no"]})
    path.write_text(
        path.read_text().replace('{"value": "no"', f'{{"value": "no", "user_id": "{ANN}"}}, {{"value": "no"')
    )
    with pytest.raises(InputError, match=r"responses\.q\[1\]: the same user answers twice"):
        list(ARGILLA.read(path))


def test_losses_are_what_is_lost(tmp_path: Path) -> None:
    boxes = {"type": "boxes", "field": "image", "classes": [{"value": "a"}]}
    rank = {"type": "rank", "fields": ["one", "two"], "ties": True}
    form = read_form(
        {
            "fields": [{"name": "image", "show": "image"}, {"name": "one"}, {"name": "two"}],
            "questions": [
                {"name": "cars", "title": "c", "task": boxes},
                {"name": "order", "title": "o", "task": rank},
            ],
        }
    )
    said = ARGILLA.losses(form)
    assert "Question cars is left out: it has no boxes question." in said
    assert any(one.startswith("Question order: answers with ties are left out") for one in said)
    tied = Example("a", {"one": "x", "two": "y"}, (Answered({"order": [["one", "two"]], "cars": []}, "ann"),))
    ARGILLA.write(tmp_path / "out.json", form, [tied])
    assert json.loads((tmp_path / "out.json").read_bytes())[0]["responses"] == {}
