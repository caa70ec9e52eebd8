"""The long table against plain-Python models of what it says it does."""

from __future__ import annotations

import itertools
import json
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldwork.errors import InputError
from goldwork.judgements import CONTEXT, Judgements

TEXT = st.sampled_from(["a", "b", "B", "10", "9", "1.0", "é", "ü ber", " ", "-3"])
INTEGERS = st.integers(-3, 12) | st.sampled_from([2**31, 2**62, -(2**40)])
FLOATS = st.sampled_from([0.5, 1.0, -0.0, 2.25, 1e300])
ONE_TYPE = st.sampled_from([TEXT, INTEGERS, st.booleans(), FLOATS])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
).filter(lambda value: value not in (None, ""))


@st.composite
def records(draw: st.DrawFn, labels: st.SearchStrategy[Any] | None = None) -> list[dict[str, Any]]:
    """Rows with some columns absent, some answers missing, some repeated."""
    names = draw(st.sampled_from([TEXT, st.integers(0, 9)]))
    label = labels if labels is not None else draw(ONE_TYPE)
    row: dict[str, st.SearchStrategy[Any]] = {
        "item": names,
        "annotator": TEXT,
        "label": label | st.just(None) | st.just("") | st.just(float("nan")),
    }
    if draw(st.booleans()):
        row["question"] = st.sampled_from(["q1", "q2"])
    if draw(st.booleans()):
        row["submitted_at"] = st.integers(0, 5)
    if draw(st.booleans()):
        row["weight"] = st.sampled_from([0, 0.5, 1])
    return draw(st.lists(st.fixed_dictionaries(row), max_size=25))


def bytes_of(table: Judgements) -> tuple[Any, ...]:
    """Everything that a table says, comparable."""
    codes = [table.item, table.annotator, table.question, table.repeat]
    names = [table.items, table.annotators, table.questions]
    return (
        *(column.tobytes() for column in codes),
        *(json.dumps(column.tolist()) for column in names),
        json.dumps(table.value.tolist()),
        table.value.dtype,
        None if table.categories is None else json.dumps(table.categories.tolist()),
        table.kinds,
        json.dumps({name: column.tolist() for name, column in table.context.items()}, default=str),
        table.missing,
    )


