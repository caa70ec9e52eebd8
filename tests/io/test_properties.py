"""Whatever the bytes, a table or an InputError; whatever the table, the same again."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import goldwork
from goldwork import io
from goldwork.errors import InputError
from goldwork.io.tables import same

pieces = st.sampled_from(
    [b"item", b"annotator", b"label", b",", b"\t", b";", b'"', b"\n", b"\r\n", b"\r", b"a", b"\xff", b"\0", b"{", b"}",
     b"[", b'"item":', b'{"item":"a","annotator":"b","label":"c"}', b"\xef\xbb\xbf", b"1", b"nan", b"\\u0000", b" "]
)  # fmt: skip
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)


@settings(max_examples=400, deadline=None)
@given(st.lists(pieces, max_size=25).map(b"".join), st.sampled_from(["csv", "tsv", "jsonl", "txt", "parquet"]))
def test_any_bytes_are_read_or_refused(content: bytes, suffix: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"x.{suffix}"
        path.write_bytes(content)
        for read in (goldwork.read, io.read_items):
            try:
                read(path)
            except InputError as error:
                assert str(error).startswith(f"x.{suffix}"), error  # noqa: PT017


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet", "csv.gz"])
@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(text, text, text), min_size=1, max_size=20, unique_by=lambda row: row[:2]))
def test_any_table_comes_back_the_same(suffix: str, rows: list[tuple[str, str, str]]) -> None:
    table = goldwork.Judgements.from_records(
        {"item": item, "annotator": annotator, "label": label} for item, annotator, label in rows
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"x.{suffix}"
        io.write(path, table.to_columns())
        assert same(goldwork.read(path), table)
