"""Evidence and flags: how soon the bad are found, and how many honest people are accused on the way.

Options: `--only evidence|power|honest|rings|findings|speed`, `--people 10000` simulated for each figure of evidence,
`--crowds 4` and `--classes 3` for the others. Honest people of the evidence part sit exactly at the floor.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from benchmarks._ceilings import highest
from benchmarks._findings import findings
from benchmarks._habits import crowd, kind_of, make
from benchmarks._report import report
from goldwork.flags import find_flags, threshold
from goldwork.flags.bets import people, wilson
from goldwork.quality.evidence import ALL_GOLD, BETS, STAGES

Floats = npt.NDArray[np.float64]


def main(arguments: list[str]) -> None:
    """Print every figure of the parts asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks flags --", description=__doc__)
    parser.add_argument("--only", choices=("evidence", "power", "honest", "rings", "findings", "speed"))
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--crowds", type=int, default=4)
    parser.add_argument("--classes", type=int, default=3)
    options = parser.parse_args(arguments)
    parts: dict[str, Callable[[], None]] = {
        "evidence": lambda: evidence(options.people),
        "power": lambda: power(options.crowds, options.classes),
        "honest": lambda: honest(options.crowds, options.classes),
        "rings": lambda: rings(options.crowds, options.classes),
        "findings": lambda: findings(options.crowds),
        "speed": speed,
    }
    for name, part in parts.items():
        if options.only in (None, name):
            part()


def evidence(size: int) -> None:
    """What E does to honest people at the floor, to random ones, and to those who go bad late."""
    for floor in (0.7, 0.85, 0.9):
        highest = walk(np.full(1000, floor), floor, size).max(axis=1)
        for stage, least in STAGES.items():
            share, name = float((highest >= least).mean()), f"honest at the floor {floor}, ever E {least:.0f} ({stage})"
            report(f"{name}, 1,000 gold", share, "share", f"Ville's bound {1 / least}", share * least)
    for classes, floors in ((4, (0.85, 0.7)), (3, (0.85, 0.7)), (2, (0.9, 0.7))):
        for floor in floors:
            gold = until(walk(np.full(200, 1 / classes), floor, size))
            report(f"random, {classes} classes, floor {floor}: gold until 95 % are at E 20", gold, "gold")
    for before in (0, 100, 300):
        accuracy = np.r_[np.full(before, 0.95), np.full(200, 0.5)]
        gold = until(walk(accuracy, 0.85, size)) - before
        report(f".95 right, .5 after {before} gold, floor .85: gold until 95 % are at E 20", gold, "gold")
    report(".70 right, floor .85: gold until 95 % are at E 20", until(walk(np.full(500, 0.7), 0.85, size)), "gold")


def until(found: Floats) -> int:
    """The gold items by which 95 % have ever been at E 20."""
    ever = (np.maximum.accumulate(found, axis=1) >= 20).mean(axis=0) >= 0.95
    return int(np.argmax(ever)) + 1 if ever.any() else found.shape[1] + 1


def walk(accuracy: Floats, floor: float, people: int) -> Floats:
    """[people, gold]: E after every gold item, by the formula of `goldwork.quality.evidence`, without strata."""
    rng, bets = np.random.default_rng(17), np.array(BETS)
    wealth, found = np.zeros((people, len(bets))), np.empty((people, len(accuracy)))
    for n, share in enumerate(accuracy.tolist()):
        right = rng.random((people, 1)) < share
        grown = (wealth + 1 / ((n + 1) * (n + 2))) * np.where(right, 1 - bets, 1 + bets * floor / (1 - floor))
        wealth = np.minimum(grown, 1e12)
        found[:, n] = ALL_GOLD * (wealth.mean(axis=1) + 1 / (n + 2)) + 1 - ALL_GOLD
    return found


HONEST = ["good"] * 26 + ["slow"] * 5 + ["quick"] * 5 + ["poor"] * 4
EARLY = {"fast": "fast", "run": "straight-lining", "const": "skew", "random": "random", "pos": "position"}
LATE = {"copy": "copying", "fatigue": "fatigue", "drift": "drift"}
LOOKS = 40
PEOPLE_FLAGS = [*EARLY.values(), *LATE.values()]


