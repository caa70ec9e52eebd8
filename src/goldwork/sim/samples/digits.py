"""Handwritten digits as pictures: scikit-learn's copy of the test part of "Optical Recognition of Handwritten Digits"
(Alpaydin and Kaynak 1998, UCI Machine Learning Repository, CC BY 4.0): 1,797 items of 8 by 8 dots.

How hard an item is, and what it is mistaken for, comes from the data: the share of other digits among the ten items
that are nearest to it. A digit whose look-alikes are all the same digit has difficulty 0.
"""

from __future__ import annotations

import functools
import gzip
import importlib.util
import io
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.sim.annotator import Stimulus
from goldwork.sim.behaviours import Floats
from goldwork.sim.samples import Sample

FORM: dict[str, Any] = {
    "fields": [{"name": "picture", "show": "image"}],
    "questions": [
        {
            "name": "digit",
            "title": "Which digit is it?",
            "task": {"type": "choice", "classes": [{"value": str(digit), "key": str(digit)} for digit in range(10)]},
        }
    ],
}
DOT = 32
"""A dot's width in a picture, pixels: 8 dots make 256."""
NEIGHBOURS = 10
SECONDS = 1.5
"""A typical person's median time on an easy digit; twice as long where half of the look-alikes are others."""


def digits(count: int | None = None) -> Sample:
    """The first `count` digits, or all."""
    dots, truth = _read()
    difficulty, alternatives = look_alikes(dots, truth)
    chosen = range(len(truth) if count is None else min(count, len(truth)))
    ids = [f"digit-{position + 1:04d}" for position in chosen]
    return Sample(
        name="Handwritten digits",
        form=FORM,
        guideline=(resources.files(__package__) / "digits.md").read_text(encoding="utf-8"),
        overlap=3,
        rows=tuple({"id": name, "picture": f"{name}.png"} for name in ids),
        stimuli=tuple(
            Stimulus(
                item=name,
                truth=int(truth[position]),
                difficulty=difficulty[position],
                alternatives=alternatives[position],
                seconds=SECONDS * (1 + 2 * difficulty[position]),
            )
            for position, name in zip(chosen, ids, strict=True)
        ),
        picture=_painter(dots),
    )


def look_alikes(dots: Floats, truth: npt.NDArray[np.int64]) -> tuple[list[float], list[dict[int, float]]]:
    """Of each row of `dots` [n, d]: the share of other classes among its nearest rows, and their counts."""
    size = (dots**2).sum(axis=1)
    distance = size[:, None] + size[None, :] - 2 * dots @ dots.T
    np.fill_diagonal(distance, np.inf)
    nearest = truth[np.argpartition(distance, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]]
    counts = [
        {int(code): int((row == code).sum()) for code in np.unique(row[row != own])}
        for row, own in zip(nearest, truth, strict=True)
    ]
    return [sum(others.values()) / NEIGHBOURS for others in counts], [dict(others) for others in counts]


def _read() -> tuple[Floats, npt.NDArray[np.int64]]:
    """The dots [n, 64], 0 to 16, and the digits [n]."""
    # The file is read past scikit-learn, whose import alone takes a second.
    found = importlib.util.find_spec("sklearn")
    file = Path(str(found and found.origin)).parent / "datasets" / "data" / "digits.csv.gz"
    if file.is_file():
        with gzip.open(file, "rt") as lines:
            table = np.loadtxt(lines, delimiter=",")
        return table[:, :-1], table[:, -1].astype(np.int64)
    from sklearn.datasets import load_digits

    dots, truth = load_digits(return_X_y=True)
    return dots, truth


def _painter(dots: Floats) -> Callable[[str], bytes]:
    """From a picture's name to dark ink on white paper, each dot a sharp square. A picture is drawn once."""
    from PIL import Image

    @functools.cache
    def paint(name: str) -> bytes:
        position = int(name.removeprefix("digit-").removesuffix(".png")) - 1
        paper = (255 - 255 * dots[position].reshape(8, 8) / 16).round().astype(np.uint8)
        picture = Image.fromarray(paper).resize((8 * DOT, 8 * DOT), Image.Resampling.NEAREST)
        file = io.BytesIO()
        picture.save(file, "PNG", compress_level=1)
        return file.getvalue()

    return paint
