"""colluding: hands in what the ring has agreed on.

With probability `together` (.75 to .9, drawn uniformly) the ring's answer, at .3 times the typical time: one answer
for all its members, given by somebody who is right with a probability of `leader`. Else the member looks for
themselves: one coin with an accuracy of .75. So members agree with each other far above what their accuracy explains,
and on the same wrong answers: the dependence that Dong, Berti-Equille and Srivastava describe between copying sources
(2009, "Integrating conflicting data: the role of source dependence", PVLDB 2, 550-561). The figures are choices made
for plausibility.
"""

from __future__ import annotations

import random

from goldwork.sim.behaviours import Character, Manner, behaviour, check_share, mixed, one_coin


@behaviour("colluding", honest=False)
def colluding(
    classes: int,
    draw: random.Random,
    *,
    ring: str = "ring",
    together: float | None = None,
    leader: float = 0.6,
    accuracy: float = 0.75,
) -> Character:
    """A member of the ring of that name."""
    drawn = draw.uniform(0.75, 0.9)
    share = check_share("together", drawn if together is None else together)
    return mixed(
        Manner(one_coin(classes, leader), 0.3, 0.3, share, ring), Manner(one_coin(classes, accuracy), share=1 - share)
    )