def said(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows that hold an answer."""
    return [row for row in rows if row["label"] not in (None, "") and row["label"] == row["label"]]


def text(label: Any) -> str:
    """A label by which equal answers are equal: 1 and 1.0 are, 1 and true are not."""
    return json.dumps(float(label) + 0.0 if type(label) in (int, float) else label, sort_keys=True)


@given(records(), st.randoms(use_true_random=False))
def test_row_order_means_nothing(rows: list[dict[str, Any]], random: Any) -> None:
    table = Judgements.from_records(rows, duplicates="repeat")
    random.shuffle(rows)
    assert bytes_of(Judgements.from_records(rows, duplicates="repeat")) == bytes_of(table)


@given(records(JSON))
def test_structured_answers_survive(rows: list[dict[str, Any]]) -> None:
    table = Judgements.from_records(rows, duplicates="repeat")
    if any(isinstance(row["label"], list | dict) for row in said(rows)) and len(table.questions) == 1:
        assert sorted(map(text, table.labels().tolist())) == sorted(text(row["label"]) for row in said(rows))
    assert len(table) == len(said(rows))


@given(records())
def test_it_holds_what_came_in(rows: list[dict[str, Any]]) -> None:
    table = Judgements.from_records(rows, duplicates="repeat")
    columns = table.to_columns()
    got = zip(*(columns[name].tolist() for name in ("question", "item", "annotator", "label")), strict=True)
    keys = [(row.get("question", "label"), row["item"], row["annotator"], text(row["label"])) for row in said(rows)]
    assert sorted((q, i, a, text(label)) for q, i, a, label in got) == sorted(keys)
    assert table.missing == len(rows) - len(said(rows))


@given(records())
def test_rows_are_sorted_and_codes_fit(rows: list[dict[str, Any]]) -> None:
    table = Judgements.from_records(rows, duplicates="repeat")
    keys = list(
        zip(table.question.tolist(), table.item.tolist(), table.annotator.tolist(), table.repeat.tolist(), strict=True)
    )
    assert keys == sorted(set(keys))
    for codes, names in ((table.item, table.items), (table.annotator, table.annotators)):
        assert set(codes.tolist()) == set(range(len(names)))
        assert len(set(names.tolist())) == len(names)
    for judged, group in itertools.groupby(keys, key=lambda key: key[:3]):
        assert [key[3] for key in group] == list(range(sum(key[:3] == judged for key in keys)))
    if table.categories is not None:
        assert set(table.value.tolist()) == set(range(len(table.categories)))


@given(records())
def test_columns_read_back_to_the_same_table(rows: list[dict[str, Any]]) -> None:
    table = Judgements.from_records(rows, duplicates="repeat")
    again = Judgements.from_columns(table.to_columns(), duplicates="repeat")
    assert bytes_of(again)[:-1] == bytes_of(table)[:-1]  # but for `missing`: those rows are gone


@given(records(), st.sampled_from(["first", "last"]))
def test_first_and_last(rows: list[dict[str, Any]], which: Any) -> None:
    for place, row in enumerate(rows):
        row["submitted_at"] = (place * 7) % 31  # every time differs
    kept: dict[Any, Any] = {}
    for row in sorted(said(rows), key=lambda row: row["submitted_at"], reverse=which == "first"):
        kept[row.get("question", "label"), row["item"], row["annotator"]] = text(row["label"])
    columns = Judgements.from_records(rows, duplicates=which).to_columns()
    keys = zip(*(columns[name].tolist() for name in ("question", "item", "annotator")), strict=True)
    assert dict(zip(keys, map(text, columns["label"].tolist()), strict=True)) == kept


@given(records())
def test_error_on_repeats_only(rows: list[dict[str, Any]]) -> None:
    keys = [(row.get("question"), row["item"], row["annotator"]) for row in said(rows)]
    if len(set(keys)) == len(keys):
        assert len(Judgements.from_records(rows)) == len(keys)
        return
    with pytest.raises(InputError, match='row \\d+ repeats row \\d+: item .*"first", "last" or "repeat"'):
        Judgements.from_records(rows)


@given(records(), st.lists(st.booleans(), min_size=25, max_size=25))
def test_a_part_is_the_table_of_its_rows(rows: list[dict[str, Any]], mask: list[bool]) -> None:
    table = Judgements.from_records(rows, duplicates="repeat")
    part = table.take(np.array(mask[: len(table)], bool)).compact()
    assert set(part.items[part.item].tolist()) == set(part.items.tolist())
    assert part.labels().tolist() == [label for label, keep in zip(table.labels().tolist(), mask, strict=False) if keep]


def table_of(**columns: Any) -> Judgements:
    return Judgements.from_columns(
        {"item": [1, 1, 2], "annotator": ["a", "b", "a"], "label": ["x", "y", "x"]} | columns
    )


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"item": [1, None, 2]}, "row 2, column 'item': an identifier, text .* is needed. Got nothing"),
        ({"item": [1, 1, float("nan")]}, "row 3, column 'item'"),
        ({"item": [1.5, 1, 2]}, "row 1, column 'item'.*Got 1.5"),
        ({"item": [True, False, True]}, "row 1, column 'item'.*Got True"),
        ({"item": [1, [2], 3]}, r"row 2, column 'item'.*Got \[2\]"),
        ({"item": np.array([1.0, np.nan, 2.0])}, "row 2, column 'item'.*Got nothing"),
        ({"annotator": ["a", "", "a"]}, "row 2, column 'annotator'"),
        ({"annotator": ["a", "b"]}, "column 'annotator' has 2 rows where 'item' has 3"),
        ({"annotator": ["a", "a", "a"]}, "row 2 repeats row 1: item 1, annotator 'a'"),
        ({"label": ["x", {1, 2}, "y"]}, "row 2: a structured answer must be what JSON can write"),
        ({"label": ["x", [float("nan")], "y"]}, "row 2: a structured answer"),
        ({"label": [1.5, float("inf"), 2]}, "row 2, column 'label': a finite number is needed. Got inf"),
        ({"label": np.array([1.5, np.inf, 2])}, "row 2, column 'label': a finite number"),
        ({"kind": ["human", "robot", None]}, "row 2: kind must be one of human, model, gold. Got 'robot'"),
        ({"kind": ["human", "human", "model"]}, "annotator 'a' is .* in one row and .* in another"),
        ({"weight": [1, None, 1]}, "row 2, column 'weight': every judgement needs one. Got nothing"),
        ({"weight": [1, float("nan"), 1]}, "row 2, column 'weight': every judgement needs one"),
        ({"weight": [1, -0.5, 1]}, "row 2, column 'weight': a number at or above 0 is needed. Got -0.5"),
        ({"weight": np.array([1, 1, -2])}, "row 3, column 'weight': a number at or above 0"),
        ({"weight": np.array([1, np.inf, 2])}, "row 2, column 'weight': a number at or above 0"),
        ({"weight": ["1", "heavy", "1"]}, "row 2, column 'weight'.*Got 'heavy'"),
        ({"seconds": [1, 2, "-3"]}, "row 3, column 'seconds'"),
    ],
)  # fmt: skip
def test_errors_name_row_column_and_value(columns: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        table_of(**columns)
    assert caught.value.code == "bad_input"


def test_rows_are_counted_as_they_came_in() -> None:
    with pytest.raises(InputError, match="row 3, column 'item'"):
        table_of(label=[None, "x", "y"], item=[1, 2, None])
    with pytest.raises(InputError, match="row 3, column 'weight'"):
        table_of(label=[None, "x", "y"], weight=[None, 1, -1])


def test_errors_say_where_and_which_columns_there_are() -> None:
    with pytest.raises(InputError, match=r"^labels.csv: there is no column 'label'. The columns are: item, worker.$"):
        Judgements.from_columns({"item": [1], "worker": [2]}, annotator="worker", where="labels.csv")
    with pytest.raises(InputError, match="duplicates must be one of error, first, last, repeat. Got 'any'"):
        Judgements.from_records([], duplicates="any")


def test_times_decide_in_any_notation() -> None:
    times = ["2024-01-01T10:00:00+02:00", "2024-01-01T09:00:00Z", "2024-01-01 08:30"]
    columns = {"item": [1] * 3, "annotator": ["a"] * 3, "label": [*"xyz"], "submitted_at": times}
    assert Judgements.from_columns(columns, duplicates="first").labels().tolist() == ["x"]
    assert Judgements.from_columns(columns, duplicates="last").labels().tolist() == ["y"]
    assert Judgements.from_columns(columns, duplicates="repeat").labels().tolist() == ["x", "z", "y"]
    with pytest.raises(InputError, match="row 2 is one of several judgements .* no submitted_at"):
        Judgements.from_columns(columns | {"submitted_at": [times[0], None, times[2]]}, duplicates="last")
    with pytest.raises(InputError, match="row 3, column 'submitted_at': a time .* Got 'noon'"):
        Judgements.from_columns(columns | {"submitted_at": [*times[:2], "noon"]}, duplicates="last")
    del columns["submitted_at"]
    assert Judgements.from_columns(columns, duplicates="last").labels().tolist() == ["z"]  # by row


@pytest.mark.parametrize(
    ("labels", "categories"),
    [
        (["b", "a", "10"], ["10", "a", "b"]),
        (["10", "9", "x"], ["9", "10", "x"]),
        ([2, 10, 1], [1, 2, 10]),
        ([2.0, 1, 10], [1, 2, 10]),
        (np.array([2.0, 10.0, 1.0]), [1, 2, 10]),
        ([True, False, True], [False, True]),
        ([1, "a", 2], ["1", "2", "a"]),
        ([True, 1, "1"], ["1", "true"]),
        ([1, 2.5, "x"], ["1", "2.5", "x"]),
        (np.array(["b", "a", "b"]), ["a", "b"]),
        (np.array([1, 2, 3], np.int8), [1, 2, 3]),
        (np.array([2**63, 1, 2], np.uint64), [1, 2, 2**63]),
        (np.array([-128, 127, 0], np.int8), [-128, 0, 127]),
    ],
)
def test_values_of_one_type_are_categories(labels: Any, categories: list[Any]) -> None:
    table = table_of(label=labels)
    assert table.categories is not None
    assert table.categories.tolist() == categories
    assert [type(value) for value in table.categories.tolist()] == [type(value) for value in categories]


def test_numbers_that_are_not_whole_stay_numbers() -> None:
    for labels in ([1, 2.5, 3], np.array([1, 2.5, 3]), [1, np.float32(2.5), 3]):
        table = table_of(label=labels)
        assert table.categories is None
        assert table.value.dtype == np.float64
        assert table.coded()[1].tolist() == [1.0, 2.5, 3.0]
    assert table_of(label=["1", "2.5", "3"]).numbers().tolist() == [1.0, 2.5, 3.0]
    with pytest.raises(InputError, match="label 'x' is no number"):
        table_of().numbers()


def test_each_question_has_its_own_type() -> None:
    columns = {
        "item": [1, 2, 1, 2, 1, 2],
        "annotator": ["a"] * 6,
        "question": ["mood", "mood", "score", "score", "tags", "tags"],
        "label": ["glad", "sad", 2, 3.5, ["x"], []],
    }
    table = Judgements.from_columns(columns)
    assert table.about("mood").categories is not None
    assert table.about("mood").labels().tolist() == ["glad", "sad"]
    assert table.about("score").value.tolist() == [2.0, 3.5]
    assert table.about("tags").labels().tolist() == [["x"], []]
    assert table.about("tags").questions.tolist() == ["tags"]
    with pytest.raises(InputError, match="asks 3 questions: mood, score, tags"):
        table.only_question()
    with pytest.raises(InputError, match="no question 'colour'. There are: mood, score, tags"):
        table.about("colour")


def test_kinds_and_weights_choose() -> None:
    table = table_of(annotator=["a", "b", "m"], kind=[None, "human", "model"], weight=[1, 0, 1])
    assert table.kinds == ("human", "human", "model")
    assert table.humans().annotators.tolist() == ["a", "b"]
    assert table.of_kinds(["model"]).items.tolist() == [2]
    assert table.humans().counted().labels().tolist() == ["x"]
    with pytest.raises(InputError, match="kind must be one of human, model, gold. Got 'robot'"):
        table.of_kinds(["robot"])


def test_declared_categories() -> None:
    table = table_of().with_categories(["y", "x", "z"])
    assert table.declared
    assert table.labels().tolist() == ["x", "y", "x"]
    assert table.compact().categories.tolist() == ["y", "x", "z"]  # type: ignore[union-attr]
    assert table.take(np.array([1])).compact().value.tolist() == [0]
    with pytest.raises(InputError, match="label 'y' is not among the declared categories: 'x', 'z'"):
        table_of().with_categories(["x", "z"])
    with pytest.raises(InputError, match="declared once"):
        table_of().with_categories(["x", "y", "x"])
    with pytest.raises(InputError, match="label False is not among"):
        table_of(label=[True, False, True]).with_categories([0, 1])


def test_empty_tables() -> None:
    for columns in ({}, {"weight": []}, {name: [] for name in CONTEXT}):
        table = Judgements.from_columns({"item": [], "annotator": [], "label": []} | columns)
        assert (len(table), len(table.items), len(table.compact().humans())) == (0, 0, 0)
    assert len(Judgements.from_records([])) == 0
    assert len(Judgements.from_records([], item="task")) == 0
    assert table_of(label=[None, "", float("nan")]).missing == 3


def test_overlap() -> None:
    table = Judgements.from_columns({
        "item": [1, 1, 1, 2, 3, 3], "annotator": ["a", "b", "c", "a", "d", "e"], "label": [*"xxyxyy"]
    })  # fmt: skip
    assert table.per_item().tolist() == [3, 1, 2]
    assert sorted(zip(*(place.tolist() for place in table.pairs()), strict=True)) == [(0, 1), (0, 2), (1, 2), (4, 5)]
    assert table.parts().tolist() == [0, 0, 0, 1, 1]
    assert table.tally().toarray().tolist() == [[2, 1], [1, 0], [0, 2]]


def test_not_a_time_is_nothing() -> None:
    assert table_of(label=["x", None, np.datetime64("NaT")]).missing == 2


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "limit"), [("numbers", 4.0), ("text", 10.0)])
def test_a_million_rows(kind: str, limit: float) -> None:
    """Measured .4 s from numbers and 1.3 s from text on two cores; the limits leave room for a busy machine."""
    item = np.repeat(np.arange(200_000), 5)
    columns: dict[str, Any] = {
        "item": item,
        "annotator": (item * 7 + np.tile(np.arange(5), 200_000)) % 2000,
        "label": np.random.default_rng(0).integers(0, 5, 1_000_000),
    }
    if kind == "text":
        columns = {name: [f"{name}{value}" for value in column.tolist()] for name, column in columns.items()}
    start = time.process_time()
    table = Judgements.from_columns(columns)
    assert time.process_time() - start < limit
    assert (len(table), len(table.items), len(table.annotators)) == (1_000_000, 200_000, 2000)
