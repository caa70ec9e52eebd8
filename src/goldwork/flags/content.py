"""What confused items are about: their texts in lots that are alike, each with its telling words and examples.

Texts are weighed by term frequency and inverse document frequency over all texts of the class (Spärck Jones 1972,
Journal of Documentation 28, 11-21), and joined by Ward's method (1963, Journal of the American Statistical Association
58, 236-244) as often as leaves the square root of half their number, at most `LOTS`. A word tells of a lot where its
mean weight there is highest above that in all the other texts; examples are the texts nearest the lot's mean. No test
is made: the lots say where to look.

    >>> made = lots(["river mud", "the river flood", "a loan account", "account loan rate"], ["the cat", "the dog"])
    >>> [(one.texts, one.words[:2]) for one in made]
    [((2, 3), ('account', 'loan')), ((0, 1), ('river', 'mud'))]
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from goldwork.items import Items

LOTS = 6
MOST = 400
"""More confused items are not looked at; the most confused come first."""
WORDS = 5
COMMON = 0.5
"""Words in a larger share of the texts tell nothing."""
LEAST = 4
"""Fewer texts are one lot."""


@dataclasses.dataclass(frozen=True)
class Lot:
    """`texts`: places in what was given, the most typical first; `words` that tell the lot from all else."""

    texts: tuple[int, ...]
    words: tuple[str, ...]


def text_of(items: Items | None, item: Any) -> str:
    """All text of an item, as one; nothing where there is none."""
    if items is None or item not in items:
        return ""
    return "\n".join(value for value in items.payload(item).values() if isinstance(value, str))


def lots(texts: list[str], others: list[str]) -> list[Lot]:
    """`texts` by content, the largest lot first, told from each other and from `others`; none where no words are."""
    from scipy.cluster.hierarchy import fcluster, ward
    from sklearn.feature_extraction.text import TfidfVectorizer

    weigh = TfidfVectorizer(sublinear_tf=True, max_df=COMMON)
    try:
        weighed = weigh.fit_transform([*texts, *others])
    except ValueError:  # no text has a word
        return []
    names = weigh.get_feature_names_out()
    mine = weighed[: len(texts)].toarray()
    every = np.asarray(weighed.sum(axis=0)).ravel()
    count = min(LOTS, max(1, int(np.ceil(np.sqrt(len(texts) / 2)))))
    of = fcluster(ward(mine), count, "maxclust") if len(texts) >= LEAST else np.ones(len(texts), int)
    found = []
    for lot in np.unique(of).tolist():
        places = np.flatnonzero(of == lot)
        mean = mine[places].mean(axis=0)
        rest = (every - mine[places].sum(axis=0)) / max(weighed.shape[0] - len(places), 1)
        telling = [int(one) for one in np.lexsort((names, rest - mean))[:WORDS] if mean[one] > rest[one]]
        typical = places[np.argsort(-(mine[places] @ mean), kind="stable")]
        found.append(Lot(tuple(typical.tolist()), tuple(str(names[one]) for one in telling)))
    return sorted(found, key=lambda one: (-len(one.texts), one.words))
