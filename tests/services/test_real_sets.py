"""Real judgements of every kind, imported into a project, agreed, merged, and opened item by item."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import PIL.Image
import pytest

from goldwork.services import answers, monitor
from goldwork.tasks.questions import read_form
from tests.reference.conftest import data  # noqa: F401 - a fixture
from tests.services.conftest import Room
from tests.services.test_monitor import take_snapshot

Row = dict[str, Any]
MOST = 60
"""Items of each set."""


class Set(NamedTuple):
    """A form, its items by identifier, and (item, annotator, label) for its one question."""

    form: Row
    items: dict[str, Row]
    labels: list[tuple[str, str, Any]]


def lines(path: Path) -> Iterator[Any]:
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file) if ".jsonl" in path.name else csv.DictReader(file)


def asked(task: Row, *fields: tuple[str, str]) -> Row:
    shown = [{"name": name, "show": show} for name, show in fields]
    return {"fields": shown, "questions": [{"name": "label", "title": "What is it?", "task": task}]}


def classes(*values: str) -> list[Row]:
    return [{"value": value} for value in values]


def blank(width: float, height: float) -> str:
    """A picture of this size, as the sets come without theirs."""
    file = io.BytesIO()
    PIL.Image.new("1", (int(width), int(height))).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def first(rows: Iterable[Row], key: str = "item") -> dict[str, list[Row]]:
    """The rows of the first items, by item."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if str(row[key]) in found or len(found) < MOST:
            found.setdefault(str(row[key]), []).append(row)
    return found


def once(labels: Iterable[tuple[str, str, Any]]) -> list[tuple[str, str, Any]]:
    """The first of everybody's answers about an item."""
    return list({(item, who): (item, who, label) for item, who, label in reversed(list(labels))}.values())


def pico_spans(folder: Path) -> Set:
    items = {row["item"]: {"text": row["text"]} for row in itertools.islice(lines(folder / "items.jsonl"), MOST)}
    labels = [
        (row["item"], row["annotator"], merged(row["spans"], "participants"))
        for row in lines(folder / "labels.jsonl")
        if row["item"] in items
    ]
    task = {"type": "spans", "field": "text", "classes": classes("participants")}
    return Set(asked(task, ("text", "text")), items, once(labels))


def merged(spans: Iterable[list[int]], label: str) -> list[Row]:
    """Spans of one label as one where they overlap."""
    found: list[Row] = []
    for start, end in sorted(spans):
        if found and start < found[-1]["end"]:
            found[-1]["end"] = max(end, found[-1]["end"])
        else:
            found.append({"start": start, "end": end, "label": label})
    return found


def mqm23_ende(folder: Path) -> Set:
    items = {r["item"]: {"source": r["source"], "target": r["target"]} for r in lines(folder / "items.jsonl.gz")}
    judged = first(lines(folder / "labels.jsonl.gz"))
    labels, categories = [], set()
    for item, rows in judged.items():
        for row in rows:
            errors = {
                (*error["span"], error["category"])
                for error in row["errors"]
                if error["side"] == "target" and error.get("span")
            }
            fitting = [one for one in errors if one[0] < one[1] <= len(items[item]["target"])]
            categories |= {category for *_, category in fitting}
            labels.append((item, row["annotator"], [{"start": s, "end": e, "label": c} for s, e, c in fitting]))
    task = {"type": "spans", "field": "target", "classes": classes(*sorted(categories)), "overlap": True}
    return Set(asked(task, ("source", "text"), ("target", "text")), {item: items[item] for item in judged}, labels)


def boxes_crowd(folder: Path) -> Set:
    judged = first(lines(folder / "labels.jsonl"))
    items, labels = {}, []
    for item, rows in judged.items():
        corners = [box for row in rows for box in row["boxes"]] or [[0, 0, 10, 10]]
        items[item] = {"image": blank(max(c[2] for c in corners) + 1, max(c[3] for c in corners) + 1)}
        for row in rows:
            drawn = [
                {"x": x, "y": y, "width": right - x, "height": bottom - y, "label": "thing"}
                for x, y, right, bottom in row["boxes"]
                if right > x >= 0 and bottom > y >= 0
            ]
            labels.append((item, row["annotator"], drawn))
    task = {"type": "boxes", "field": "image", "classes": classes("thing")}
    return Set(asked(task, ("image", "image")), items, once(labels))


def wsdm23_vqa_boxes(folder: Path) -> Set:
    rows = list(itertools.islice(lines(folder / "boxes.csv"), MOST))
    items, labels = {}, []
    for number, row in enumerate(rows):
        items[str(number)] = {
            "question": row["question"],
            "image": blank(float(row["width"]), float(row["height"])),
        }
        for who in ("crowd", "true"):
            left, top, right, bottom = (float(row[f"{who}_{side}"]) for side in "ltrb")
            side = {"x": left, "y": top, "width": right - left, "height": bottom - top, "label": "answer"}
            labels.append((str(number), who, [side]))
    task = {"type": "boxes", "field": "image", "classes": classes("answer"), "low": 1}
    return Set(asked(task, ("question", "text"), ("image", "image")), items, labels)


def pairs(rows: dict[str, list[Row]], texts: Callable[[Row], tuple[str, str]]) -> Set:
    words = {"left": "first", "right": "second", "tie": "tie"}
    items = {item: dict(zip(("one", "other"), texts(of[0]), strict=True)) for item, of in rows.items()}
    labels = [(item, row["annotator"], words[row["choice"]]) for item, of in rows.items() for row in of]
    task = {"type": "compare", "fields": ["one", "other"]}
    return Set(asked(task, ("one", "text"), ("other", "text")), items, once(labels))


