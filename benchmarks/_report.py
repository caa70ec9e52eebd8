"""How a benchmark says what it found."""

from __future__ import annotations

import json
import resource
from pathlib import Path


def report(name: str, value: float, unit: str, against: str = "", ratio: float | None = None) -> None:
    """Print one figure. `ratio`: value over what `against` names, from the same run."""
    row = {"name": name, "value": round(value, 3), "unit": unit, "against": against}
    print(json.dumps(row | {"ratio": None if ratio is None else round(ratio, 3)}), flush=True)


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
