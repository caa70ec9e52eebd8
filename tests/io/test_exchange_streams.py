"""Records of JSON, one at a time: places, bounds, damage."""

from __future__ import annotations

import gzip
import json
import tempfile
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldwork.errors import InputError
from goldwork.io.exchange import streams

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.dictionaries(TEXT, VALUES, max_size=4), max_size=6), st.booleans(), st.integers(1, 40))
def test_any_array_is_read_as_json_reads_it(rows: list[dict[str, Any]], pretty: bool, chunk: int) -> None:
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(streams, "CHUNK", chunk)
        path = Path(folder) / "x.json"
        path.write_text(json.dumps(rows, indent=1 if pretty else None), encoding="utf-8")
        assert [record.value for record in streams.array(path)] == rows


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "x.json, line 1: a JSON array of objects is needed"),
        (b'{"a": 1}', "x.json, line 1: a JSON array of objects is needed"),
        (b'[{"a": 1},\n{"a": ', "x.json, line 2: the object that begins here does not end"),
        (b'[{"a": 1},\n{"a": "\\"}]', "x.json, line 2: the object that begins here does not end"),
        (b'[{"a": 1}\n{"a": 2}]', "x.json, line 2: a comma or ] is missing"),
        (b'[\n{"a": 1},\n7]', "x.json, line 3: an object is needed"),
        (b'[{"a": 1},]', "x.json, line 1: an object is needed"),
        (b"[{}]\n\nx", "x.json, line 3: something stands after"),
        (b'[{},\n\n{"a" 1}]', "x.json, line 3, record 2: one JSON object is needed"),
        (b'[{"a": ' + b"[" * 60_000 + b"]" * 60_000 + b"}]", "x.json, line 1, record 1: it is nested too deep"),
        (b'[{"a": "\\ud800"}]', "x.json, line 1, record 1: one JSON object is needed"),
        (b'[{"a": "\xff"}]', "x.json, line 1, record 1: one JSON object is needed"),
        (b'[{"a": 1e999}]', "x.json, line 1, record 1: one JSON object is needed"),
    ],
)
def test_damage_is_placed(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        list(streams.array(path))
    assert str(caught.value).startswith(said)


def test_a_long_array_is_never_held_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.json.gz"
    row = json.dumps({"text": "x " * 2_000}).encode()
    with gzip.open(path, "wb", compresslevel=1) as stream:
        stream.write(b"[" + b",\n".join([row] * 4_000) + b"]")
    tracemalloc.start()
    try:
        count = sum(1 for _ in streams.array(path))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 4_000
    assert peak < 6 * streams.CHUNK, f"{peak:,} bytes of 16,000,000"


def test_a_record_that_is_too_long_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MAX_LINE", 1_000)
    monkeypatch.setattr(streams, "CHUNK", 100)
    for content, read in ((b'[{"a": "%b"}]', streams.array), (b'{"a": "%b"}\n', streams.lines)):
        path = tmp_path / "x.json"
        path.write_bytes(content % (b"x" * 5_000))
        with pytest.raises(InputError, match=r"x.json, line 1: .* longer than 1,000 bytes"):
            list(read(path))


def test_lines_keep_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}\n\n{"a": 2}')
    assert [(record.line, record.value["a"]) for record in streams.lines(path)] == [(1, 1), (3, 2)]


@pytest.mark.parametrize("value", [True, None, "1", 10**400, 2**53 + 1, [1]])
def test_what_is_no_number_is_shown(value: Any) -> None:
    with pytest.raises(InputError, match=r"^here: must be a number\. Got "):
        streams.a_number(value, "here")


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    for write in (streams.write_array, streams.write_lines):
        with pytest.raises(InputError, match="half a character"):
            write(tmp_path / "x", [{"a": "fine"}, {"a": "\ud800"}])
    assert not list(tmp_path.iterdir())


def test_an_empty_array_is_one(tmp_path: Path) -> None:
    streams.write_array(tmp_path / "x.json", [])
    assert list(streams.array(tmp_path / "x.json")) == []
