"""Which groups are shown: none of fewer than five people, and none that can be worked out from what is shown.

Beside a group's figure stands, here or elsewhere, the figure of everybody. Whoever subtracts learns about the people
who are in no group that is shown (small groups, and those who did not say). So these are nobody, or five and more:
else the smallest group that would be shown is hidden too. *Source:* complementary suppression, Willenborg and de Waal
2001, Elements of Statistical Disclosure Control (Springer), chapter 6; k-anonymity, Sweeney 2002, International Journal
of Uncertainty, Fuzziness and Knowledge-Based Systems 10, 557-570.

Where somebody can look up who gave which answer, a group's answers can tell who is in it, however large it is: when
everybody who gave some answer is in one group. `tells` says where that is so.

    >>> shown(np.array([[50, 40, 3], [50, 40, 5]]), np.array([0, 0])).tolist()
    [[True, False, False], [True, True, True]]
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

LEAST_SHOWN = 5
"""People in a group whose figures are shown, and outside of all such groups unless that is nobody."""
LEAST_TESTED = 10
"""People on either side of a test."""

Flags = npt.NDArray[np.bool_]


def shown(sizes: npt.NDArray[Any], unsaid: npt.NDArray[Any]) -> Flags:
    """[n, groups]: which groups of `sizes` [n, groups] are shown where `unsaid` [n] people are in none."""
    sizes = np.asarray(sizes)
    visible = sizes >= LEAST_SHOWN
    hidden = sizes.sum(axis=1) + unsaid - (sizes * visible).sum(axis=1)
    short = (hidden > 0) & (hidden < LEAST_SHOWN) & visible.any(axis=1)
    smallest = np.where(visible, sizes, np.inf).argmin(axis=1) if sizes.shape[1] else np.zeros(len(sizes), np.intp)
    visible[short, smallest[short]] = False
    return np.asarray(visible)


def tells(counts: npt.NDArray[Any], everybody: npt.NDArray[Any]) -> Flags:
    """[n]: where some answer was given by people of one group alone, so that whoever gave it is known to be in it.

    `counts` [n, groups, answers]: how many of each group shown gave an answer; `everybody` [n, answers]: of all.
    """
    alone = (counts == everybody[:, None, :]) & (everybody[:, None, :] > 0)
    return np.asarray(alone.any(axis=(1, 2)))
