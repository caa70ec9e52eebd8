"""How a benchmark says what it found."""

from __future__ import annotations

import json
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


def report(
    name: str,
    value: float,
    unit: str,
    against: str = "",
    ratio: float | None = None,
    *,
    span: tuple[float, float] | None = None,
    aim: str = "",
) -> None:
    """Print one figure. `ratio`: value over what `against` names, from the same run; `span`: the value's 95 % interval;
    `aim`: what it should be."""
    row: dict[str, object] = {"name": name, "value": round(value, 3), "unit": unit, "against": against}
    row["ratio"] = None if ratio is None else round(ratio, 3)
    if span is not None:
        row["low"], row["high"] = round(span[0], 3), round(span[1], 3)
    if aim:
        row["aim"] = aim
    print(json.dumps(row), flush=True)


def drawn_again(pairs: npt.ArrayLike, of: Callable[[Any], Any] = np.mean, seed: int = 0) -> tuple[float, float]:
    """The 95 % interval of a statistic of rows, over rows drawn again (bootstrap)."""
    rows, rng = np.asarray(pairs), np.random.default_rng(seed)
    made = [of(rows[rng.integers(0, len(rows), len(rows))]) for _ in range(2000)]
    low, high = np.quantile(made, (0.025, 0.975))
    return float(low), float(high)


def peak_megabytes() -> float:
    """The most memory that this process had. `ru_maxrss` would count what the one that began it had at that moment."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


def percentile(values: list[float], share: float) -> float:
    """The smallest value with at least `share` of all at or below it; `values` is not empty."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
