"""Reading comparisons: judgements of pairs of options as arrays.

An item is a pair, and `items` says in the columns `left` and `right` what its options are called. Pairs have this
order everywhere, whatever was on the screen; the context column `shown` may say for each judgement what stood at the
left of the screen: "left" or "right", the option's name, or whether the pair was swapped. Where it says nothing, the
pair was shown in its order.

An answer says which option won: "left" or "right" (or "first", "second"), the option's name, a number between -3 and 3
(below 0 for the left one; its size is how clearly), or "tie" (or 0). Without `items` every answer is the name of the
winner or "tie", and an item's options are those that were named.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from goldwork.errors import InputError
from goldwork.items import Items
from goldwork.judgements import Judgements
from goldwork.judgements.columns import factorise, is_number, objects

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

SIDES = {"left": 1, "first": 1, "right": -1, "second": -1, "tie": 0}
"""What won, by word: 1 the left option, -1 the right one, 0 neither."""
STRONGEST = 3
NEED_ITEMS = "Give items= with the columns left and right, the names of each item's options."


@dataclasses.dataclass(frozen=True, eq=False)
class Comparisons:
    """n judgements of pairs. Rows are those of the table, without the items of which one option only is known.

    - `options`: [O], the names; `left`, `right`: int [I], each item's options in them, -1 where not known
    - `item`, `annotator`, `first`, `second`: int [n]; the last two are the item's options
    - `outcome`: [n], 1 where `first` won, -1 where `second` did, 0 for a tie
    - `shown`: [n], 1 where `first` stood at the left of the screen, -1 where it stood at the right
    - `weight`: [n]; `annotators`: how many there are
    - `words`: how the answers name left, tie and right, or None where they name the options
    """

    options: npt.NDArray[Any]
    left: Places
    right: Places
    item: Places
    annotator: Places
    outcome: Floats
    shown: Floats
    weight: Floats
    annotators: int
    words: tuple[Any, Any, Any] | None

    def __len__(self) -> int:
        return len(self.item)

    @property
    def first(self) -> Places:
        """Each row's left option."""
        return self.left[self.item]

    @property
    def second(self) -> Places:
        """Each row's right option."""
        return self.right[self.item]

    def answers(self, outcome: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The answers that say `outcome` (1, 0, -1) of every item, in the judgements' own words; [I]."""
        if self.words is not None:
            return objects(list(self.words))[1 - outcome.astype(np.intp)]
        names = objects([*self.options.tolist(), "tie"])
        one, two = (np.where(side < 0, other, side) for side, other in _sides(self))
        return names[np.where(outcome > 0, one, np.where(outcome < 0, two, len(self.options)))]

    def outcomes(self, answers: npt.NDArray[Any], names: npt.NDArray[Any]) -> Floats:
        """What gold, one answer an item or None, says: 1, 0, -1, and nan where it is silent; [I]."""
        said = np.full(len(answers), np.nan)
        place = {name: code for code, name in enumerate(self.options.tolist())}
        for row, answer in enumerate(answers.tolist()):
            if answer is not None:
                where = f"gold for item {names[row]!r}"
                said[row] = _outcome(answer, _code(place, answer), int(self.left[row]), int(self.right[row]), where)[0]
        return said


def read_comparisons(
    table: Judgements, items: Items | None, *, strength: bool = False, by_item: bool = False
) -> Comparisons:
    """The table's judgements of pairs; with `strength`, the size of numbers is a weight besides the table's own.

    `by_item` is for methods that compare nothing across items: where answers are sides they need no `items`, and no row
    is left out.

    Raises InputError for an answer that names no side, for an item that `items` does not have or that has no `left` or
    `right`, for a pair of an option with itself that is answered by its name, for options called as the sides are, and
    for a `shown` that is neither side.
    """
    codes, said = table.coded()
    for answer in said.tolist():
        if isinstance(answer, list | dict | bool):
            raise InputError(f"label {answer!r} does not say which option of a pair won.")
    if items is not None:
        left, right, options = _listed(table, items)
    elif by_item and all(_is_side(answer) for answer in said.tolist()):
        left, right, options = (np.full(len(table.items), -1, np.intp),) * 2 + (objects([]),)
    else:
        left, right, options = _named(table)
    place = {name: code for code, name in enumerate(options.tolist())}
    _check_names(place)
    pairs = np.stack([table.item.astype(np.int64), codes.astype(np.int64)], axis=1)
    inside = (left >= 0) & (right >= 0) if not by_item else np.ones(len(left), bool)
    rows = np.flatnonzero(inside[table.item])
    outcome, size = _read(pairs[rows], said, place, (left, right), table.items)
    weight = table.weights()[rows] * (size if strength else 1.0)
    return Comparisons(
        options=options,
        left=left,
        right=right,
        item=table.item[rows].astype(np.intp),
        annotator=table.annotator[rows].astype(np.intp),
        outcome=outcome,
        shown=_shown(table, place, left, right)[rows],
        weight=weight,
        annotators=len(table.annotators),
        words=_words(said.tolist(), place),
    )


def _sides(pairs: Comparisons) -> list[tuple[Places, Places]]:
    return [(pairs.left, pairs.right), (pairs.right, pairs.left)]


def _code(place: dict[Any, int], name: Any) -> int:
    """An option's code by its name, -1 where nothing is called so."""
    if isinstance(name, list | dict | bool):
        return -1
    return place.get(name, -1)


def _is_side(answer: Any) -> bool:
    return answer in SIDES or (is_number(answer) and abs(float(answer)) <= STRONGEST)


def _check_names(place: dict[Any, int]) -> None:
    for name in place:
        if name in SIDES:
            raise InputError(f"an option is called {name!r}, which answers say of a side. Give it another name.")


def _listed(table: Judgements, items: Items) -> tuple[Places, Places, npt.NDArray[Any]]:
    """Each item's options as `items` has them."""
    for side in ("left", "right"):
        if side not in items.columns:
            listed = ", ".join(map(str, items.columns)) or "none"
            raise InputError(f"items= has no column {side!r}. Its columns are: {listed}.")
    row = {name: place for place, name in enumerate(items.ids.tolist())}
    names = table.items.tolist()
    absent = [name for name in names if name not in row]
    if absent:
        example = f" Items there are called {items.ids[0]!r}." if len(items) else ""
        raise InputError(f"items= has no item {absent[0]!r}, which was judged.{example}")
    rows = np.array([row[name] for name in names], np.intp)
    factors = [factorise(items.columns[side][rows].tolist()) for side in ("left", "right")]
    for factor, side in zip(factors, ("left", "right"), strict=True):
        bad = [-1] if (factor.codes < 0).any() else []
        bad += [code for code in factor.used() if not _is_name(factor.values[code])]
        if bad:
            got = None if bad[0] < 0 else factor.values[bad[0]]
            name = names[factor.row(bad[0]) - 1]
            raise InputError(f"item {name!r}, column {side!r}: the name of an option is needed. Got {got!r}.")
    options = _sorted({factor.values[code] for factor in factors for code in factor.used()})
    place = {name: code for code, name in enumerate(options)}
    codes = [np.array([place.get(value, -1) for value in factor.values], np.intp)[factor.codes] for factor in factors]
    return codes[0], codes[1], objects(options)


def _is_name(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _named(table: Judgements) -> tuple[Places, Places, npt.NDArray[Any]]:
    """Each item's options as the answers name them, in order of name."""
    codes, said = table.coded()
    for answer in said.tolist():
        if answer in SIDES and answer != "tie":
            raise InputError(f"label {answer!r} names a side, and nothing says what stood there. {NEED_ITEMS}")
        if is_number(answer):
            raise InputError(f"label {answer!r} is a number, and nothing says of which options. {NEED_ITEMS}")
    options = _sorted({answer for answer in said.tolist() if answer != "tie"})
    place = {name: code for code, name in enumerate(options)}
    of_code = np.array([place.get(answer, -1) for answer in said.tolist()], np.intp)
    named = of_code[codes] if len(codes) else np.zeros(0, np.intp)
    pairs = np.unique(table.item[named >= 0].astype(np.int64) * max(len(options), 1) + named[named >= 0])
    item, option = pairs // max(len(options), 1), pairs % max(len(options), 1)
    count = np.bincount(item, minlength=len(table.items))
    if (count > 2).any():
        worst = int(np.argmax(count > 2))
        listed = ", ".join(repr(options[code]) for code in option[item == worst][:4].tolist())
        raise InputError(f"item {table.items[worst]!r} has more than two options: {listed}. Comparisons are of pairs.")
    left, right = np.full(len(table.items), -1, np.intp), np.full(len(table.items), -1, np.intp)
    begin = np.r_[True, np.diff(item) > 0] if len(item) else np.zeros(0, bool)
    left[item[begin]] = option[begin]
    right[item[~begin]] = option[~begin]
    return left, right, objects(options)


def _sorted(names: set[Any]) -> list[Any]:
    return sorted(names, key=lambda name: (isinstance(name, str), name))


def _read(
    pairs: npt.NDArray[np.int64],
    said: npt.NDArray[Any],
    place: dict[Any, int],
    sides: tuple[Places, Places],
    names: npt.NDArray[Any],
) -> tuple[Floats, Floats]:
    """Outcomes and sizes of rows (item, answer)."""
    answers = said.tolist()
    item, code = pairs[:, 0], pairs[:, 1]
    option = np.array([_code(place, answer) for answer in answers], np.intp)[code] if len(code) else code
    side = np.full((len(answers), 2), np.nan)
    for row, answer in enumerate(answers):
        if _is_side(answer):
            side[row] = _outcome(answer, -1, -1, -1, "")
    one, two = (((option >= 0) & (option == of_item[item])) for of_item in sides)
    said_side = side[code] if len(code) else np.zeros((0, 2))
    named, sided = one | two, ~np.isnan(said_side[:, 0])
    bad = np.flatnonzero((one & two) | (named == sided))
    if len(bad):
        row = int(bad[0])
        left, right = (int(of_item[item[row]]) for of_item in sides)
        _outcome(answers[code[row]], int(option[row]), left, right, f"item {names[item[row]]!r}")
    outcome = np.where(one, 1.0, np.where(two, -1.0, said_side[:, 0]))
    return outcome, np.where(named, 1.0, said_side[:, 1])


def _outcome(answer: Any, option: int, left: int, right: int, where: str) -> tuple[float, float]:
    """What an answer says of a pair, and how clearly."""
    named = option >= 0 and option in (left, right)
    if named and left == right:
        raise InputError(f"{where}: both options are called {answer!r}. Answer with left, right or tie.")
    if named and is_number(answer) and abs(float(answer)) <= STRONGEST:
        raise InputError(
            f"{where}: label {answer!r} may be the option or a number that says how clearly one won. "
            "Give options other names."
        )
    if named:
        return (1.0, 1.0) if option == left else (-1.0, 1.0)
    if isinstance(answer, str) and answer in SIDES:
        return float(SIDES[answer]), 1.0
    if is_number(answer) and abs(float(answer)) <= STRONGEST:
        clearly = float(answer)
        return -float(np.sign(clearly)), abs(clearly) or 1.0
    raise InputError(
        f"{where}: label {answer!r} is neither of its options, nor left, right, tie, nor a number from -3 to 3."
    )


def _words(said: Sequence[Any], place: dict[Any, int]) -> tuple[Any, Any, Any] | None:
    """How the answers name left, tie and right."""
    if any(_code(place, answer) >= 0 for answer in said) and not any(_is_side(a) and a != "tie" for a in said):
        return None
    if any(answer in ("left", "right") for answer in said):
        return ("left", "tie", "right")
    if any(answer in ("first", "second") for answer in said):
        return ("first", "tie", "second")
    if any(is_number(answer) and not isinstance(answer, str) for answer in said):
        return (-1, 0, 1)
    if any(is_number(answer) for answer in said):
        return ("-1", "0", "1")
    return ("left", "tie", "right")


def _shown(table: Judgements, place: dict[Any, int], left: Places, right: Places) -> Floats:
    """1 where the left option stood at the left of the screen, -1 where the right one did; [judgements]."""
    column = table.context.get("shown")
    if column is None or not len(table):
        return np.ones(len(table))
    factor = factorise(column.tolist())
    known: dict[Any, float] = {"left": 1, "first": 1, "right": -1, "second": -1, "false": 1, "true": -1}
    side = np.full(len(factor.values) + 1, np.nan)
    side[-1] = 1.0  # nothing said
    option = np.full(len(factor.values) + 1, -1, np.intp)
    for code, value in enumerate(factor.values):
        option[code] = _code(place, value)
        key = str(value).lower() if isinstance(value, bool | str) else value
        side[code] = known.get(key, np.nan) if isinstance(key, str) else np.nan
    stood, at = option[factor.codes], side[factor.codes]
    one, two = left[table.item], right[table.item]
    by_name = np.where(stood == one, 1.0, np.where(stood == two, -1.0, np.nan))
    shown = np.where((stood >= 0) & np.isnan(at), by_name, at)
    bad = np.flatnonzero(np.isnan(shown))
    if len(bad):
        row = int(bad[0])
        raise InputError(
            f"item {table.items[table.item[row]]!r}, column 'shown': left, right, the name of one of the item's "
            f"options or true (swapped) is needed. Got {column[row]!r}."
        )
    return shown
