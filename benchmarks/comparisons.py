"""Comparisons with annotators of unlike reliability: seconds, and how well the order of the options is found.

200,000 comparisons of 5,000 options by 500 annotators, who follow the options' strengths or guess. Crowd-Kit's
NoisyBradleyTerry runs in a process of its own and is stopped after `--bound` seconds; its Bradley-Terry stops by itself
after two steps (it compares the scores with themselves). Options: `--comparisons --options --annotators --bound`.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from typing import Any

import numpy as np

from benchmarks._report import report
from goldwork.consensus import Consensus, infer_consensus
from goldwork.items import Items
from goldwork.judgements import Judgements


def main(arguments: list[str]) -> None:
    """Every method on one crowd; then a warm start with a thousand comparisons more."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks comparisons --", description=__doc__)
    parser.add_argument("--comparisons", type=int, default=200_000)
    parser.add_argument("--options", type=int, default=5_000)
    parser.add_argument("--annotators", type=int, default=500)
    parser.add_argument("--bound", type=float, default=60)
    options = parser.parse_args(arguments)
    crowd = Crowd(options.comparisons + 1000, options.options, options.annotators)
    table, items = crowd.table(options.comparisons)
    infer_consensus(*_tiny(), items=items)  # imports
    size = f"{options.comparisons:,} comparisons"
    report("order: win rate", crowd.tau(crowd.win_rate(options.comparisons)), "Kendall tau", size)
    _, plain = _run(crowd, table, items, "bradley-terry")
    seconds, fitted = _run(crowd, table, items, "crowd-bradley-terry")
    report("order: Bradley-Terry's gain by annotators", crowd.gain(fitted, plain), "Kendall tau", size)
    theirs = bounded(crowd, options.comparisons, "BradleyTerry", options.bound)
    _peer(crowd, "BradleyTerry", theirs, options.bound, seconds)
    theirs = bounded(crowd, options.comparisons, "NoisyBradleyTerry", options.bound)
    _peer(crowd, "NoisyBradleyTerry", theirs, options.bound, seconds)
    _warm(crowd, fitted, options.comparisons + 1000)


class Crowd:
    """Comparisons drawn as by shared/prototypes/truth: skill is how often somebody follows the strengths."""

    def __init__(self, comparisons: int, options: int, annotators: int, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.strength = rng.normal(0, 1.5, options)
        self.left = rng.integers(0, options, comparisons)
        self.right = (self.left + rng.integers(1, options, comparisons)) % options
        self.annotator = rng.integers(0, annotators, comparisons)
        skill = rng.beta(8, 2, annotators)
        share = 1 / (1 + np.exp(self.strength[self.right] - self.strength[self.left]))
        share = np.where(rng.random(comparisons) < skill[self.annotator], share, 0.5)
        self.won = rng.random(comparisons) < share

    def table(self, size: int) -> tuple[Judgements, Items]:
        """The first `size` comparisons."""
        ids = np.arange(size)
        table = Judgements.from_columns({
            "item": ids, "annotator": self.annotator[:size], "label": np.where(self.won[:size], "left", "right")
        })  # fmt: skip
        return table, Items.from_columns({"id": ids, "left": self.left[:size], "right": self.right[:size]})

    def win_rate(self, size: int) -> Any:
        """Each option's share of won comparisons; a half without any."""
        won, left, right = self.won[:size], self.left[:size], self.right[:size]
        wins = np.bincount(np.where(won, left, right), minlength=len(self.strength))
        all_of_them = np.bincount(np.r_[left, right], minlength=len(self.strength))
        return np.divide(wins, all_of_them, out=np.full(len(wins), 0.5), where=all_of_them > 0)

    def scores(self, made: Consensus) -> Any:
        """A result's scores in the order of the strengths."""
        assert made.options is not None
        scores = np.zeros(len(self.strength))
        scores[made.options.names.astype(int)] = made.options.score
        return scores

    def tau(self, scores: Any) -> float:
        """Kendall's tau to the truth."""
        from scipy.stats import kendalltau

        return float(kendalltau(scores, self.strength).statistic)

    def gain(self, one: Consensus, other: Consensus) -> float:
        """How much nearer to the true order the first comes."""
        return self.tau(self.scores(one)) - self.tau(self.scores(other))


def _tiny() -> tuple[Judgements, str]:
    return Judgements.from_columns({"item": [0], "annotator": [0], "label": ["left"]}), "crowd-bradley-terry"


def _run(crowd: Crowd, table: Judgements, items: Items, name: str) -> tuple[float, Consensus]:
    """With its intervals: seconds, the faster of two, and the result."""
    took, worked = [], []
    for _ in range(2):
        start, begin = time.perf_counter(), time.process_time()
        made = infer_consensus(table, name, items=items)
        took.append(time.perf_counter() - start)
        worked.append(time.process_time() - begin)
    assert made.converged
    report(f"{name}, with intervals", min(took), "s", f"{len(table):,} comparisons")
    report(f"{name}, processor time", min(worked), "s", f"{len(table):,} comparisons")
    report(f"order: {name}", crowd.tau(crowd.scores(made)), "Kendall tau", f"{len(table):,} comparisons")
    return min(took), made


def _peer(crowd: Crowd, name: str, theirs: tuple[float, Any] | None, bound: float, seconds: float) -> None:
    if theirs is None:
        report(f"Crowd-Kit's {name}: not done", bound, "s or more", "crowd-bradley-terry", bound / seconds)
        return
    report(f"Crowd-Kit's {name}", theirs[0], "s", "crowd-bradley-terry", theirs[0] / seconds)
    report(f"order: Crowd-Kit's {name}", crowd.tau(theirs[1]), "Kendall tau")


def _warm(crowd: Crowd, fitted: Consensus, size: int) -> None:
    table, items = crowd.table(size)
    for name, start in (("from nothing", None), ("from the earlier fit", fitted)):
        begin = time.perf_counter()
        made = infer_consensus(table, "crowd-bradley-terry", items=items, start=start, intervals=False)
        report(f"1,000 comparisons more, {name}", time.perf_counter() - begin, "s", f"{made.iterations} steps at last")


def bounded(crowd: Crowd, size: int, name: str, bound: float) -> tuple[float, Any] | None:
    """Crowd-Kit's seconds and scores; None where it takes longer than `bound`."""
    here, there = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=_theirs, args=(there, crowd, size, name))
    process.start()
    assert here.recv() == "ready"
    done = here.recv() if here.poll(bound) else None
    process.kill()
    process.join()
    return done


def _theirs(pipe: Any, crowd: Crowd, size: int, name: str) -> None:
    import crowdkit.aggregation
    import pandas as pd

    left, right = crowd.left[:size], crowd.right[:size]
    winner = np.where(crowd.won[:size], left, right)
    frame = pd.DataFrame({"worker": crowd.annotator[:size], "left": left, "right": right, "label": winner})
    model = getattr(crowdkit.aggregation, name)(n_iter=100)
    pipe.send("ready")
    start = time.perf_counter()
    found = model.fit_predict(frame)
    pipe.send((time.perf_counter() - start, found.reindex(range(len(crowd.strength)), fill_value=0).to_numpy()))
