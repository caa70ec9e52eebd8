"""One fit of a project's model, in a process of its own: `python -m goldwork.services.fit FOLDER`.

The folder holds what is asked (`asked.json`, `table.npz`) and gets what was found (`found.npz`, `model.npz`,
`said.json`); see `apart`.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from goldwork.errors import InputError
from goldwork.services import apart

ASKED, TABLE, FOUND, MODEL, SAID = "asked.json", "table.npz", "found.npz", "model.npz", "said.json"


class Asked(msgspec.Struct, frozen=True):
    """What to fit. `texts` and `pictures` (paths, "" for none): of every item, where there are any; `features`: the
    file of uploaded ones, which knows the items by `names`; `strategy`: that orders the open items, "" for none;
    `batch`: how many of them to choose."""

    cache: str
    classes: int
    texts: list[str] | None = None
    pictures: list[str] | None = None
    features: str = ""
    names: list[str] | None = None
    strategy: str = ""
    batch: int = 0
    seed: int = 0


class Said(msgspec.Struct, frozen=True):
    """What was used, the classes of few items, and how many items did not train the model because an item of the
    evaluation slice has the same content."""

    used: str
    few: list[int]
    same: int = 0


def run(folder: Path) -> None:
    """Fit, and leave what was found in the folder."""
    from goldwork.learning.joint import Votes, infer_jointly

    asked = msgspec.json.decode((folder / ASKED).read_bytes(), type=Asked)
    with np.load(folder / TABLE, allow_pickle=False) as file:
        table = {name: file[name] for name in file.files}
    if asked.features:
        features, known, used = _uploaded(asked)
    else:
        features, used = _counted(asked)
        known = np.ones(len(table["held"]), bool)
    content = _content(asked, len(table["held"]))
    same = np.isin(content, content[table["held"]]) & ~table["held"]
    judged = np.zeros(len(content), bool)
    judged[table["item"][table["weight"] > 0]] = True
    train = np.flatnonzero((judged | (table["known"] >= 0)) & ~table["held"] & ~same)
    place = np.full(len(content), -1)
    place[train] = np.arange(len(train))
    kept = place[table["item"]] >= 0
    people, who = np.unique(table["annotator"][kept], return_inverse=True)
    votes = Votes(
        place[table["item"][kept]], who, table["answer"][kept], len(train), asked.classes, table["weight"][kept]
    )
    joint = infer_jointly(features[train], votes, known=table["known"][train], groups=content[train], seed=asked.seed)
    predicted = joint.model.predict(features)
    chosen = _choose(asked, features, predicted, np.flatnonzero(table["open"] & known), table["lot"])
    np.savez(
        folder / FOUND,
        predicted=predicted,
        train=train,
        unseen=joint.fitted.unseen,
        people=people,
        confusion=joint.confusion,
        chosen=chosen,
    )
    (folder / MODEL).write_bytes(joint.model.to_bytes())
    said = Said(used, list(joint.fitted.few), int((same & judged).sum()))
    (folder / SAID).write_bytes(msgspec.json.encode(said))


def _uploaded(asked: Asked) -> tuple[Any, npt.NDArray[np.bool_], str]:
    """Every item's uploaded features, which items have any, and what they are. The file may be replaced meanwhile: its
    ids and numbers are read together."""
    with np.load(asked.features, allow_pickle=False) as file:
        place = {name: row for row, name in enumerate(file["ids"].tolist())}
        uploaded = file["features"]
    rows = np.array([place.get(name, -1) for name in asked.names or []], np.int64)
    known = rows >= 0
    if not known.any():
        raise InputError("the uploaded features are of none of the project's items: their ids must be the items' own.")
    found = np.zeros((len(rows), uploaded.shape[1]), np.float32)
    found[known] = uploaded[rows[known]]
    return found, known, f"{uploaded.shape[1]:,} uploaded numbers of each item"


def _counted(asked: Asked) -> tuple[Any, str]:
    """Every item's features from what it shows, and what they are."""
    from scipy import sparse

    from goldwork.features import Kept, count_texts, weigh

    cache = Path(asked.cache)
    parts, used = [], []
    if asked.texts is not None:
        parts.append(weigh(Kept[str](cache, "texts-1", count_texts).rows(asked.texts)))
        used.append("words and runs of letters of the text")
    if asked.pictures is not None:

        def describe(paths: Sequence[str]) -> Any:
            return np.vstack([_describe(path) for path in paths])

        # Media lie under the hash of their content: the path is one.
        drawn = Kept[str](cache, "pictures-1", describe).rows(asked.pictures)
        parts.append(drawn)
        used.append("pixels and edges of the picture")
    whole = parts[0] if len(parts) == 1 else sparse.hstack(parts, format="csr")
    return (whole.toarray() if asked.texts is None else whole), " and ".join(used)


def _describe(path: str) -> Any:
    """A picture's features; where there is none, or none that can be read, nothing is seen."""
    from goldwork.features.pictures import LENGTH, describe_picture

    if path:
        with contextlib.suppress(OSError):
            return describe_picture(Path(path).read_bytes())
    return np.zeros(LENGTH, np.float32)


def _content(asked: Asked, n: int) -> npt.NDArray[np.int64]:
    """A code for each item: the same for items of equal content."""
    if asked.texts is None and asked.pictures is None:
        return np.arange(n)
    texts, pictures = asked.texts or [""] * n, asked.pictures or [""] * n
    both = [
        hashlib.blake2b(f"{text}\0{picture}".encode(errors="surrogatepass"), digest_size=16).digest()
        for text, picture in zip(texts, pictures, strict=True)
    ]
    codes: dict[bytes, int] = {}
    return np.array([codes.setdefault(one, len(codes)) for one in both], np.int64)


def _choose(
    asked: Asked, features: Any, predicted: Any, rows: npt.NDArray[np.int64], lot: npt.NDArray[Any]
) -> npt.NDArray[np.int64]:
    """The open items to ask next, by the strategy, no two of them alike."""
    from goldwork.learning.batches import diverse
    from goldwork.quality.strategies import Candidates, strategy

    if not asked.strategy or not len(rows) or not asked.batch:
        return np.empty(0, np.int64)
    here = predicted[rows]
    candidates = Candidates.of(here, judgements=np.zeros(len(rows)), lot=lot[rows])
    return rows[diverse(features[rows], strategy.get(asked.strategy)(candidates, asked.seed), asked.batch)]


if __name__ == "__main__":
    sys.exit(apart.main(run))
