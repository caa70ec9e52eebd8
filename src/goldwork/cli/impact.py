"""goldwork impact: what the quality of labels is worth to a model that is trained on them."""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goldwork.cli import labels
from goldwork.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from goldwork.judgements import Judgements

METHOD = "hierarchical-dawid-skene"
HELD_OUT = 5
"""Where all items with a known truth are judged, one in so many of them is left out of training."""


def add(commands: Any) -> None:
    """Declare the command."""
    command: argparse.ArgumentParser = commands.add_parser(
        "impact", help="the same model on one judgement, the majority, the consensus, soft labels: what is each worth?"
    )
    labels.add_options(command)
    command.add_argument(
        "--truth", metavar="FILE", type=Path, required=True, help="true labels: columns item and truth"
    )
    command.add_argument("--features", metavar="FILE", type=Path, help="numbers by item: .parquet or .npz, with ids")
    command.add_argument("--text", metavar="NAME", help="without --features: the items' column whose words are counted")
    command.add_argument("--method", metavar="NAME", default=METHOD, help=f"of the consensus (default: {METHOD})")
    command.add_argument("--seed", metavar="N", type=int, default=0, help="of what is drawn (default: 0)")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Train in every way, hold each against items of known truth, and say what it is worth."""
    import numpy as np

    from goldwork.consensus import infer_consensus
    from goldwork.flags import find_flags
    from goldwork.learning.impact import measure_impact
    from goldwork.learning.joint import Votes

    table = labels.read(arguments).only_question().of_kinds(("human",)).counted()
    ids, features = _features(arguments)
    row = {one: place for place, one in enumerate(ids)}
    classes = [str(one) for one in table.coded()[1].tolist()]
    judged = [str(one) for one in table.items.tolist()]
    if missing := [one for one in judged if one not in row]:
        raise InputError(f"there are no features of {len(missing):,} judged items, such as {missing[0]!r}.")
    truth = {item: label for item, label in _truth(arguments.truth).items() if item in row}
    unknown = sorted(set(truth.values()) - set(classes))
    if unknown:
        raise InputError(
            f"truth {unknown[0]!r} is nobody's label. The labels are: {', '.join(classes)}.", where=str(arguments.truth)
        )
    test = _left_out(sorted(truth), set(judged), arguments.seed)
    train = [place for place, item in enumerate(judged) if item not in test]
    part = table.take(np.isin(table.item, train)).compact() if len(train) < len(judged) else table
    made = infer_consensus(part, arguments.method, seed=arguments.seed)
    _, _, shares = made.choices()
    votes = Votes(part.item, part.annotator, part.coded()[0], len(part.items), len(classes))
    rows = np.array([row[str(item)] for item in part.items.tolist()])
    known = (
        features[[row[item] for item in sorted(test)]],
        np.array([classes.index(truth[item]) for item in sorted(test)]),
    )
    suspects = _suspects(part, find_flags(part))
    found = measure_impact(features[rows], votes, shares, known, suspects=suspects, seed=arguments.seed)
    if arguments.json:
        for one in found:
            row = dataclasses.asdict(one)
            print(
                json.dumps(
                    {
                        name: None if isinstance(value, float) and math.isnan(value) else value
                        for name, value in row.items()
                    }
                )
            )
        return 0
    print(f"held against {len(test):,} items of known truth, trained on {len(part.items):,}:")
    print(f"  {'':<22}{'judgements':>10}{'accuracy':>10}{'':<18}{'above majority':>22}{'per 1,000 more':>22}{'off':>7}")
    for one in found:
        gain = _points(one.gain, one.gain_low, one.gain_high)
        each = "" if math.isnan(one.each) else _points(1000 * one.each, 1000 * one.each_low, 1000 * one.each_high)
        span = f" ({one.low:.3f} to {one.high:.3f})"
        print(
            f"  {one.way:<22}{one.judgements:>10,}{one.accuracy:>10.3f}{span:<18}{gain:>22}{each:>22}{one.error:>7.3f}"
        )
    print("above majority: points of accuracy. per 1,000 more: points above one judgement an item, by 1,000 judgements")
    print("paid for beyond those. off: how far its probabilities are from coming true, less what chance alone gives.")
    if not len(suspects):
        print("No flag is about an annotator, so nothing is trained without suspects.")
    best = max(found, key=lambda one: one.gain_low)
    if best.gain_low > 0:
        print(f"Labels by {best.way} are worth {100 * best.gain:.1f} points to this model, at no further judgement.")
    else:
        print("No way of making labels is better than the majority beyond chance, for this model and these items.")
    return 0


def _points(value: float, low: float, high: float) -> str:
    return f"{100 * value:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"


def _features(arguments: argparse.Namespace) -> tuple[list[str], Any]:
    """The identifiers and the features of all items."""
    from goldwork import io
    from goldwork.features import count_texts, read_features, weigh

    if arguments.features is not None:
        ids, features = read_features(arguments.features)
        if ids is None:
            raise InputError(
                "a .npy file has no ids. Give .npz with ids and features, or .parquet.", where=str(arguments.features)
            )
        return [str(one) for one in ids.tolist()], features
    if arguments.items is None or arguments.text is None:
        raise InputError("give --features FILE, or --items FILE and --text NAME, the column whose words are counted.")
    items = io.read_items(arguments.items)
    if arguments.text not in items.columns:
        raise InputError(
            f"there is no column {arguments.text!r}. The columns are: {', '.join(items.columns)}.",
            where=str(arguments.items),
        )
    texts = ["" if text is None else str(text) for text in items.columns[arguments.text].tolist()]
    return [str(one) for one in items.ids.tolist()], weigh(count_texts(texts))


def _truth(path: Path) -> dict[str, str]:
    from goldwork import io

    columns = io.load(path).columns
    for name in ("item", "truth"):
        if name not in columns:
            raise InputError(f"there is no column {name!r}. The columns are: {', '.join(columns)}.", where=str(path))
    return {str(item): str(label) for item, label in zip(columns["item"], columns["truth"], strict=True)}


def _left_out(known: list[str], judged: set[str], seed: int) -> set[str]:
    """The items that judge the models: those of known truth that nobody judged, else a part of the others."""
    import numpy as np

    unjudged = {item for item in known if item not in judged}
    if unjudged:
        return unjudged
    drawn: npt.NDArray[np.str_] = np.random.default_rng(seed).permutation(np.array(known, object))
    return set(drawn[: max(len(known) // HELD_OUT, 1)].tolist())


def _suspects(table: Judgements, found: Any) -> Any:
    """The codes of annotators that a flag is about."""
    import numpy as np

    names = {finding.subject for finding in found if finding.about == "annotator"}
    if names:
        print(f"without suspects: leaves out {len(names)} whom a flag is about.", file=sys.stderr)
    return np.flatnonzero([name in names for name in table.annotators.tolist()])
