"""What each technique of the quality engine is worth: alone, together, and all but one.

The same crowds (`goldwork.sim.crowd.FULL`, everything that a project may meet) on the same items, in memory. Beside
accuracy and cost: how many honest people who were never below the floor are warned or have work set aside, and how many
of those who are not honest are found. Differences to the whole are paired by seed; intervals are Student's, 95 %.
Options: `--runs 67` `--items 300` `--people 19` `--table` (as the method note has it).
"""

from __future__ import annotations

import argparse
import dataclasses
import math
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev

from scipy.stats import beta, t

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
    tried = {"all": whole, "nothing": frozenset[str]()}
    for name in TECHNIQUES:
        needs = NEEDS.get(name, frozenset())
        tried["only " + " and ".join([name, *sorted(needs)])] = needs | {name}
    tried["only confusions and stopping, no gold"] = frozenset({"confusions", "stopping"})
    for name in TECHNIQUES:
        tried[f"all but {name}"] = whole - {name}
    return tried


@dataclasses.dataclass(frozen=True)
class Run:
    """One project: figures, and of honest people who were never below the floor how many were accused."""

    figures: Mapping[str, float]
    sound: int
    warned: int
    aside: int


def measure(outcome: Outcome) -> Run:
    """What came of one project. People are held against the same floor, whether evidence uses it or not."""
    sound = [one.stages for one in outcome.people if one.honest and one.lowest >= FLOOR / 10_000]
    bad = [one.stages for one in outcome.people if not one.honest]
    found = [stages["quarantine"].judgements for stages in bad if "quarantine" in stages]
    figures = {
        "accuracy": outcome.accuracy,
        "judgements per item": outcome.per_item,
        "waits for an expert": outcome.experts,
        "expected too much": math.nan if outcome.expected is None else outcome.expected - outcome.accuracy,
        "not honest, set aside": len(found) / len(bad),
        "judgements until then": fmean(found) if found else math.nan,
    }
    return Run(figures, len(sound), *(sum(stage in one for one in sound) for stage in ("warn", "quarantine")))


def main(arguments: list[str]) -> None:
    """Print a line for every figure, or the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks ablation --", description=__doc__)
    parser.add_argument("--runs", type=int, default=67)
    parser.add_argument("--items", type=int, default=300)
    parser.add_argument("--people", type=int, default=sum(FULL.values()) // 2)
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args(arguments)
    found: dict[str, list[Run]] = {}
    for name, used in rows().items():
        found[name] = []
        for seed in range(options.runs):
            crowd = make_crowd(classes=4, size=options.people, mix=FULL, seed=seed)
            found[name].append(measure(simulate(crowd, setting(used, options.items, seed), votes=())))
        (row if options.table else tell)(name, found[name], found["all"])


def tell(name: str, mine: Sequence[Run], whole: Sequence[Run]) -> None:
    """Every figure of a combination with its interval, and over that of the whole."""
    for figure in mine[0].figures:
        value, half = mean_of([one.figures[figure] for one in mine])
        beside, _ = mean_of([one.figures[figure] for one in whole])
        if not math.isnan(value):
            report(f"{name}: {figure}", value, f"± {half:.3f}", "all", value / beside if beside else None)
    people = sum(one.sound for one in mine)
    for stage, number in accused(mine).items():
        report(f"{name}: honest {stage}", number, f"of {people}, at most {most(number, people):.1%}")


def row(name: str, mine: Sequence[Run], whole: Sequence[Run]) -> None:
    """A combination as a row of the method note's table; after accuracy and cost how far they are from the whole's."""
    cells = [name]
    for figure in mine[0].figures:
        value, half = mean_of([one.figures[figure] for one in mine])
        digits = ".0f" if value > 10 else ".3f"
        cells.append("" if math.isnan(value) else f"{value:{digits}} ± {half:{digits}}")
        if figure in ("accuracy", "judgements per item") and mine is not whole:
            pairs = zip(mine, whole, strict=True)
            value, half = mean_of([one.figures[figure] - of.figures[figure] for one, of in pairs])
            cells[-1] += f" ({value:+.3f} ± {half:.3f})"
    people = sum(one.sound for one in mine)
    cells += [f"{number} of {people} (at most {most(number, people):.1%})" for number in accused(mine).values()]
    print(f"| {' | '.join(cells)} |", flush=True)


def accused(mine: Sequence[Run]) -> dict[str, int]:
    """How many honest people who were never below the floor came to each stage, over all runs."""
    return {"warned": sum(one.warned for one in mine), "set aside": sum(one.aside for one in mine)}


def most(number: int, people: int) -> float:
    """The upper end of Clopper and Pearson's 95 % interval."""
    return float(beta.ppf(0.975, number + 1, people - number)) if number < people else 1.0


def mean_of(values: Sequence[float]) -> tuple[float, float]:
    """The mean of what is defined, and half of Student's 95 % interval."""
    known = [value for value in values if not math.isnan(value)]
    if len(known) < 2:
        return (known[0] if known else math.nan), math.nan
    return fmean(known), float(t.ppf(0.975, len(known) - 1)) * stdev(known) / math.sqrt(len(known))
