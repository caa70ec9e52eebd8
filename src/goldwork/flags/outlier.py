"""outlier: everybody takes long over an item, beside its length, their own pace and the other items.

With r the logarithm of the seconds of an answer beyond what the item's length, the place in the person's work and the
person's own median let one expect (without what others took on the item), an item's statistic is the mean r of its
answers, each at most three spreads away. Its p-value is that of the standard normal for mean r x sqrt(n) / s, with s
the standard deviation of r over the table. Tested are items with three answers or more.

*Source:* the test of a mean with a known spread; response times as a mark of hard items, van der Linden 2006, Journal
of Educational and Behavioral Statistics 31, 181-204.
"""

from __future__ import annotations

import numpy as np

from goldwork.flags import Context, Finding, Tested, flag
from goldwork.flags.bets import Floats
from goldwork.flags.times import times_of
from goldwork.judgements import Judgements

FEWEST = 3
FURTHEST = 3.0
UNSAID = (
    "Long does not mean hard: it may be long to load, to scroll or to hear. Whether the answers are right is not said."
)


@flag("outlier", about="item")
def outlier(table: Judgements, context: Context) -> Tested:
    """One finding for every item with three timed answers. Needs seconds."""
    from scipy.special import ndtr

    rest = times_of(table, context).beyond_length
    known = ~np.isnan(rest)
    clipped = np.where(known, np.clip(rest, -FURTHEST, FURTHEST), 0.0)
    answers = np.bincount(table.item, known, len(table.items))
    mean = np.bincount(table.item, clipped, len(table.items)) / np.maximum(answers, 1)
    spread = max(float(np.std(clipped[known])), 1e-9)
    tested = np.flatnonzero(answers >= FEWEST)
    values = ndtr((float(clipped[known].mean()) - mean[tested]) * np.sqrt(answers[tested]) / spread)
    unit = times_of(table, context).spread

    def make(n: int) -> Finding:
        item = int(tested[n])
        return _finding(
            table, item, int(answers[item]), float(mean[item]) * unit, spread * unit, float(values[n]), rest
        )

    return Tested(values, make)


def _finding(
    table: Judgements, item: int, answers: int, log_ratio: float, spread: float, p_value: float, rest: Floats
) -> Finding:
    width = 1.959963984540054 * spread / np.sqrt(answers)
    low, ratio, high = (float(np.exp(log_ratio + one)) for one in (-width, 0.0, width))
    rows = slice(*np.searchsorted(table.item, [item, item + 1]).tolist())  # a table is sorted by item
    seconds = table.context["seconds"][rows][~np.isnan(rest[rows])]
    return Finding(
        flag="outlier",
        about="item",
        subject=table.items[item],
        statistic=ratio,
        low=low,
        high=high,
        judgements=answers,
        sentence=(
            f"{table.items[item]} takes {ratio:.1f} times ({low:.1f} to {high:.1f}) as long as its length and the "
            f"people who judged it let one expect, over {answers} answers."
        ),
        unsaid=UNSAID,
        evidence={"seconds": sorted(float(one) for one in seconds)[:20]},
        p_value=p_value,
    )
