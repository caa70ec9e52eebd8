"""goldwork plan: what an accuracy takes, from assumptions or a pilot; or where a finished log could have stopped."""

from __future__ import annotations

import argparse
import json
import math
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goldwork.cli import labels
from goldwork.errors import InputError

if TYPE_CHECKING:
    from goldwork.quality.hindsight import Hindsight
    from goldwork.quality.planning import Plan, Range, Terms
    from goldwork.quality.resync import Judged
    from goldwork.quality.stopping import Overlap

FIGURES = ("per_item", "judgements", "gold_judgements", "gold_items", "annotators", "money", "hours", "best")
ASSUMPTIONS = ("classes", "accuracy", "spread", "difficulty")


def add(commands: Any) -> None:
    """Declare the command."""
    command: argparse.ArgumentParser = commands.add_parser(
        "plan", help="judgements, annotators, gold and money for an accuracy, from assumptions or a pilot's labels"
    )
    labels.add_options(command, needed=False)
    wanted = command.add_argument_group("what is wanted")
    wanted.add_argument("--items", dest="number", metavar="N", type=int, help="how many items there are to be judged")
    wanted.add_argument(
        "--target", "--target-accuracy", dest="target", metavar="A", type=float, help="share of answers to be right"
    )
    wanted.add_argument(
        "--overlap", metavar="MIN..MAX", default="1..7", help="judgements an item at least and at most (default: 1..7)"
    )
    assumed = command.add_argument_group("assumptions, where there is no pilot")
    assumed.add_argument("--classes", metavar="K", type=int, help="how many classes")
    assumed.add_argument("--accuracy", metavar="P", type=float, help="how often people are right, on average")
    assumed.add_argument("--spread", metavar="S", type=float, help="how much people differ in that (default: .1)")
    assumed.add_argument("--difficulty", metavar="D", type=float, help="how much items differ, logits (default: .8)")
    command.add_argument("--gold", metavar="FILE", type=Path, help="known answers of the pilot: columns item and truth")
    price = command.add_argument_group("prices, in any currency")
    price.add_argument("--price", metavar="M", type=float, help="of one judgement")
    price.add_argument("--seconds", metavar="S", type=float, help="that one judgement takes")
    price.add_argument("--hourly", metavar="M", type=float, help="pay of an hour, in place of --price")
    price.add_argument(
        "--gold-share",
        metavar="S",
        type=float,
        default=0.05,
        help="share of judgements that are on gold (default: .05)",
    )
    price.add_argument(
        "--gold-price", metavar="M", type=float, help="of writing one gold item (default: four judgements)"
    )
    price.add_argument(
        "--per-annotator", metavar="N", type=int, default=500, help="judgements of a person at most (default: 500)"
    )
    command.add_argument(
        "--hindsight",
        action="store_true",
        help="of a finished log: at how many judgements an item it could have stopped",
    )
    command.add_argument("--seed", metavar="N", type=int, default=0, help="of the simulation (default: 0)")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Plan, or look back, and print it."""
    if arguments.seed < 0:
        raise InputError(f"--seed must be 0 or more. Got {arguments.seed}.")
    if arguments.hindsight:
        return _look_back(arguments)
    if arguments.labels is None:
        return _from_assumptions(arguments)
    return _from_pilot(arguments)


def _terms(arguments: argparse.Namespace) -> Terms:
    from goldwork.quality.planning import Terms

    for name, option in (("number", "--items"), ("target", "--target")):
        if getattr(arguments, name) is None:
            raise InputError(f"a plan needs {option}.")
    return Terms(
        items=arguments.number,
        target=arguments.target,
        overlap=_overlap(arguments.overlap),
        price=arguments.price,
        seconds=arguments.seconds,
        hourly=arguments.hourly,
        gold_share=arguments.gold_share,
        gold_price=arguments.gold_price,
        per_annotator=arguments.per_annotator,
    )


def _overlap(text: str) -> Overlap:
    from goldwork.quality.stopping import Overlap

    least, _, most = text.partition("..")
    try:
        return Overlap(int(least), int(most or least))
    except ValueError:
        raise InputError(f"--overlap is MIN..MAX, such as 1..7, or one number. Got {text!r}.") from None


def _from_assumptions(arguments: argparse.Namespace) -> int:
    from goldwork.quality.planning import assume, plan

    if arguments.gold is not None:
        raise InputError("--gold goes with a pilot's LABELS.")
    for name in ("classes", "accuracy"):
        if getattr(arguments, name) is None:
            raise InputError(f"a plan needs --{name}, or a pilot's LABELS.")
    terms = _terms(arguments)
    given = {name: getattr(arguments, name) for name in ASSUMPTIONS if getattr(arguments, name) is not None}
    crowd = assume(**given)
    _say(arguments, "", plan(crowd, terms, seed=arguments.seed), [_assumed(given, float(crowd.items[0]))])
    return 0


def _assumed(given: dict[str, Any], difficulty: float) -> str:
    from goldwork.quality.planning import TEMPTED

    common = f" Of wrong answers {TEMPTED:.0%} fall on the same wrong class." if given["classes"] > 2 else ""
    return (
        f"Assumed, not measured: {given['classes']} classes; people are right on {given['accuracy']:.2f} of the items "
        f"on average, and differ in that by {given.get('spread', 0.1):.2f} (standard deviation); items differ in "
        f"difficulty by {difficulty:.2f} logits, the same for everybody.{common} The interval is for the people and "
        "items one happens to get, not for assumptions that are wrong."
    )


def _from_pilot(arguments: argparse.Namespace) -> int:
    from goldwork.quality.crowd import learn_crowd
    from goldwork.quality.hindsight import sampled
    from goldwork.quality.planning import plan

    given = [name for name in ASSUMPTIONS if getattr(arguments, name) is not None]
    if given:
        raise InputError(f"--{given[0]} is learned from the pilot's labels; leave it out.")
    terms = _terms(arguments)
    told = []
    for question, pilot in _read(arguments):
        crowd = learn_crowd(sampled(pilot, arguments.seed), seed=arguments.seed).crowd
        told.append((question, plan(crowd, terms, seed=arguments.seed), [_learned(pilot)]))
    for question, found, said in told:
        _say(arguments, question if len(told) > 1 else "", found, said)
    return 0


def _learned(pilot: Judged) -> str:
    gold = int((pilot.gold >= 0).sum())
    known = (
        f"with the known answers of {gold:,} of its items"
        if gold
        else "without gold: what people get wrong together looks right to it, so the accuracy may be less than it says"
    )
    return (
        f"Learned from a pilot of {len(pilot.item):,} judgements on {len(pilot.gold):,} items by {pilot.annotators:,} "
        f"people, {known}. Further people and items are taken to be like those of the pilot. The interval is for what "
        "the pilot leaves open, and for the people and items one happens to get."
    )


def _read(arguments: argparse.Namespace) -> list[tuple[str, Judged]]:
    from goldwork import io
    from goldwork.quality.pilot import judged

    if arguments.task not in (None, "choice"):
        raise InputError(f"a plan takes choices. Got --task {arguments.task}.")
    parts = labels.questions(labels.read(arguments))
    return [
        (question, judged(part, io.read_gold(arguments.gold, part) if arguments.gold else None))
        for question, part in parts
    ]


def _look_back(arguments: argparse.Namespace) -> int:
    from goldwork.quality.hindsight import hindsight

    if arguments.labels is None:
        raise InputError("--hindsight needs the LABELS of a finished log.")
    found = [(question, hindsight(log, arguments.target, seed=arguments.seed)) for question, log in _read(arguments)]
    for question, one in found:
        if arguments.json:
            print(json.dumps(_plain({"question": question, **vars(one)}), ensure_ascii=False))
        else:
            print("\n".join([f"{question}:"] * (len(found) > 1) + _stopped(one)))
    return 0


def _stopped(one: Hindsight) -> list[str]:
    if not one.gold:
        aim = "19 of 20 of the answers that all judgements give"
    elif one.target is None:
        aim = "an accuracy within .01 of that of all judgements"
    else:
        aim = f"an accuracy of {one.target:.3f}"
    every = one.per_item[-1]
    high = "more than there are" if math.isnan(one.high) else f"{one.high:.2f}"
    if math.isnan(one.stop):
        low = "" if math.isnan(one.low) else f" It may have been from {one.low:.2f} on."
        lines = [f"You could not have stopped: {aim} is not reached by all {every:.2f} judgements per item.{low}"]
    else:
        stop = f"{one.stop:.2f} of {every:.2f} judgements per item ({one.low:.2f} to {high})"
        lines = [f"You could have stopped at {stop} for {aim}."]
    for n, right, low_end, high_end in zip(
        one.per_item, one.accuracy, one.accuracy_low, one.accuracy_high, strict=True
    ):
        what = "accuracy" if one.gold else "as in the end"
        lines.append(f"{n:.2f} judgements per item: {what} {right:.3f} ({low_end:.3f} to {high_end:.3f})")
    basis = (
        f"From {one.gold:,} gold items, taken to be a random sample of the {one.items:,}."
        if one.gold
        else "Without 20 gold items no log tells if answers are right, only when they stopped changing: give --gold."
    )
    return [*lines, textwrap.fill(f"{basis} The interval covers the true stop 19 times in 20.", 100)]


def _say(arguments: argparse.Namespace, question: str, found: Plan, assumptions: list[str]) -> None:
    said = [*assumptions, *_rules(found.terms)]
    if arguments.json:
        print(json.dumps(_plain(summary(question, found) | {"assumptions": said}), ensure_ascii=False))
        return
    if question:
        print(f"{question}:")
    for line in [*_sentences(found), *said]:
        print(textwrap.fill(line, 100))


def summary(question: str, found: Plan) -> dict[str, Any]:
    """What JSON says of one plan: figures with their intervals, null where they are not reached."""
    figures = {name: getattr(found, name) for name in FIGURES}
    return {
        "question": question,
        "target_accuracy": found.terms.target,
        "items": found.terms.items,
        "feasible": found.feasible,
        "reached": found.reached,
        **{name: None if figure is None else vars(figure) for name, figure in figures.items()},
        "fixed_overlap": found.fixed,
        "accuracy_by_overlap": {str(n): vars(figure) for n, figure in found.accuracy.items()},
    }


def _sentences(found: Plan) -> list[str]:
    terms = found.terms
    if not found.feasible:
        best, share = _told(found.best, ".3f"), f"{found.reached:.0%} of simulated projects get there"
        missed = f"Not reached: {terms.target:.3f} of {terms.items:,} items right"
        lines = [f"{missed}. At most {terms.overlap.maximum} judgements per item reach {best}; {share}."]
    else:
        all_of_them, per_item = _told(found.judgements, ",.0f"), _told(found.per_item, ".2f")
        gold, people = _told(found.gold_items, ",.0f"), _told(found.annotators, ",.0f")
        lines = [
            f"{all_of_them} judgements for {terms.items:,} items, {terms.target:.3f} of them right.",
            f"That is {per_item} per item, and {_told(found.gold_judgements, ',.0f')} on gold.",
            f"Gold: {gold} items. Annotators: {people}, with at most {terms.per_annotator:,} judgements each.",
        ]
        if found.money is not None:
            lines.append(f"Money: {_told(found.money, ',.2f')}, gold included.")
        if found.hours is not None:
            lines.append(f"Work: {_told(found.hours, ',.1f')} hours.")
        if found.fixed is not None:
            lines.append(f"With the same number for every item: {found.fixed}.")
        if found.reached < 1:
            lines.append(f"Open: {1 - found.reached:.0%} of simulated projects do not get there at all.")
    for n, figure in found.accuracy.items():
        lines.append(f"{n} for every item: accuracy {_told(figure, '.3f')}")
    return lines


def _told(figure: Range, digits: str) -> str:
    low, high = ("open" if math.isinf(end) else format(end, digits) for end in (figure.low, figure.high))
    return f"{format(figure.value, digits)} ({low} to {high})"


def _rules(terms: Terms) -> list[str]:
    least, most = terms.overlap.minimum, terms.overlap.maximum
    stops = f"Each item gets {least} to {most} judgements, and stops when it is sure enough."
    if least == most:
        stops = f"Each item gets {least} judgements."
    gold = f" {terms.gold_share:.0%} of judgements are on gold, which people do not tell from other items."
    if terms.piece is not None and terms.gold_price is None and terms.gold_share:
        gold += " Writing a gold item costs as much as four judgements."
    return [f"{stops}{gold} Not in it: training, adjudication, and work that is set aside."]


def _plain(value: Any) -> Any:
    """As JSON holds it: what is not a number, or has no end, as null."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
