"""Where on the screen an answer stood: what the context column `shown` says of it.

Of comparisons left or right (or first, second, false, true for swapped), where the first option stood; else a list of
the options as they stood.

>>> places(["left", "right", "b"], ["left", "left", '["b", "a"]'])
(array([0, 1, 0]), array([2, 2, 2]))
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.intp]

SIDES = {"left": 0, "first": 0, "right": 1, "second": 1, "false": 0, "true": 1}


def places(labels: list[Any], shown: list[Any]) -> tuple[Places, Places]:
    """The place of each answer on the screen, -1 where it is not known, and how many places there were."""
    at, options = np.full(len(labels), -1, np.intp), np.full(len(labels), 2, np.intp)
    for row, (label, order) in enumerate(zip(labels, shown, strict=True)):
        if isinstance(order, str) and order.startswith("["):
            try:
                order = json.loads(order)
            except ValueError:
                continue
        if isinstance(order, list):
            if len(order) > 1 and label in order:
                at[row], options[row] = order.index(label), len(order)
            continue
        side, own = SIDES.get(str(order).lower()), SIDES.get(str(label).lower())
        if side is not None and own is not None:
            at[row] = own ^ side
    return at, options
