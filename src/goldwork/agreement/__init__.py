"""Agreement: how far annotators, judging the same items apart from each other, say the same.

A coefficient turns each item into a row of sufficient statistics and the (weighted) sum of all rows into one
figure. Missing judgements then cost nothing, a bootstrap over items is weights times rows, and nothing grows with
the square of the items.

    >>> from goldwork import Judgements
    >>> table = Judgements.from_records(
    ...     {"item": item, "annotator": annotator, "label": label}
    ...     for annotator, labels in {"ann": "aabbbabbaa", "bob": "aabbaabbaa"}.items()
    ...     for item, label in enumerate(labels)
    ... )
    >>> agreement = measure_agreement(table)
    >>> round(agreement.value, 3), agreement.items, agreement.judgements
    (0.808, 10, 20)
"""

from __future__ import annotations

from goldwork.agreement.bootstrap import Rows
from goldwork.agreement.compare import Comparison, compare_agreement
from goldwork.agreement.explain import Contributions, explain_agreement
from goldwork.agreement.groups import agreement_by_group
from goldwork.agreement.measure import measure_agreement
from goldwork.agreement.result import Agreement
from goldwork.agreement.scale import LEVELS, Scale
from goldwork.agreement.sums import CoefficientFunction, Formula, Sums, coefficient
from goldwork.agreement.weighting import WEIGHTINGS

__all__ = [
    "LEVELS",
    "WEIGHTINGS",
    "Agreement",
    "CoefficientFunction",
    "Comparison",
    "Contributions",
    "Formula",
    "Rows",
    "Scale",
    "Sums",
    "agreement_by_group",
    "coefficient",
    "compare_agreement",
    "explain_agreement",
    "measure_agreement",
]
