"""How much could be found at best: bets by somebody who knows the crowd's maker, against the honest person nearest by.

Whoever bets knows the kind of each person, how accurate they are and when they guess, and from that, by Bayes' rule,
what everybody else's answers and gold tell of an item's truth, difficulty and rival. The bet is what the bad person
does; of the honest explanations of the flag, the one is taken under which the bet grows least (the nearest one by the
sum of Kullback and Leibler's divergences). No e-value of these answers that holds against the flag's honest people
grows faster in expectation (Grünwald, de Heide and Koolen 2024, Journal of the Royal Statistical Society B 86,
1091-1128). With `told`, the truth itself is known of every item: what gold everywhere would give.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from benchmarks._habits import Crowd, kind_of
from goldwork.flags.bets import people

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
HARD, EASIER, RIVAL = 0.15, 0.75, 0.7


class Oracle:
    """`size` classes; states of an item [S]: its truth, whether it is hard, its rival and the ring's key."""

    def __init__(self, made: Crowd, classes: int, *, told: bool) -> None:
        self.made, self.k, self.table = made, classes, made.table
        grid = np.meshgrid(range(classes), (False, True), range(1, classes), range(classes), indexing="ij")
        self.truth, self.hard, self.rival, self.key = (one.ravel() for one in grid)
        self.codes = self.table.labels().astype(int)
        self.item = self.table.items[self.table.item].astype(int)
        kinds = [kind_of(name) for name in self.table.annotators.tolist()]
        self.kind = np.array(kinds, object)[self.table.annotator]
        self.shown = np.array([one[0] for one in self.table.context["shown"].tolist()])
        self.partner = self._partners()
        honest = np.isin(self.kind, ("good", "slow", "quick", "poor"))
        self.base = made.accuracy / np.where(made.hard[self.item], EASIER, 1.0)
        self.usual = float(self.base[honest].mean())
        self.state = self._states(told=told)

    def looks(self, accuracy: Floats | float, rows: Rows, *, fixed: npt.NDArray[np.bool_] | bool = False) -> Floats:
        """[rows, S, K]: how probable each answer is for who looks with an accuracy on items that are not hard."""
        share = np.broadcast_to(np.asarray(accuracy, float), len(rows))[:, None]
        plain = np.broadcast_to(np.asarray(fixed), len(rows))[:, None]
        right = np.minimum(np.where(self.hard & ~plain, EASIER, 1.0) * share, 1.0)
        labels = np.arange(self.k)
        hit = labels == self.truth[:, None]
        rival = labels == ((self.truth + self.rival) % self.k)[:, None]
        other = (RIVAL * rival + (1 - RIVAL) / max(self.k - 1, 1)) * ~hit
        return np.asarray(right[:, :, None] * hit + (1 - right)[:, :, None] * other)

    def does(self, rows: Rows) -> Floats:
        """[rows, S, K]: how probable each answer is for what the row's person does."""
        kind, labels = self.kind[rows], np.arange(self.k)
        fixed = (kind == "drift") & (self.made.accuracy[rows] == 0.55)
        seen = self.looks(np.where(fixed, 0.55, self.base[rows]), rows, fixed=fixed)
        seen[self.made.unseen[rows] | (kind == "random")] = 1 / self.k

        def mixed(name: str, share: float, other: Floats) -> None:
            here = kind == name
            seen[here] = (1 - share) * seen[here] + share * other[here]

        mixed("const", 0.45, np.broadcast_to(labels == 1, seen.shape))
        mixed("pos", 0.5, np.broadcast_to((self.shown[rows][:, None] == labels)[:, None, :], seen.shape))
        mixed("ring", 0.6, np.broadcast_to(labels == self.key[:, None], seen.shape))
        return seen

    def _partners(self) -> Rows:
        """[n]: of copies, the other's row on the item; else -1."""
        found = np.full(len(self.table), -1)
        rows = np.flatnonzero(self.kind == "copy")
        names = self.table.annotator[rows]
        pair = np.searchsorted(np.unique(names), names) // 2
        order = rows[np.lexsort((names, self.item[rows], pair))]
        found[order[::2]], found[order[1::2]] = order[1::2], order[::2]
        return found

    def _states(self, *, told: bool) -> Floats:
        """[n, S]: how probable each state of the row's item is, by others' answers and gold."""
        size = len(self.table)
        if told:
            made = self.made
            known = (
                (self.truth == made.truth[self.item][:, None])
                & (self.hard == made.hard[self.item][:, None])
                & (self.rival == made.rival[self.item][:, None])
            )
            return known * self._keys() / (known * self._keys()).sum(axis=1, keepdims=True)
        rows = np.arange(size)
        said = np.log(self.does(rows)[rows, :, self.codes])
        total = np.zeros((len(self.made.truth), len(self.truth)))
        np.add.at(total, self.item, said)
        left = total[self.item] - said
        paired = self.partner >= 0
        left[paired] -= said[self.partner[paired]]
        gold = np.array([self.made.gold.get(item, -1) for item in self.item.tolist()])
        prior = np.where(self.hard, HARD, 1 - HARD) * self._keys()
        likely = np.exp(left - left.max(axis=1, keepdims=True)) * prior
        likely *= (gold[:, None] < 0) | (self.truth == gold[:, None])
        return np.asarray(likely / likely.sum(axis=1, keepdims=True))

    def _keys(self) -> Floats:
        return np.where(self.key == self.truth, 0.7, 0.0) + 0.3 / self.k

    def over(self, rows: Rows, answers: Floats) -> Floats:
        """[rows, K]: the mean of answers [rows, S, K] over an item's states."""
        return np.asarray(np.einsum("ns,nsk->nk", self.state[rows], answers))

    def highest(self, rows: Rows) -> float:
        """The logarithm of the highest e-value of a bad person with the answers `rows`, in the order of time."""
        kind, said, at = str(self.kind[rows[0]]), self.codes[rows], np.arange(len(rows))
        does = self._expected(kind, rows)
        honest = self._honest(kind, rows)
        apart = [(does * (np.log(does + 1e-12) - np.log(one + 1e-12))).sum() for one in honest]
        nearest = honest[int(np.argmin(apart))]
        return float(np.cumsum(np.log(does[at, said]) - np.log(nearest[at, said])).max())

    def _expected(self, kind: str, rows: Rows) -> Floats:
        """[rows, K]: what the bad person answers, as far as it can be known before."""
        if kind == "run":
            return self._runs(rows)
        if kind == "pos":
            return np.asarray(0.5 / self.k + 0.5 * (self.shown[rows][:, None] == np.arange(self.k)))
        does = self.does(rows)
        if kind != "copy":
            return self.over(rows, does)
        other, labels = self.codes[self.partner[rows]], np.arange(self.k)
        same = other[:, None] == labels
        if self.table.annotator[rows[0]] > self.table.annotator[self.partner[rows[0]]]:
            return np.asarray(0.4 * self.over(rows, does) + 0.6 * same)
        # What the first one gave shows in what the copy gave.
        theirs = self.does(self.partner[rows])[np.arange(len(rows)), :, other]
        joint = does * (0.4 * theirs[:, :, None] + 0.6 * same[:, None, :])
        both = self.over(rows, joint)
        return np.asarray(both / both.sum(axis=1, keepdims=True))

    def _runs(self, rows: Rows) -> Floats:
        """[rows, K]: of somebody who begins a run of twelve with probability .06, by the answers before."""
        seen, k = self.over(rows, self.looks(self.base[rows], rows)), self.k
        left = np.zeros((12, k))
        free, found = 1.0, np.empty((len(rows), k))
        for n, code in enumerate(self.codes[rows].tolist()):
            begun = free * 0.06 / k
            found[n] = free * 0.94 * seen[n] + begun + left.sum(axis=0)
            new = np.zeros_like(left)
            new[:-1, code] = left[1:, code]
            new[-1, code] = begun
            free = free * 0.94 * seen[n, code] + left[0, code]
            total = free + new.sum()
            left, free = new / total, free / total
        return found

    def _honest(self, kind: str, rows: Rows) -> list[Floats]:
        """Each [rows, K]: what honest people answer, by each explanation of the flag."""
        k = self.k
        labels, said = np.arange(k), self.codes[rows]
        if kind == "pos":
            return [np.full((len(rows), k), 1 / k)]
        if kind in ("fatigue", "drift"):
            levels = np.linspace(0.3, 1.0, 36)
            return [np.clip(self.over(rows, self.looks(one, rows)), 1e-9, None) for one in levels]
        usual = self.over(rows, self.looks(self.usual, rows))
        habits = [(1 - share) * usual + share / k for share in np.linspace(0, 0.4, 9)]
        if kind == "random":
            most = max(0.4, 1 / k)
            return [*habits, (1 - most) * usual + most / k]
        if kind == "fast":
            quick = self.made.unseen[rows][:, None]
            return [np.where(quick, fast, slow) for n, slow in enumerate(habits) for fast in habits[: n + 3]]
        if kind == "const":
            poor = [(1 - error) * usual + error / k for error in np.linspace(0, 1, 21)]
            return [(1 - pull) * one + pull * (labels == 1) for one in poor for pull in (0.0, 0.1)]
        poor = [(1 - error) * usual + error / k for error in np.linspace(0, 0.5, 11)]
        if kind == "run":
            again = np.r_[said[0], said[:-1]][:, None] == labels
            return [(1 - share) * one + share * again for one in habits[:7:2] for share in (0.0, 0.04, 0.08)]
        if kind == "copy":
            same = self.codes[self.partner[rows]][:, None] == labels
            return [(1 - share) * one + share * same for one in poor for share in (0.0, 0.04, 0.08)]
        agreed = self._agreed(rows, usual)
        return [(1 - share) * one + share * agreed for one in poor for share in (0.0, 0.04, 0.08)]

    def _agreed(self, rows: Rows, usual: Floats) -> Floats:
        """[rows, K]: what others of the ring gave; `usual` where none of them answered."""
        ring = np.flatnonzero(self.kind == "ring")
        given = np.zeros((len(self.made.truth), self.k))
        np.add.at(given, (self.item[ring], self.codes[ring]), 1)
        theirs = given[self.item[rows]]
        theirs[np.arange(len(rows)), self.codes[rows]] -= 1
        any_ = theirs.sum(axis=1, keepdims=True)
        return np.where(any_ > 0, theirs / np.maximum(any_, 1), usual)


def highest(made: Crowd, classes: int, kinds: set[str], *, told: bool = False) -> dict[str, float]:
    """Of everybody of bad `kinds`, the logarithm of the highest e-value at any time of who knows the crowd's maker."""
    oracle = Oracle(made, classes, told=told)
    table = made.table
    return {
        str(table.annotators[code]): oracle.highest(rows)
        for code, rows in people(table)
        if kind_of(table.annotators[code]) in kinds
    }
