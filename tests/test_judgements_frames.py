"""Data frames of every kind give the same table, and get results of their own kind back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldwork.agreement import measure_agreement
from goldwork.consensus import infer_consensus
from goldwork.errors import InputError
from goldwork.judgements import Judgements
from tests.test_judgements import bytes_of

MAKERS = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}
COLUMNS: dict[str, list[Any]] = {
    "item": ["i1", "i1", "i2", "i2", "i3", "i3"],
    "annotator": ["a", "b", "a", "b", "a", "c"],
    "label": ["x", "y", "x", "x", None, "y"],
    "seconds": [1.5, None, 3.0, 4.0, 5.0, 6.0],
    "session": ["s", None, "s", "s", "s", "s"],
}


@pytest.mark.parametrize("library", MAKERS)
@pytest.mark.parametrize(
    "columns",
    [
        COLUMNS,
        COLUMNS | {"label": [1, 2, 1, 1, 2, 2]},
        COLUMNS | {"label": [1, 2, 1, 1, None, 2]},
        COLUMNS | {"label": [1.5, 2, 1, 1, None, 2]},
        COLUMNS | {"label": [True, False, True, True, None, True]},
        COLUMNS | {"label": [["x"], [], ["x", "y"], [], None, []]},
        COLUMNS | {"item": [1, 1, 2, 2, 3, 3], "weight": [1, 1, 0, 1, 1, 1]},
        COLUMNS | {"submitted_at": [datetime(2024, 1, day, tzinfo=UTC) for day in range(1, 7)]},
        {name: [] for name in ("item", "annotator", "label")},
    ],
    ids=["text", "whole", "whole-missing", "numbers", "truth", "lists", "integers", "times", "empty"],
)
def test_frames_give_the_table_of_their_columns(library: str, columns: dict[str, list[Any]]) -> None:
    table = Judgements.from_frame(MAKERS[library](columns))
    expected = Judgements.from_columns(columns)
    assert bytes_of(table) == bytes_of(expected)
    assert table.frame == library


@pytest.mark.parametrize("library", MAKERS)
def test_results_go_back_as_they_came(library: str) -> None:
    table = Judgements.from_frame(MAKERS[library](COLUMNS))
    native = type(MAKERS[library](COLUMNS))
    made = infer_consensus(table, "majority")
    assert isinstance(made.to_frame(), native)
    assert isinstance(table.to_frame(), native)
    again = Judgements.from_frame(table.to_frame())
    assert again.labels().tolist() == table.labels().tolist()
    frame = infer_consensus(table, "dawid-skene").to_frame()
    assert list(frame.columns if library != "pyarrow" else frame.column_names) == [
        "item", "label", "confidence", "judgements", "tie", "ambiguity"
    ]  # fmt: skip
    assert measure_agreement(table, resamples=10).items == 2


def test_lazy_frames_are_collected() -> None:
    table = Judgements.from_frame(pl.LazyFrame(COLUMNS))
    assert table.frame == "polars"
    assert isinstance(table.to_frame(), pl.DataFrame)


def test_results_of_no_frame_are_arrow() -> None:
    assert isinstance(Judgements.from_columns(COLUMNS).to_frame(), pa.Table)


def test_ordered_categoricals_declare_categories() -> None:
    order = ["bad", "fair", "good"]
    columns = {"item": [1, 1], "annotator": ["a", "b"], "label": ["good", "bad"]}
    pandas = pd.DataFrame(columns | {"label": pd.Categorical(columns["label"], order, ordered=True)})
    polars = pl.DataFrame(columns, schema_overrides={"label": pl.Enum(order)})
    for frame in (pandas, polars):
        table = Judgements.from_frame(frame)
        assert table.categories is not None
        assert (table.categories.tolist(), table.declared) == (order, True)
        assert table.labels().tolist() == ["good", "bad"]
    plain = pd.DataFrame(columns | {"label": pd.Categorical(columns["label"])})
    assert not Judgements.from_frame(plain).declared


@pytest.mark.parametrize(
    "column",
    [
        pd.array([1, 2, None, 1, 2, 1], dtype="Int64"),
        pd.array(["x", "y", pd.NA, "x", "y", "x"], dtype="string"),
        pd.array([True, False, None, True, False, True], dtype="boolean"),
        pd.array([0.5, 1.5, None, 0.5, 1.5, 0.5], dtype="Float64"),
        pd.Categorical(["x", "y", None, "x", "y", "x"]),
        pd.Series(["x", "y", pd.NA, "x", "y", "x"], dtype=object),
        pd.Series(["x", 1, None, {"a": 1}, {"b": 2}, [1]], dtype=object),
        pd.Series(["x", 1, np.nan, 2.5, True, "1"], dtype=object),
    ],
)
def test_pandas_has_many_ways_to_hold_a_column(column: Any) -> None:
    table = Judgements.from_frame(pd.DataFrame(COLUMNS | {"label": column}))
    assert (len(table), table.missing) == (5, 1)
    objects = [None if value is pd.NA or value is None else value for value in column]
    assert table.labels().tolist() == Judgements.from_columns(COLUMNS | {"label": objects}).labels().tolist()


def test_columns_that_nobody_reads_are_left_alone() -> None:
    class Strange:
        pass

    frame = pd.DataFrame(COLUMNS | {"payload": [Strange() for _ in range(6)]})
    assert "payload" not in Judgements.from_frame(frame).to_columns()
    with pytest.raises(InputError, match="no column 'answer'. The columns are: item, annotator, label, .*payload"):
        Judgements.from_frame(frame, value="answer")


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.sampled_from(["x", "y", None])), max_size=12),
    st.sampled_from(sorted(MAKERS)),
)
def test_frames_of_any_content(rows: list[tuple[str, int, str | None]], library: str) -> None:
    names = ("annotator", "item", "label")
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    table = Judgements.from_frame(MAKERS[library](columns), duplicates="repeat")
    assert bytes_of(table) == bytes_of(Judgements.from_columns(columns, duplicates="repeat"))


@pytest.mark.slow
def test_large_columns_go_through_arrow() -> None:
    """Above a size the text is read by Arrow; the table is the same, whatever the text."""
    texts = ["plain", "é", "\ud800", "", "10", "9"]
    for size in (100, 20_000):
        columns = {
            "item": [f"i{place // 4}" for place in range(size)],
            "annotator": [f"a{place % 4}" for place in range(size)],
            "label": [texts[place % 2] for place in range(size)],
        }
        assert Judgements.from_columns(columns).labels().tolist() == columns["label"] or size > 100
        odd = columns | {"label": [texts[place % 6] for place in range(size)]}
        assert sorted(Judgements.from_columns(odd).categories.tolist()) == sorted(set(texts) - {""})  # type: ignore[union-attr]
        mixed = columns | {"label": ["x", 1, None, 2.5] * (size // 4)}
        assert Judgements.from_columns(mixed).categories.tolist() == ["1", "2.5", "x"]  # type: ignore[union-attr]
