"""label-studio: files as its documentation and its own package write them."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from goldwork.errors import InputError
from goldwork.io.exchange import Answered, Example, exchange, sniff
from goldwork.tasks.questions import read_form, write_form

LS = exchange.get("label-studio")


def saved(tmp_path: Path, *tasks: dict[str, Any]) -> Path:
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps(tasks), encoding="utf-8")
    return path


def result(name: str, kind: str, value: dict[str, Any], to: str = "text", **more: Any) -> dict[str, Any]:
    return {"id": name, "from_name": name, "to_name": to, "type": kind, "value": value, **more}


def task(data: dict[str, Any], *results: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": 1, "data": data, "annotations": [{"id": 1, "completed_by": 10, "result": list(results), **more}]}


def only(path: Path) -> Example:
    [example] = LS.read(path)
    return example


# labelstud.io/guide/export.html, "Label Studio JSON format of annotated tasks"; with the size, which exports have.
DOCUMENTED = {
    "id": 1,
    "data": {"image": "https://example.com/opensource/label-studio/nick-owuor-astro-nic-visuals-wDifg5xc9Z4.jpg"},
    "created_at": "2021-03-09T21:52:49.513742Z",
    "project": 83,
    "annotations": [
        {
            "id": "1001",
            "result": [
                {
                    "from_name": "tag",
                    "id": "Dx_aB91ISN",
                    "source": "$image",
                    "to_name": "img",
                    "type": "rectanglelabels",
                    "original_width": 1000,
                    "original_height": 500,
                    "value": {
                        "height": 10.458911419423693,
                        "rectanglelabels": ["Moonwalker"],
                        "rotation": 0,
                        "width": 12.4,
                        "x": 50.8,
                        "y": 5.869797225186766,
                    },
                }
            ],
            "was_cancelled": False,
            "ground_truth": False,
            "created_at": "2021-03-09T22:16:08.728353Z",
            "lead_time": 4.288,
            "completed_by": 10,
        }
    ],
    "predictions": [
        {
            "model_version": "model 1",
            "result": [
                {
                    "from_name": "tag",
                    "to_name": "img",
                    "type": "rectanglelabels",
                    "original_width": 1000,
                    "original_height": 500,
                    "value": {"height": 10, "rectanglelabels": ["Moonwalker"], "width": 39.6, "x": 13.2, "y": 34.7},
                }
            ],
        }
    ],
}


def test_the_documented_export(tmp_path: Path) -> None:
    path = saved(tmp_path, DOCUMENTED)
    assert sniff(path) == "label-studio"
    form = LS.form(path)
    assert form["fields"] == [{"name": "image", "show": "image"}], "nobody need see the size in pixels"
    assert form["questions"][0]["task"] == {"type": "boxes", "field": "image", "classes": [{"value": "Moonwalker"}]}
    example = only(path)
    assert example.fields == {
        "image": "nick-owuor-astro-nic-visuals-wDifg5xc9Z4.jpg",
        "image_width": "1000",
        "image_height": "500",
    }
    human, model = example.answered
    assert human == Answered(
        {"tag": [{"x": 508, "y": 29.35, "width": 124, "height": 52.29, "label": "Moonwalker"}]},
        "10",
        "human",
        4.288,
        "2021-03-09T22:16:08.728353Z",
    )
    assert (model.annotator, model.kind) == ("model 1", "model")
    assert model.answers == {"tag": [{"x": 132, "y": 173.5, "width": 396, "height": 50, "label": "Moonwalker"}]}


def test_what_the_sdk_makes(tmp_path: Path) -> None:
    """The prediction is what label-studio-sdk 2.1.2 made by `LabelInterface.get_tag(name).label(...)._dict()`."""
    made = (
        '{"model_version": "m1", "score": 0.5, "result": [{"id": "kind", "from_name": "kind", "to_name": "txt", '
        '"type": "choices", "value": {"choices": ["pos"]}}, {"id": "stars", "from_name": "stars", "to_name": "txt", '
        '"type": "rating", "value": {"rating": 4}}, {"id": "why", "from_name": "why", "to_name": "txt", '
        '"type": "textarea", '
        '"value": {"text": ["so it is"]}}, {"id": "cars", "from_name": "cars", "to_name": "img", "type": '
        '"rectanglelabels", "value": {"x": 50.0, "y": 10.0, "width": 25.0, "height": 20.0, "rotation": 0, '
        '"rectanglelabels": ["car"]}}, {"id": "better", "from_name": "better", "to_name": "better", "type": '
        '"pairwise", "value": {"selected": "left"}}]}'
    )
    data = {"text": "Zoe, I", "other": "b", "photo": "a.png", "image_width": 200, "image_height": 100}
    path = saved(tmp_path, {"id": 1, "data": data, "annotations": [], "predictions": [json.loads(made)]})
    form = read_form(LS.form(path))
    tasks = {question["name"]: question["task"]["type"] for question in write_form(form)["questions"]}
    assert tasks == {"kind": "choice", "stars": "rating", "why": "text", "cars": "boxes", "better": "compare"}
    [answered] = only(path).answered
    assert answered.answers == {
        "kind": "pos",
        "stars": 4,
        "why": "so it is",
        "cars": [{"x": 100, "y": 10, "width": 50, "height": 20, "label": "car"}],
        "better": "first",
    }


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        pytest.param(12, 22, "annotation", id="code points"),
        pytest.param(13, 23, "annotation", id="UTF-16, as issue 1347 of label-studio has it"),
        pytest.param(0, 2, "💩", id="UTF-16 of the emoji itself"),
        pytest.param(0, 1, None, id="no text: code points"),
    ],
)
def test_offsets_count_code_points_whatever_the_version(tmp_path: Path, start: int, end: int, said: str | None) -> None:
    text = "💩This is an annotation. Zoe\u0308 🙂"
    value = {"start": start, "end": end, "labels": ["x"]} | ({} if said is None else {"text": said})
    [span] = only(saved(tmp_path, task({"text": text}, result("n", "labels", value)))).answered[0].answers["n"]
    assert text[span["start"] : span["end"]] == (said or "💩")


def test_nested_classes_and_several(tmp_path: Path) -> None:
    data = {"text": "a"}
    tree = [[["animal", "cat"]], [["animal"]]]
    path = saved(
        tmp_path,
        *(
            task(
                data, result("tree", "taxonomy", {"taxonomy": paths}), result("topics", "choices", {"choices": topics})
            )
            for paths, topics in zip(tree, (["a", "b"], []), strict=True)
        ),
    )
    one, two = (question["task"] for question in LS.form(path)["questions"])
    assert one == {
        "type": "choice",
        "classes": [{"value": "animal"}, {"value": "cat", "parent": "animal"}],
        "inner": True,
    }
    assert two["type"] == "choices"
    answers = [example.answered[0].answers for example in LS.read(path)]
    assert answers == [{"tree": "cat", "topics": ["a", "b"]}, {"tree": "animal", "topics": []}]


def test_names_that_recur_in_the_tree_are_told_apart(tmp_path: Path) -> None:
    paths = [[["cat", "other"]], [["dog", "other"]]]
    path = saved(tmp_path, *(task({"text": "a"}, result("t", "taxonomy", {"taxonomy": one})) for one in paths))
    assert [example.answered[0].answers["t"] for example in LS.read(path)] == ["cat/other", "dog/other"]


def test_rankers(tmp_path: Path) -> None:
    """labelstud.io/tags/ranker: ids of a list's entries, which differ from task to task; buckets have no order."""
    items = [{"id": "mdn", "title": "Arrow", "body": "An arrow"}, {"id": "wiki", "title": "Arrows", "body": "Arrows"}]
    ranked = result("rank", "ranker", {"ranker": {"rank": ["wiki", "mdn"]}}, to="results")
    buckets = result("b", "ranker", {"ranker": {"good": ["wiki"], "_": ["mdn"]}}, to="results")
    example = only(saved(tmp_path, task({"items": items}, ranked, buckets)))
    assert example.fields == {"items 1": "Arrow\nAn arrow", "items 2": "Arrows\nArrows"}
    assert example.answered[0].answers == {"rank": [["items 2"], ["items 1"]]}


