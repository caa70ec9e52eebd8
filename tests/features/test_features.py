"""What a model sees of texts, pictures and files: known values, properties, and files that are wrong."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from goldwork.errors import InputError
from goldwork.features import Kept, Weights, count_texts, count_words, describe_picture, read_features, weigh
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


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.write_bytes(b"nothing"), "cannot be read"),
        (lambda path: np.savez(path, other=np.eye(2)), "needs an array 'features'"),
        (lambda path: np.savez(path, features=np.zeros(3)), "a table of numbers"),
        (lambda path: np.savez(path, features=np.array([[1.0, np.nan]])), "row 1, number 2 is nan"),
        (lambda path: np.savez(path, features=np.eye(2), ids=["a", "a"]), "stands in rows 1 and 2"),
        (lambda path: np.savez(path, features=np.eye(2), ids=["a"]), "1 ids for 2 rows"),
        (lambda path: np.savez(path, features=np.array([[object()]])), "cannot be read"),
    ],
)
def test_wrong_files_are_refused_by_name(tmp_path: Path, make: object, said: str) -> None:
    path = tmp_path / "f.npz"
    make(path)  # type: ignore[operator]
    with pytest.raises(InputError, match=said) as refused:
        read_features(path)
    assert refused.value.where == "f.npz"


def test_a_file_that_is_not_there_or_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_features(tmp_path / "none.npy")
    with pytest.raises(InputError, match=r"Got \.csv"):
        read_features(tmp_path / "f.csv")
    pq.write_table(pa.table({"id": ["a"], "x": ["text"]}), tmp_path / "f.parquet")
    with pytest.raises(InputError, match="holds string, not numbers"):
        read_features(tmp_path / "f.parquet")
