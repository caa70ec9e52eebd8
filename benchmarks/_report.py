"""How a benchmark says what it found."""

from __future__ import annotations

import json


def report(name: str, value: float, unit: str, against: str = "", ratio: float | None = None) -> None:
    """Print one figure. `ratio`: value over what `against` names, from the same run."""
    row = {"name": name, "value": round(value, 3), "unit": unit, "against": against}
    print(json.dumps(row | {"ratio": None if ratio is None else round(ratio, 3)}), flush=True)


def percentile(values: list[float], share: float) -> float:
    """The smallest value with at least `share` of all at or below it; `values` is not empty."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