def test_what_is_left_out_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    sized = {"original_width": 100, "original_height": 100}
    value = {"x": 50, "y": 50, "width": 20, "height": 10, "rotation": 90, "rectanglelabels": ["a"]}
    path = saved(
        tmp_path,
        task(
            {"image": "/data/upload/3/x-a.png"},
            result("boxes", "rectanglelabels", value, to="image", **sized),
            result("shape", "polygonlabels", {"points": [[1, 2]]}, to="image"),
            result("boxes", "choices", {"choices": ["z"], "x": 1}, to="image"),
        ),
        task({"image": "b.png"}, was_cancelled=True),
    )
    with caplog.at_level(logging.WARNING, "goldwork"):
        first, second = LS.read(path)
    assert first.fields["image"] == "x-a.png"
    assert first.answered[0].answers == {"boxes": [{"x": 40, "y": 50, "width": 10, "height": 20, "label": "a"}]}
    assert second.answered == ()
    said = caplog.text
    for part in ("rotated box", "polygonlabels", "single regions", "cancelled"):
        assert part in said


def test_an_annotation_without_regions_says_that_there_are_none(tmp_path: Path) -> None:
    marked = task({"text": "abc"}, result("n", "labels", {"start": 0, "end": 1, "labels": ["x"]}))
    path = saved(tmp_path, marked, task({"text": "def"}))
    assert [example.answered[0].answers["n"] for example in LS.read(path)][1] == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (
            result("n", "labels", {"start": 0, "end": 9, "labels": ["x"]}),
            "annotations[0].result[0].value: a span must be",
        ),
        (result("n", "labels", {"start": "0", "end": 1, "labels": ["x"]}), "value.start: must be a number. Got '0'"),
        (result("n", "choices", {"choices": ["a", 3]}), "value.choices[1]: must be text. Got 3"),
        (result("n", "rating", {"rating": 10**30}), "value.rating: must be a number. Got 1"),
        (result("n", "pairwise", {"selected": "up"}), "value.selected: must be left or right. Got 'up'"),
        (result("n", "rectanglelabels", {"x": 1}), "the image's size is needed"),
        (result("n", "labels", {"start": 0, "end": 1, "labels": ["x"]}, to="other"), ""),
    ],
)
def test_errors_name_place_value_and_mend(tmp_path: Path, wrong: dict[str, Any], said: str) -> None:
    path = saved(tmp_path, task({"text": "abc"}, wrong))
    if not said:  # the only text is what the tag shows
        assert only(path).answered
        return
    with pytest.raises(InputError) as caught:
        list(LS.read(path))
    assert str(caught.value).startswith("tasks.json, line 1, record 1, column annotations[0].result[0]")
    assert said in str(caught.value)