def llmfao(folder: Path) -> Set:
    said = {(str(row["prompt"]), str(row["model"])): row["text"] for row in lines(folder / "responses.jsonl")}
    judged = first(lines(folder / "comparisons.csv"))
    return pairs(judged, lambda row: (said[row["prompt"], row["left"]], said[row["prompt"], row["right"]]))


def ukp_convarg1(folder: Path) -> Set:
    said = {row["id"].removeprefix("arg"): row["text"] for row in lines(folder / "arguments.jsonl")}
    judged = first(lines(folder / "comparisons.csv.gz"))
    return pairs(judged, lambda row: (said[row["left"].removeprefix("arg")], said[row["right"].removeprefix("arg")]))


def wmt15_fre_eng(folder: Path) -> Set:
    rows = (
        {**row, "item": f"{row['segment']} {row['left']} {row['right']}"}
        for row in lines(folder / "comparisons.csv.gz")
    )
    return pairs(first(rows), lambda row: (f"by {row['left']}", f"by {row['right']}"))


def snow_affect(folder: Path) -> Set:
    scores = (row for row in lines(folder / "labels.csv") if row["dimension"] == "sadness")
    judged = first(scores)
    labels = [(item, row["annotator"], float(row["score"])) for item, of in judged.items() for row in of]
    task = {"type": "rating", "low": 0, "high": 100, "slider": True}
    return Set(asked(task, ("text", "text")), {item: {"text": f"Headline {item}"} for item in judged}, labels)


def paraphrase_likert(folder: Path) -> Set:
    judged = first(lines(folder / "labels.csv"))
    texts = {row["item"]: {"one": row["Question1"], "other": row["Question2"]} for row in lines(folder / "items.jsonl")}
    labels = [(item, row["annotator"], float(row["rating"])) for item, of in judged.items() for row in of]
    return Set(
        asked({"type": "rating", "low": -5, "high": 5}, ("one", "text"), ("other", "text")),
        {item: texts[item] for item in judged},
        labels,
    )


def medrelex_crowdflower(folder: Path) -> Set:
    judged = first(lines(folder / "labels.csv.gz"))
    texts = {row["item"]: {"sentence": row["sentence"]} for row in lines(folder / "items.jsonl")}
    labels = [(item, row["annotator"], row["relations"].split("|")) for item, of in judged.items() for row in of]
    values = sorted({value for *_, said in labels for value in said})
    form = asked({"type": "choices", "classes": classes(*values), "low": 1}, ("sentence", "text"))
    return Set(form, {item: texts[item] for item in judged}, once(labels))


def crowdspeech_dev_clean(folder: Path) -> Set:
    judged = first(lines(folder / "labels.csv.gz"))
    labels = [(item, row["annotator"], row["text"]) for item, of in judged.items() for row in of if row["text"].strip()]
    items = {item: {"text": f"Recording {item}"} for item in judged}
    return Set(asked({"type": "text", "merge": "rover"}, ("text", "text")), items, once(labels))


def crowdwsa2019_j1(folder: Path) -> Set:
    judged = first(lines(folder / "labels.csv"))
    texts = {row["item"]: {"source": row["source_ja"]} for row in lines(folder / "items.jsonl")}
    labels = [(item, row["annotator"], row["text"]) for item, of in judged.items() for row in of if row["text"].strip()]
    return Set(asked({"type": "text"}, ("source", "text")), {item: texts[item] for item in judged}, once(labels))


SETS = (
    pico_spans, mqm23_ende, boxes_crowd, wsdm23_vqa_boxes, llmfao, ukp_convarg1, wmt15_fre_eng, snow_affect,
    paraphrase_likert, medrelex_crowdflower, crowdspeech_dev_clean, crowdwsa2019_j1,
)  # fmt: skip


@pytest.fixture
def database(sqlite_database: Any) -> Any:
    """The store is tried on both databases elsewhere."""
    return sqlite_database


@pytest.mark.parametrize("of", SETS, ids=lambda of: of.__name__)
def test_a_real_set(of: Callable[[Path], Set], room: Room, data: Callable[[str], Path]) -> None:  # noqa: F811
    form, items, labels = of(data(of.__name__))
    room.make_project(form, overlap=3)
    names = [field["name"] for field in form["fields"]]
    rows = "".join(json.dumps({"id": item, **fields}) + "\n" for item, fields in items.items())
    job = room.import_items(rows, "items.jsonl", fields={name: name for name in names})
    assert job.state == "done", job.error
    told = "".join(json.dumps({"item": i, "annotator": who, "label": label}) + "\n" for i, who, label in labels)
    job = room.import_items(told, "labels.jsonl", what="judgements", id=None, fields={})
    assert job.state == "done", job.error
    take_snapshot(room)

    found = room.read(monitor.overview, room.database, room.project)
    assert found.judgements == len(labels)
    assert found.agreement is not None
    assert -1 <= found.agreement.value <= 1
    assert found.agreement.low <= found.agreement.value <= found.agreement.high
    page = room.read(monitor.consensus_rows, room.project, limit=200)
    assert len(page.rows) == len({item for item, *_ in labels})
    task = read_form(form).tasks()["label"]
    said = {item: [label for other, _, label in labels if other == item] for item in items}
    for row in page.rows:
        assert 0 <= row.confidence <= 1
        task.distance(row.label, task.value(task.canonical(said[row.external_id][0])))
        opened = room.read(answers.item_answers, room.project, row.item)
        given = [task.canonical(label) for label in said[row.external_id]]
        order = {json.dumps(label, sort_keys=True) for label in given}
        assert {json.dumps(one.answers["label"], sort_keys=True) for one in opened.answers} == order
    print(f"{of.__name__}: alpha {found.agreement.value:.3f}, {found.consensus.method}, {len(labels)} judgements")
