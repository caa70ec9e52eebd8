"""goldwork: high-quality human data, from judgements to reward models.

    import goldwork

    table = goldwork.read("labels.csv")
    print(goldwork.measure_agreement(table))
    print(goldwork.infer_consensus(table).labels)

Importing goldwork loads numpy and nothing heavier; each name below is imported when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "Agreement": "goldwork.agreement",
    "Consensus": "goldwork.consensus",
    "GoldworkError": "goldwork.errors",
    "InputError": "goldwork.errors",
    "Items": "goldwork.items",
    "Judgements": "goldwork.judgements",
    "agreement_by_group": "goldwork.agreement",
    "compare_agreement": "goldwork.agreement",
    "explain_agreement": "goldwork.agreement",
    "infer_consensus": "goldwork.consensus",
    "measure_agreement": "goldwork.agreement",
    "read": "goldwork.io",
}
"""Public names and the modules they live in."""

__all__ = [
    "Agreement",
    "Consensus",
    "GoldworkError",
    "InputError",
    "Items",
    "Judgements",
    "agreement_by_group",
    "compare_agreement",
    "explain_agreement",
    "infer_consensus",
    "measure_agreement",
    "read",
]

if TYPE_CHECKING:
    from goldwork.agreement import (
        Agreement,
        agreement_by_group,
        compare_agreement,
        explain_agreement,
        measure_agreement,
    )
    from goldwork.consensus import Consensus, infer_consensus
    from goldwork.errors import GoldworkError, InputError
    from goldwork.io import read
    from goldwork.items import Items
    from goldwork.judgements import Judgements


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'goldwork' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