def test_a_field_that_cannot_be_known_is_asked_for(tmp_path: Path) -> None:
    wrong = result("n", "labels", {"start": 0, "end": 1, "labels": ["x"]}, to="txt")
    with pytest.raises(InputError, match=r"There are: one, two\. Call the tag as its field"):
        list(LS.read(saved(tmp_path, task({"one": "abc", "two": "def"}, wrong))))


def test_what_is_written_is_what_the_sdk_accepts(tmp_path: Path) -> None:
    """`LabelInterface.validate_annotation` of label-studio-sdk 2.1.2 accepted each of these results, its converter made
    the same spans (CoNLL) and boxes (COCO) of them; pairwise has the shape that its `PairwiseTag.label` makes."""

    def asked(name: str, **task: Any) -> dict[str, Any]:
        return {"name": name, "title": name, "task": task}

    fields = ["text", "two", "image", "image_width", "image_height"]
    form = read_form(
        {
            "fields": [{"name": name, "show": "image" if name == "image" else "text"} for name in fields],
            "questions": [
                asked("tree", type="choice", classes=[{"value": "animal"}, {"value": "cat", "parent": "animal"}]),
                asked("score", type="rating", low=-1, high=1, step=0.25),
                asked("names", type="spans", field="text", classes=[{"value": "PER"}]),
                asked("cars", type="boxes", field="image", classes=[{"value": "car"}]),
                asked("better", type="compare", fields=["text", "two"]),
                asked("order", type="rank", fields=["text", "two"], ties=True),
            ],
        }
    )
    box = {"x": 10, "y": 20, "width": 33.33, "height": 44.5, "label": "car"}
    answers = {
        "tree": "cat",
        "score": -0.75,
        "names": [{"start": 5, "end": 6, "label": "PER"}],
        "cars": [box],
        "better": "second",
        "order": [["text", "two"]],
    }
    payload = {"text": "Zoe\u0308 🙂", "two": "b", "image": "a.png", "image_width": "640", "image_height": "480"}
    given = Example(
        "t1",
        payload,
        (
            Answered(answers, "7", "human", 3.5, "2026-01-31T12:00:00Z"),
            Answered(answers, "ann@example.org", "gold"),
            Answered({"tree": "cat"}, "bert", "model"),
        ),
    )
    path = tmp_path / "out.json"
    LS.write(path, form, [given])
    results = {one["from_name"]: one for one in json.loads(path.read_bytes())[0]["annotations"][0]["result"]}
    assert results["names"]["value"] == {"start": 5, "end": 6, "text": "🙂", "labels": ["PER"]}
    assert results["cars"]["value"]["x"] == 1.5625
    assert results["order"]["value"] == {"ranker": {"1": ["text", "two"]}}
    again = only(path)
    assert again.fields == payload
    human, gold, model = again.answered
    assert human == given.answered[0]
    assert gold == given.answered[1]
    assert model == given.answered[2]


def test_boxes_need_the_image_s_size(tmp_path: Path) -> None:
    boxes = {"type": "boxes", "field": "image", "classes": [{"value": "car"}]}
    shown = [{"name": "image", "show": "image"}]
    form = read_form({"fields": shown, "questions": [{"name": "cars", "title": "c", "task": boxes}]})
    drawn = {"cars": [{"x": 0, "y": 0, "width": 1, "height": 1, "label": "car"}]}
    with pytest.raises(InputError, match="image_width and image_height"):
        LS.write(tmp_path / "out.json", form, [Example("a", {"image": "a.png"}, (Answered(drawn),))])
    assert not list(tmp_path.iterdir())
