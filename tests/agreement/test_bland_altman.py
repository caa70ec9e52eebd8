"""Limits of agreement: the published example, exact intervals, coverage, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import linregress, nct

from goldwork.agreement.bland_altman import bland_altman
from goldwork.errors import InputError
from goldwork.judgements import Judgements

# Bland and Altman 1986, table 1: peak expiratory flow rate in l/min, first measurement by each meter.
WRIGHT = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]


def two(x: Any, y: Any, names: tuple[str, str] = ("wright", "mini")) -> Judgements:
    size = len(x)
    return Judgements.from_columns({
        "item": [*range(size)] * 2, "annotator": [names[0]] * size + [names[1]] * size, "label": [*x, *y]
    })  # fmt: skip


def test_bland_and_altman_1986() -> None:
    """Mean difference -2.1, standard deviation 38.8, limits with two of them -79.7 and 75.5; the mean's interval -22.0
    to 17.8."""
    [made] = bland_altman(two(WRIGHT, MINI), "wright", "mini")
    assert (round(made.bias, 1), round(made.sd, 1), made.items) == (-2.1, 38.8, 17)
    assert (round(-2.1 - 2 * round(made.sd, 1), 1), round(-2.1 + 2 * round(made.sd, 1), 1)) == (-79.7, 75.5)
    assert (round(made.bias_low, 1), round(made.bias_high, 1)) == (-22.0, 17.8)
    assert (made.lower, made.upper) == pytest.approx((made.bias - 1.959964 * made.sd, made.bias + 1.959964 * made.sd))
    assert made.lower_low < made.lower < made.lower_high < made.upper_low < made.upper < made.upper_high
    assert made.sentence.startswith("wright gives 2.12 less than mini on average (95 % interval of the difference -22")
    assert made.warnings == ()


def test_limits_have_exact_intervals_and_the_slope_is_that_of_least_squares() -> None:
    [made] = bland_altman(two(WRIGHT, MINI), "wright", "mini")
    z, root = 1.959963984540054, math.sqrt(17)
    far, near = (nct.ppf(p, 16, z * root) * made.sd / root for p in (0.975, 0.025))
    assert (made.upper_low, made.upper_high) == pytest.approx((made.bias + near, made.bias + far), rel=1e-6)
    assert (made.lower_low, made.lower_high) == pytest.approx((made.bias - far, made.bias - near), rel=1e-6)
    x, y = np.array(WRIGHT), np.array(MINI)
    line = linregress((x + y) / 2, x - y)
    assert made.slope == pytest.approx(line.slope)
    assert (made.slope_high - made.slope) == pytest.approx(2.1314495 * line.stderr, rel=1e-6)


def test_sides_change_signs() -> None:
    [one], [other] = (bland_altman(two(WRIGHT, MINI), *names) for names in (("wright", "mini"), ("mini", "wright")))
    assert (other.bias, other.lower, other.upper_high) == pytest.approx((-one.bias, -one.upper, -one.lower_low))
    assert other.slope == pytest.approx(-one.slope)


def test_every_pair_who_share_three_items() -> None:
    rng = np.random.default_rng(0)
    rows = [(item, annotator) for item in range(20) for annotator in "abc" if annotator != "c" or item < 4]
    rows += [(19, "d"), (18, "d")]
    table = Judgements.from_records(
        {"item": item, "annotator": annotator, "label": round(float(rng.normal()), 3)} for item, annotator in rows
    )
    made = bland_altman(table)
    assert [(pair.one, pair.other, pair.items) for pair in made] == [("a", "b", 20), ("a", "c", 4), ("b", "c", 4)]
    assert made[0] == bland_altman(table, "a", "b")[0]
    assert any("rough" in warning for warning in made[1].warnings)
    assert bland_altman(Judgements.from_records([])) == ()


def test_what_limits_the_limits_is_said() -> None:
    rng = np.random.default_rng(1)
    size = 200
    x = rng.normal(50, 10, size)
    [growing] = bland_altman(two(x, 0.8 * x + rng.normal(0, 1, size)), "wright", "mini")
    assert growing.slope_low > 0.15
    assert any("changes with what is judged" in warning for warning in growing.warnings)
    [skewed] = bland_altman(two(x, x + rng.exponential(3, size)), "wright", "mini")
    assert any("normal distribution" in warning for warning in skewed.warnings)
    [same] = bland_altman(two(x, x), "wright", "mini")
    assert (same.bias, same.sd, same.lower, same.upper, same.slope) == (0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("wright", "nobody"), "no annotator 'nobody'. There are: 'mini', 'wright'"),
        (("wright", None), "name both"),
        (("wright", "wright"), "three items that both judged. Got 0"),
    ],
)
def test_errors_name_the_value(names: tuple[Any, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        bland_altman(two(WRIGHT, MINI), *names)
    with pytest.raises(InputError, match="no number"):
        bland_altman(two(["a", "b"], ["b", "b"]))


def test_intervals_cover() -> None:
    """Bias -1, differences with a standard deviation of 2, twelve items: each interval holds its value in 93 to 97 %
    of 1,000 tables, within twice the standard error."""
    rng = np.random.default_rng(2)
    true = {"bias": -1.0, "lower": -1 - 1.959964 * 2, "upper": -1 + 1.959964 * 2, "slope": 0.0}
    held = dict.fromkeys(true, 0)
    for _ in range(1000):
        level = rng.normal(0, 5, 12)
        noise = rng.normal(0, math.sqrt(2), (2, 12))
        [made] = bland_altman(two(level - 1 + noise[0], level + noise[1]), "wright", "mini")
        for name, value in true.items():
            held[name] += getattr(made, f"{name}_low") <= value <= getattr(made, f"{name}_high")
    assert all(0.93 - 0.014 <= count / 1000 <= 0.97 + 0.014 for count in held.values()), held
