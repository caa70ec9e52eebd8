"""guideline-edit: after the guideline was edited, a class is given for another less often, or more often, than before.

Judgements say which version of the guideline they were made by (the column guideline). Of a person's answers to items
whose gold, or most others' answer, is t, the share that is l is taken before and after an edit. People are the units,
so that one who answers much counts once: with d_a the difference of person a, A people with three such answers on
both sides, and t = mean(d) / (sd(d) / sqrt(A)), the p-value is the share of all sign changes of the d_a under which |t|
is as large (of 9,999 and the one observed, where there are more than 2^13). Tested are pairs of classes with five
confused answers and six people, for each version and the one before it.

*Source:* the permutation test with a studentised statistic, Janssen 1997, Statistics and Probability Letters 36, 9-21;
Fisher 1935, The Design of Experiments, section 21.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.flags import Context, Finding, NotAskedError, flag
from goldwork.flags.bets import Floats, Rows, moments_of
from goldwork.flags.peers import Peers, peers_of
from goldwork.judgements import Judgements

FEWEST = 5
PEOPLE = 6
ANSWERS = 3
"""Of a person to a class, before and after."""
ALL_SIGNS = 13
SIGNS = 9_999
UNSAID = (
    "People also get better, or tired, with time: see what became of the other confusions meanwhile. Items before and "
    "after have to be alike, or drawn by lot."
)


@dataclasses.dataclass(frozen=True, eq=False)
class Change:
    """What became of one confusion: by person, the share before and after; how many answers that rests on."""

    before: Floats
    after: Floats
    answers: int


@flag("guideline-edit", about="class")
def guideline_edit(table: Judgements, context: Context) -> list[Finding]:
    """One finding for every edit and ordered pair of classes that can be tested. Needs the column guideline."""
    column = table.context.get("guideline")
    versions = [] if column is None else _versions(table, column)
    if column is None or len(versions) < 2:
        raise NotAskedError("the column guideline is needed, which says by which of two versions people answered.")
    peers = peers_of(table, context)
    version = np.array([str(one) for one in column.tolist()], object)
    known = peers.reference >= 0
    found = []
    for old, new in itertools.pairwise(versions):
        rows = np.flatnonzero(known & ((version == old) | (version == new)))
        after = version[rows] == new
        confused = peers.codes[rows] != peers.reference[rows]
        pairs = np.stack([peers.reference[rows], peers.codes[rows]], axis=1)[confused]
        for true, said in np.unique(pairs, axis=0).tolist():
            if (pairs == (true, said)).all(axis=1).sum() >= FEWEST:
                change = _change(peers, rows, after, true, said)
                if len(change.before) >= PEOPLE:
                    found.append(
                        _finding(peers, change, (true, said), (old, new), _rest(peers, rows, after, true, said))
                    )
    return found


def _versions(table: Judgements, column: npt.NDArray[Any]) -> list[str]:
    """The versions in order: of the first answer by each where times are known, else as numbers, else as text."""
    said = [str(one) for one in column.tolist() if one is not None and one == one]
    times = np.nan_to_num(moments_of(table))
    first: dict[str, float] = {}
    for one, at in zip(map(str, column.tolist()), times.tolist(), strict=True):
        first[one] = min(first.get(one, np.inf), at)
    return sorted(set(said), key=lambda one: (first[one], float(one) if one.isdecimal() else 0.0, one))


def _change(peers: Peers, rows: Rows, after: npt.NDArray[np.bool_], true: int, said: int) -> Change:
    here = peers.reference[rows] == true
    who, size = peers.table.annotator[rows], len(peers.table.annotators)
    hit = peers.codes[rows] == said
    counts = [np.bincount(who[here & side], minlength=size) for side in (~after, after)]
    hits = [np.bincount(who[here & side & hit], minlength=size) for side in (~after, after)]
    kept = (counts[0] >= ANSWERS) & (counts[1] >= ANSWERS)
    shares = [one[kept] / all_[kept] for one, all_ in zip(hits, counts, strict=True)]
    return Change(shares[0], shares[1], int(counts[0][kept].sum() + counts[1][kept].sum()))


def _rest(peers: Peers, rows: Rows, after: npt.NDArray[np.bool_], true: int, said: int) -> tuple[float, float]:
    """The share of all other answers that differ from gold or most others, before and after."""
    other = ~((peers.reference[rows] == true) & (peers.codes[rows] == said))
    wrong = peers.reference[rows] != peers.codes[rows]
    shares = [float(wrong[other & side].mean()) if (other & side).any() else 0.0 for side in (~after, after)]
    return shares[0], shares[1]


def sign_test(differences: Floats) -> float:
    """The p-value of two sides, see above."""
    size = len(differences)
    if not differences.any():
        return 1.0
    if size <= ALL_SIGNS:
        signs = np.array([*itertools.product((1.0, -1.0), repeat=size)])
    else:
        signs = np.random.default_rng(size).choice([1.0, -1.0], (SIGNS + 1, size))
        signs[0] = 1.0
    # With signs changed the sum of squares stays, so t grows with the mean alone.
    reached = np.abs(signs @ np.sort(differences))
    return float((reached >= abs(differences.sum()) - 1e-9).mean())


def _finding(
    peers: Peers, change: Change, pair: tuple[int, int], edit: tuple[str, str], rest: tuple[float, float]
) -> Finding:
    from scipy.special import stdtrit

    difference = change.after - change.before
    size, mean = len(difference), float(difference.mean())
    width = float(stdtrit(size - 1, 0.975)) * float(difference.std(ddof=1)) / float(np.sqrt(size))
    true, said = (peers.categories[code] for code in pair)
    moved = "fell" if mean < 0 else "rose"
    return Finding(
        flag="guideline-edit",
        about="class",
        subject=f"{true} -> {said}, {edit[0]} to {edit[1]}",
        statistic=mean,
        low=mean - width,
        high=mean + width,
        judgements=change.answers,
        sentence=(
            f"After the guideline went from {edit[0]} to {edit[1]}, {said!r} in place of {true!r} {moved} from "
            f"{change.before.mean():.0%} to {change.after.mean():.0%} (by {mean:+.0%}, {mean - width:+.0%} to "
            f"{mean + width:+.0%}), over {size} people; other errors went from {rest[0]:.0%} to {rest[1]:.0%}."
        ),
        unsaid=UNSAID,
        evidence={
            "others_say": true,
            "answered": said,
            "people": size,
            "fewer_confused": int((difference < 0).sum()),
            "more_confused": int((difference > 0).sum()),
            "other_errors": {"before": round(rest[0], 4), "after": round(rest[1], 4)},
        },
        p_value=sign_test(difference),
    )
