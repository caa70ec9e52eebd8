"""What a model sees of texts, pictures and files: known values, properties, and files that are wrong."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from goldwork.errors import InputError
from goldwork.features import (
    Kept,
    Weights,
    count_texts,
    count_words,
    describe_picture,
    files,
    kept,
    read_features,
    weigh,
)
from goldwork.features.pictures import CELLS, DIRECTIONS, GRID, LENGTH, describe


def test_weights_are_those_of_scikit_learn() -> None:
    """Sublinear, smoothed, rows of length 1; but for words that one text alone has, which are left out."""
    from sklearn.feature_extraction.text import TfidfTransformer

    texts = ["a cat and a dog", "a cat", "the dog and the cat and the cow", "a cow"]
    counts = count_words(texts)
    several = counts[:, np.flatnonzero(counts.getnnz(axis=0) > 1)]
    ours = Weights.of(counts).apply(counts).toarray()
    np.testing.assert_allclose(ours, TfidfTransformer(sublinear_tf=True).fit_transform(several).toarray(), atol=1e-6)


@given(st.lists(st.text(max_size=30), max_size=8))
def test_any_texts_become_rows_of_length_one_or_none(texts: list[str]) -> None:
    rows = weigh(count_texts(texts))
    length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    assert rows.shape[0] == len(texts)
    assert np.all((np.abs(length - 1) < 1e-5) | (length == 0))


def test_a_text_counts_the_same_alone_and_among_others() -> None:
    together = count_texts(["so it is", "no", "a third one"])
    assert (together[0] != count_texts(["so it is"])[0]).nnz == 0


def test_the_commonest_words_are_kept_where_a_limit_is_given() -> None:
    counts = count_words(["one two six", "one two", "one two ten", "one six ten"])
    assert len(Weights.of(counts, most=2).columns) == 2
    assert Weights.of(counts, most=2).rarity.max() <= Weights.of(counts).rarity.max()


def test_an_edge_points_where_light_grows() -> None:
    """Brightness that grows to the right has all its edges in direction 0, to the left in the opposite one."""
    ramp = np.tile(np.linspace(0, 1, 32), (32, 1))
    for picture, direction in ((ramp, 0), (ramp[:, ::-1], DIRECTIONS // 2), (ramp.T, DIRECTIONS // 4)):
        edges = describe(picture[None])[0, GRID * GRID :].reshape(CELLS * CELLS, DIRECTIONS)
        assert edges.sum(axis=0).argmax() == direction
        np.testing.assert_allclose(edges.sum(axis=0)[direction], edges.sum(), rtol=1e-6)


def test_a_picture_file_is_described_and_other_bytes_are_refused() -> None:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), (200, 10, 10)).save(file, "PNG")
    found = describe_picture(file.getvalue())
    assert found.shape == (LENGTH,)
    np.testing.assert_allclose(np.linalg.norm(found[: GRID * GRID]), 1, rtol=1e-5)
    assert not found[GRID * GRID :].any(), "one colour has no edges"
    with pytest.raises(OSError, match="identify"):
        describe_picture(b"no picture")


def test_what_is_kept_is_counted_once_and_survives_a_broken_file(tmp_path: Path) -> None:
    counted: list[str] = []

    def count(texts: list[str]) -> object:
        counted.extend(texts)
        return count_words(texts)

    kept = Kept(tmp_path, "words", count)
    first = kept.rows(["one two", "two six", "one two"])
    assert counted == ["one two", "two six"]
    assert (Kept(tmp_path, "words", count).rows(["two six", "one two"]) != first[[1, 0]]).nnz == 0
    assert counted == ["one two", "two six"]
    (tmp_path / "words.npz").write_bytes(b"PK\x03\x04 broken")
    assert (Kept(tmp_path, "words", count).rows(["one two"]) != first[0]).nnz == 0
    assert counted == ["one two", "two six", "one two"]
    assert [path.name for path in tmp_path.iterdir()] == ["words.npz"]


def test_more_than_fits_is_counted_again_and_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST_BYTES", 100)
    counted: list[str] = []

    def count(texts: Any) -> Any:
        counted.extend(texts)
        return np.ones((len(texts), 8), np.float32)

    for texts in (["one"], ["one", "two", "three"], ["one", "two", "three"]):
        assert Kept[str](tmp_path, "words", count).rows(texts).shape == (len(texts), 8)
    assert counted == ["one", "two", "three", "two", "three"]
    assert (tmp_path / "words.npz").stat().st_size < 2000, "what was kept before is still there"


def test_features_of_every_kind_of_file_are_read(tmp_path: Path) -> None:
    rows = np.arange(6, dtype=np.float32).reshape(3, 2)
    np.save(tmp_path / "f.npy", rows)
    np.savez(tmp_path / "f.npz", ids=np.array(["a", "b", "c"]), features=rows)
    pq.write_table(pa.table({"id": ["a", "b", "c"], "x": rows[:, 0], "y": rows[:, 1]}), tmp_path / "wide.parquet")
    pq.write_table(pa.table({"id": ["a", "b", "c"], "v": rows.tolist()}), tmp_path / "lists.parquet")
    assert read_features(tmp_path / "f.npy")[0] is None
    for name in ("f.npy", "f.npz", "wide.parquet", "lists.parquet"):
        ids, found = read_features(tmp_path / name)
        np.testing.assert_array_equal(found, rows)
        assert ids is None or ids.tolist() == ["a", "b", "c"]


def bare(shape: str, kind: str = "<f4", content: bytes = b"") -> bytes:
    """A .npy file whose header says what it likes."""
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}}}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + content


def zipped(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return file.getvalue()


def npz(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def parquet(**columns: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


HUGE = b"\x93NUMPY\x02\x00" + (2**31).to_bytes(4, "little") + b" " * 1000
BAD = [
    ("no file of its kind", "f.npz", b"nothing", "f.npz", "cannot be read"),
    ("cut", "f.npy", bare("(3, 2)", content=bytes(8)), "f.npy", "cannot be read"),
    ("no features", "f.npz", npz(other=np.eye(2)), "f.npz", "needs an array 'features'"),
    ("no table", "f.npz", npz(features=np.zeros(3)), "f.npz", "a table of numbers"),
    ("no width", "f.npz", npz(features=np.zeros((3, 0))), "f.npz", r"Got \(3, 0\)"),
    ("no rows", "f.npz", npz(features=np.zeros((0, 3))), "f.npz", r"Got \(0, 3\)"),
    ("too wide", "f.npz", npz(features=np.zeros((1, 16_385))), "f.npz", "up to 16,384 numbers"),
    ("nan", "f.npz", npz(features=np.array([[1.0, np.nan]])), "f.npz, row 1, column 2", "is nan: .* Mend it"),
    ("too large a number", "f.npz", npz(features=np.array([[1.0], [1e300]])), "f.npz, row 2, column 1", r"is 1e\+300"),
    ("an id twice", "f.npz", npz(features=np.eye(2), ids=["a", "a"]), "f.npz, row 2", "'a' is that of row 1 too"),
    ("no id", "f.npz", npz(features=np.eye(2), ids=["a", ""]), "f.npz, row 2", "Got nothing"),
    ("bytes as ids", "f.npz", npz(features=np.eye(2), ids=[b"a", b"b"]), "f.npz, row 1", "Got b'a'"),
    ("a long id", "f.npz", npz(features=np.eye(1), ids=["a" * 201]), "f.npz, row 1", "up to 200 characters"),
    ("few ids", "f.npz", npz(features=np.eye(2), ids=["a"]), "f.npz", "1 ids for 2 rows"),
    ("pickled", "f.npz", npz(features=np.array([[object()]])), "f.npz, features", "Python objects"),
    ("pickled ids", "f.npz", npz(features=np.eye(1), ids=np.array(["a"], object)), "f.npz, ids", "Python objects"),
    ("says it is huge", "f.npy", bare("(1000000, 1000000)"), "f.npy", "10,000,000 rows of 2 GB"),
    ("says it is nothing, often", "f.npz", zipped(features=bare("(1, 1)", content=bytes(4)),
        ids=bare("(99999999999,)", "<U0")), "f.npz, ids", "10,000,000 rows"),
    ("a huge header", "f.npz", zipped(features=HUGE), "f.npz, features", "no plain array"),
    ("text in a column", "f.parquet", parquet(id=["a"], x=["text"]), "f.parquet, column 'x'", "string, not numbers"),
    ("a number that is missing", "f.parquet", parquet(id=["a", "b"], x=[1, 2], y=[1.0, None]),
        "f.parquet, row 2, column 'y'", "is nan"),
    ("rows of two lengths", "f.parquet", parquet(id=["a", "b"], v=[[1.0], [1.0, 2.0]]),
        "f.parquet, column 'v', row 2", "has 2 numbers, the first row 1"),
    ("a row without a list", "f.parquet", parquet(id=["a", "b"], v=[[1.0], None]),
        "f.parquet, column 'v', row 2", "has 0 numbers"),
    ("a row without an id", "f.parquet", parquet(id=["a", None], x=[1, 2]), "f.parquet, row 2", "Got nothing"),
    ("no column of ids", "f.parquet", parquet(x=[1, 2]), "f.parquet", "no column 'id'"),
    ("ids alone", "f.parquet", parquet(id=["a"]), "f.parquet", r"Got \(1, 0\)"),
    ("no parquet", "f.parquet", b"PAR1nothing", "f.parquet", "cannot be read"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "where", "said"), [one[1:] for one in BAD], ids=[one[0] for one in BAD])
def test_a_wrong_file_is_refused_by_place_and_mend(
    tmp_path: Path, name: str, content: bytes, where: str, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    tracemalloc.start()
    with pytest.raises(InputError, match=said) as refused:
        read_features(tmp_path / name)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refused.value.where == where
    assert peak < 50e6, "nothing is made room for before it is known to be there"


def test_a_parquet_file_that_unpacks_to_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_NUMBERS", 100)
    (tmp_path / "f.parquet").write_bytes(parquet(id=["a", "b"], v=[[0.0] * 60] * 2))
    with pytest.raises(InputError, match="2 rows with 122 values are too many"):
        read_features(tmp_path / "f.parquet")


def test_a_file_that_is_not_there_or_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_features(tmp_path / "none.npy")
    with pytest.raises(InputError, match=r"Got \.csv"):
        read_features(tmp_path / "f.csv")
