"""How a demonstration went: what was judged, how far people agreed, how often the consensus is right."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from goldwork.agreement import measure_agreement
from goldwork.consensus import infer_consensus
from goldwork.consensus.scoring import expected_accuracy
from goldwork.services.outcome import read_outcome
from goldwork.services.tables import named_table

if TYPE_CHECKING:
    from goldwork.cli.simulated.stage import Stage
    from goldwork.judgements import Judgements
    from goldwork.services.outcome import Outcome
    from goldwork.sim.samples import Sample

SAID = {
    "warn": "warned",
    "quarantine": "set aside and taught",
    "propose": "put before a person",
    "watch": "given more gold",
    "restored": "cleared",
}
METHODS = {"majority": "the majority", "dawid-skene": "Dawid-Skene"}


def measure(sample: Sample, table: Judgements) -> dict[str, Any]:
    """One project's figures, ready for JSON: what is undefined is None.

    `accuracy` is the share of the judged items on which a consensus is right, against the sample's truth, with a
    95 % interval over items; a tie counts by chance.
    """
    found: dict[str, Any] = {
        "name": sample.name,
        "items": len(table.items),
        "of_items": len(sample.rows),
        "judgements": len(table),
        "annotators": len(table.annotators),
        "agreement": None,
        "accuracy": None,
    }
    if not len(table):
        return found
    agreement = measure_agreement(table)
    found["agreement"] = {
        "coefficient": agreement.coefficient,
        "value": _defined(agreement.value),
        "low": _defined(agreement.low),
        "high": _defined(agreement.high),
        "items": agreement.items,
        "judgements": agreement.judgements,
        "sentence": agreement.sentence,
        "warnings": list(agreement.warnings),
    }
    found["accuracy"] = {}
    for method in METHODS:
        score = expected_accuracy(infer_consensus(table, method), sample.truth)
        found["accuracy"][method] = {"value": score.value, "low": score.low, "high": score.high, "items": score.items}
    return found


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else value


def judge(found: Outcome, sample: Sample) -> dict[str, Any]:
    """What the engine made of it, ready for JSON: how sure it is and how often right, what was decided about whom."""
    codes = {value: code for code, value in enumerate(sample.classes)}
    right = [
        answers.get(sample.question) == codes[sample.truth[name]]
        for name, answers in found.closed
        if name in sample.truth
    ]
    return {
        "expected_accuracy": found.expected,
        "accuracy": sum(right) / len(right) if right else None,
        "complete": len(found.closed),
        "gold_judgements": found.gold,
        "waiting_for_an_expert": found.waiting,
        "people": found.people,
    }


def report(stage: Stage, *, as_json: bool) -> None:
    """Print every project's figures, as sentences or as one JSON object."""
    made = []
    for mine, sample in zip(stage.members, stage.samples, strict=True):
        with stage.database.read() as connection:
            table = named_table(connection, mine.project)
            engine = judge(read_outcome(connection, mine.project), sample)
        made.append(measure(sample, table) | {"engine": engine})
    if as_json:
        judgements = sum(project["judgements"] for project in made)
        print(json.dumps({"speed": stage.speed, "judgements": judgements, "projects": made}))
        return
    for project in made:
        print("\n".join(sentences(project)))


def sentences(project: dict[str, Any]) -> list[str]:
    """A project's figures as people read them."""
    counts = f"{project['judgements']:,} judgements on {project['items']:,} of {project['of_items']:,} items"
    said = [f"{project['name']}: {counts}, by {project['annotators']} people."]
    if (agreement := project["agreement"]) is not None:
        figure = (
            "" if agreement["value"] is None else f"Agreement ({agreement['coefficient']}) {agreement['value']:.3f}. "
        )
        said.append(f"  {figure}{agreement['sentence']}")
        said += [f"  Note: {warning}" for warning in agreement["warnings"]]
    if project["accuracy"] is not None:
        for method, name in METHODS.items():
            score = project["accuracy"][method]
            said.append(
                f"  Against the known truth, {name} is right on {score['value']:.1%} of the judged items "
                f"(95 % interval {score['low']:.1%} to {score['high']:.1%})."
            )
    if (engine := project.get("engine")) is not None:
        sure, right = engine["expected_accuracy"], engine["accuracy"]
        said.append(
            f"  The engine has closed {engine['complete']:,} items"
            + (f" and expects {sure:.1%} of them to be right" if sure is not None else "")
            + (f", which {right:.1%} are" if right is not None else "")
            + f"; {engine['waiting_for_an_expert']:,} wait for an expert. "
            f"Gold took {engine['gold_judgements']:,} judgements."
        )
        said += [
            f"  {name} was {', '.join(dict.fromkeys(SAID[kind] for kind in kinds))}."
            for name, kinds in sorted(engine["people"].items())
        ]
    return said
