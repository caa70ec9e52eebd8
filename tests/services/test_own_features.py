"""Features that a manager uploads: taken whole or not at all, with the reason, and read by the model's next fit."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from goldwork.services import own_features
from goldwork.services.jobs import Job
from tests.services.conftest import Room

IDS = ["i0", "i1", "i2", "i3"]


def npz(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def npy(rows: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, rows)
    return file.getvalue()


def parquet() -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"id": IDS, "x": [1.0, 2.0, 3.0, 4.0], "y": [0, 1, 0, 1]}), file)
    return file.getvalue()


def send(room: Room, content: bytes, name: str) -> Job:
    file = room.upload(content, name)
    job = room.writer.run(
        lambda connection: own_features.start(connection, room.database, room.home, room.project, file)
    )
    room.worker.drain()
    return room.job(job.id)


@pytest.mark.parametrize(
    ("content", "name", "numbers"),
    [
        pytest.param(npz(ids=np.array([*IDS, "other"]), features=np.ones((5, 3))), "a.npz", 3, id="npz"),
        pytest.param(npy(np.ones((4, 2))), "b.npy", 2, id="npy"),
        pytest.param(parquet(), "c.parquet", 2, id="parquet"),
    ],
)
def test_what_fits_is_kept(room: Room, content: bytes, name: str, numbers: int) -> None:
    room.make_project()
    room.add_items(4)
    job = send(room, content, name)
    assert job.state == "done", job.error
    assert job.result is not None
    assert (job.result["items"], job.result["numbers"]) == (4, numbers)
    with np.load(room.home.features_file(room.project), allow_pickle=False) as kept:
        assert set(kept["ids"].tolist()) >= set(IDS)
        assert kept["features"].shape[1] == numbers


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        pytest.param(npy(np.ones((3, 2))), "b.npy", "3 rows without ids, and 4 items", id="too few rows"),
        pytest.param(npz(ids=np.array(["x"]), features=np.ones((1, 3))), "a.npz", "none of the project's", id="others"),
        pytest.param(npy(np.array([{"a": 1}], dtype=object)), "b.npy", "Python objects", id="pickled"),
        pytest.param(b"id,text\n", "b.csv", ".npy, .npz or .parquet", id="a table"),
        pytest.param(npy(np.full((4, 2), np.nan)), "b.npy", "is nan", id="no numbers"),
    ],
)
def test_what_does_not_fit_leaves_the_last(room: Room, content: bytes, name: str, said: str) -> None:
    room.make_project()
    room.add_items(4)
    assert send(room, npy(np.ones((4, 2))), "first.npy").state == "done"
    before = room.home.features_file(room.project).read_bytes()
    job = send(room, content, name)
    assert job.state == "failed"
    assert job.error is not None
    assert said in job.error.message
    assert (job.error.where or "").startswith(name)
    assert room.home.features_file(room.project).read_bytes() == before
    assert len(list(room.home.features_file(room.project).parent.iterdir())) == 1, "nothing half written"


def test_a_worker_that_dies_once_they_are_kept_says_so(room: Room) -> None:
    """The upload is removed after that; whoever takes the job over does not look for it."""
    room.make_project()
    room.add_items(4)
    file = room.upload(npy(np.ones((4, 2))), "mine.npy")
    job = room.writer.run(
        lambda connection: own_features.start(connection, room.database, room.home, room.project, file)
    )
    room.worker.step()
    [active] = room.worker._active
    assert list(active.steps) == []
    room.worker.close()  # gives the job back
    room.worker.drain()
    done = room.job(job.id)
    assert done.state == "done", done.error
    assert done.result == {"rows": 4, "items": 4, "numbers": 2}