def power(crowds: int, classes: int) -> None:
    """The share of bad people found at 150 and 400 judgements a person, beside that of who knows the crowd's maker (by
    others' answers and gold, and by the truth of all items), and of honest ones among them flagged."""
    for kinds, each, number in ((EARLY, 150, 2), (LATE, 400, 4)):
        members = [*HONEST, *(kind for kind in kinds for _ in range(number))]
        caught: dict[str, list[bool]] = {kind: [] for kind in [*kinds, "good", "slow", "quick", "poor"]}
        best: dict[tuple[str, bool], list[bool]] = {}
        for seed in range(crowds):
            made = crowd(members, each=each, classes=classes, seed=1000 + seed)
            table = made.table
            found = find_flags(table, gold=made.gold, items=made.items, names=PEOPLE_FLAGS)
            for told in (False, True):
                for who, value in highest(made, classes, {*kinds}, told=told).items():
                    best.setdefault((kind_of(who), told), []).append(value >= np.log(threshold()))
            by = {(one.subject, one.flag) for one in found}
            named = {subject for subject, _ in by}
            for who in table.annotators.tolist():
                kind = kind_of(who)
                caught[kind].append((who, kinds[kind]) in by if kind in kinds else who in named)
        for kind, name in kinds.items():
            others, truth = (np.mean(best[kind, told]) for told in (False, True))
            beside = f"ceiling {others:.2f}, with all truth {truth:.2f}"
            share(f"{name}, {each} judgements, {classes} classes: found", caught[kind], beside)
        for kind in ("good", "slow", "quick", "poor"):
            share(
                f"honest ({kind}) among them, {each} judgements, {classes} classes: flagged", caught[kind], "bound .01"
            )


def honest(crowds: int, classes: int) -> None:
    """Honest people ever flagged by any flag, at 40 looks."""
    ever: dict[str, list[bool]] = {"": []}
    for seed in range(crowds):
        table, gold, items = make(HONEST, each=200, classes=classes, seed=2000 + seed)
        flagged: set[tuple[str, str]] = set()
        done = np.empty(len(table))
        for _, rows in people(table):
            done[rows] = np.arange(len(rows)) / len(rows)
        for look in range(1, LOOKS + 1):
            part = table.take(done < look / LOOKS).compact()
            found = find_flags(part, gold=gold, items=items, names=PEOPLE_FLAGS)
            flagged |= {(one.subject, one.flag) for one in found}
        for who in table.annotators.tolist():
            by = {name for subject, name in flagged if subject == who}
            for name in ("", kind_of(who), *PEOPLE_FLAGS):
                ever.setdefault(name, []).append(bool(by) if name in ("", kind_of(who)) else name in by)
    for name, hits in ever.items():
        of = f"by {name}" if name in PEOPLE_FLAGS else f"by any{', ' + name if name else ''}"
        share(f"honest, 200 judgements, {LOOKS} looks, {classes} classes: ever flagged {of}", hits, "bound .01")


def rings(crowds: int, classes: int) -> None:
    """Ten in fifty who take .6 of their answers from one key, by how many people judge an item."""
    for overlap in (5, 10):
        caught: dict[str, list[bool]] = {"ring": [], "honest": []}
        best: list[bool] = []
        for seed in range(crowds):
            members = [*HONEST, *["ring"] * 10]
            made = crowd(members, each=400, overlap=overlap, classes=classes, seed=3000 + seed)
            found = find_flags(made.table, gold=made.gold, items=made.items, names=["copying"])
            named = {one.subject for one in found}
            best += [value >= np.log(threshold()) for value in highest(made, classes, {"ring"}).values()]
            for who in made.table.annotators.tolist():
                caught["ring" if kind_of(who) == "ring" else "honest"].append(who in named)
        against = {"ring": f"ceiling {np.mean(best):.2f}", "honest": "bound .01"}
        for kind, hits in caught.items():
            share(
                f"ring of 10 in 50, 400 judgements, {overlap} an item, {classes} classes: {kind} flagged",
                hits,
                against[kind],
            )


def speed() -> None:
    """Seconds of CPU that all flags take on 100,000 judgements by 500 people."""
    bad = [kind for kinds in (EARLY, LATE) for kind in kinds for _ in range(10)]
    table, gold, items = make([*HONEST * 11, *bad][:500], each=200, seed=4000)
    begin = time.process_time()
    find_flags(table, gold=gold, items=items)
    report(
        f"all flags, {len(table):,} judgements, {len(table.annotators)} people", time.process_time() - begin, "s", "5"
    )


def share(name: str, hits: list[bool], against: str) -> None:
    """A share with Wilson's interval."""
    low, high = wilson(sum(hits), len(hits))
    report(name, sum(hits) / len(hits), "share", f"{against}; {len(hits)} people, {low:.3f} to {high:.3f}")
