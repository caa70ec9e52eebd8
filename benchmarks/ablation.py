"""What each technique of the quality engine is worth: alone, together, and all but one.

The same crowds (`goldwork.sim.crowd.FULL`, everything that a project may meet) on the same items, in memory. Beside
accuracy and cost: how many honest people who were never below the floor are warned or have work set aside, and how many
of those who are not honest are found. Differences to the whole are paired by seed; intervals are Student's, 95 %.
Options: `--runs 24` `--items 1500` `--table` (as the method note has it).
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

from scipy.stats import t

from benchmarks._report import report
from goldwork.quality.policy import Policy
from goldwork.sim import make_crowd
from goldwork.sim.crowd import FULL
from goldwork.sim.outcome import Outcome, simulate
from goldwork.sim.project import Setting

FLOOR, TARGET, LEAST, MOST, FIXED = 7000, 9000, 2, 6, 4
NOTHING = 1
"""A floor of 1 in 10,000: gold is there, is learned from and calibrates, and accuses nobody."""
TECHNIQUES = ("gold evidence", "confusions", "stopping", "calibration", "audits", "flags")
NEEDS: Mapping[str, frozenset[str]] = {
    "calibration": frozenset({"confusions", "stopping"}),
    "audits": frozenset({"gold evidence"}),
    "flags": frozenset({"gold evidence"}),
}
"""What a technique does nothing without, so that it is tried alone together with this."""


def setting(used: frozenset[str], items: int, seed: int) -> Setting:
    """A project that uses these techniques. Gold is shown where one of them reads it."""
    gold = bool(used & {"gold evidence", "calibration"})
    policy = Policy(
        overlap=LEAST if "stopping" in used else FIXED,
        maximum=MOST if "stopping" in used else 0,
        target=TARGET if "stopping" in used else 0,
        gold=gold,
        floor=FLOOR if "gold evidence" in used else NOTHING,
        audits=20 if "audits" in used else 0,
    )
    return Setting(
        items=items,
        policy=policy,
        learns="confusions" in used,
        calibrates="calibration" in used,
        flags="flags" in used,
        heeds="flags" in used,
        seed=seed,
    )


def rows() -> dict[str, frozenset[str]]:
    """Every combination that is tried, by name."""
    whole = frozenset(TECHNIQUES)
    tried = {"nothing": frozenset[str](), "all": whole}
    for name in TECHNIQUES:
        needs = NEEDS.get(name, frozenset())
        tried["only " + " and ".join([name, *sorted(needs)])] = needs | {name}
    for name in TECHNIQUES:
        tried[f"all but {name}"] = whole - {name}
    return tried


def measure(outcome: Outcome) -> dict[str, float]:
    """One run's figures. People are counted against the same floor, whether evidence uses it or not."""
    sound = [one for one in outcome.people if one.honest and one.lowest >= FLOOR / 10_000]
    bad = [one for one in outcome.people if not one.honest]

    def share(people: Sequence[Any], stage: str) -> float:
        return sum(stage in one.stages for one in people) / max(len(people), 1)

    found = [one.stages["quarantine"].judgements for one in bad if "quarantine" in one.stages]
    return {
        "accuracy": outcome.accuracy,
        "judgements per item": outcome.per_item,
        "honest warned": share(sound, "warn"),
        "honest set aside": share(sound, "quarantine"),
        "bad set aside": share(bad, "quarantine"),
        "judgements until then": fmean(found) if found else math.nan,
        "waits for an expert": outcome.experts,
    }


def main(arguments: list[str]) -> None:
    """Print a line for every figure, or the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks ablation --", description=__doc__)
    parser.add_argument("--runs", type=int, default=24)
    parser.add_argument("--items", type=int, default=1500)
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args(arguments)
    found: dict[str, list[dict[str, float]]] = {}
    for name, used in rows().items():
        found[name] = []
        for seed in range(options.runs):
            crowd = make_crowd(classes=4, size=sum(FULL.values()), mix=FULL, seed=seed)
            found[name].append(measure(simulate(crowd, setting(used, options.items, seed), votes=())))
        (tell if not options.table else row)(name, found[name], found.get("all"))


def tell(name: str, mine: Sequence[Mapping[str, float]], whole: Sequence[Mapping[str, float]] | None) -> None:
    """Every figure of a combination with its interval, and over that of the whole."""
    for figure in mine[0]:
        value, half = mean_of([one[figure] for one in mine])
        beside = mean_of([one[figure] for one in whole])[0] if whole else math.nan
        ratio = value / beside if beside else None
        report(
            f"{name}: {figure}", value, f"± {half:.3f}", "all", None if ratio is None or math.isnan(ratio) else ratio
        )


def row(name: str, mine: Sequence[Mapping[str, float]], whole: Sequence[Mapping[str, float]] | None) -> None:
    """A combination as a row of the method note's table."""
    cells = [name]
    for figure in mine[0]:
        value, half = mean_of([one[figure] for one in mine])
        cells.append(f"{value:.0f}" if figure.startswith("judgements until") else f"{value:.3f} ± {half:.3f}")
    if whole is not None:
        for figure in ("accuracy", "judgements per item"):
            value, half = mean_of([one[figure] - of[figure] for one, of in zip(mine, whole, strict=True)])
            cells.append(f"{value:+.3f} ± {half:.3f}")
    print(f"| {' | '.join(cells)} |", flush=True)


def mean_of(values: Sequence[float]) -> tuple[float, float]:
    """The mean of what is defined, and half of Student's 95 % interval."""
    known = [value for value in values if not math.isnan(value)]
    if len(known) < 2:
        return (known[0] if known else math.nan), math.nan
    return fmean(known), float(t.ppf(0.975, len(known) - 1)) * stdev(known) / math.sqrt(len(known))
