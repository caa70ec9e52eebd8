"""A model is fitted in a process of its own, which the job waits for: what is asked of it, and what it found."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from goldwork.services import apart, fit
from goldwork.services.fit import Asked, Said

SMALLER = "Fewer items, or features with fewer numbers, take less."


class Fitted(msgspec.Struct, frozen=True):
    """What was found: of every item what the model says (`predicted` [n, K]); of the items that trained it (`train`
    [m]) what it says that has not seen the item (`unseen` [m, K]); how the annotators `people` [A] answer
    (`confusion` [A, K true, K answered]); the rows to ask next (`chosen`); the model as a file; and what is to be told
    of it."""

    predicted: Any
    train: Any
    unseen: Any
    people: Any
    confusion: Any
    chosen: Any
    content: bytes
    said: Said


def run(asked: Asked, table: dict[str, Any]) -> Generator[None, None, Fitted]:
    """Fit in another process, and wait for it in short steps. Raises InputError with why there is no model."""

    def fill(folder: Path) -> None:
        (folder / fit.ASKED).write_bytes(msgspec.json.encode(asked))
        np.savez(folder / fit.TABLE, **table)

    return (yield from apart.run(Path(asked.cache), fit.__name__, fill, _read, smaller=SMALLER))


def _read(folder: Path) -> Fitted:
    with np.load(folder / fit.FOUND, allow_pickle=False) as file:
        found = {name: file[name] for name in file.files}
    said = msgspec.json.decode((folder / fit.SAID).read_bytes(), type=Said)
    return Fitted(**found, content=(folder / fit.MODEL).read_bytes(), said=said)
