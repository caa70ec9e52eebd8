"""How a demonstration went: what was judged, how far people agreed, how often the consensus is right."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import bindparam as bind

from goldwork.agreement import measure_agreement
from goldwork.consensus import infer_consensus
from goldwork.consensus.scoring import expected_accuracy
from goldwork.quality.items import SURE
from goldwork.services.tables import named_table
from goldwork.store.schema import account, annotator, decision, item, item_state, project_state

if TYPE_CHECKING:
    from goldwork.cli.simulated.stage import Stage
    from goldwork.judgements import Judgements
    from goldwork.sim.samples import Sample

SAID = {
    "warn": "warned",
    "quarantine": "set aside and taught",
    "propose": "put before a person",
    "watch": "given more gold",
    "restored": "cleared",
}
_STATE = sa.select(project_state.c.body).where(project_state.c.project == bind("project"))
_DECIDED = (
    sa.select(account.c.name, decision.c.kind)
    .select_from(
        decision.join(
            annotator, decision.c.subject == sa.literal("annotator ") + sa.cast(annotator.c.id, sa.Text)
        ).join(account, account.c.id == annotator.c.account)
    )
    .where(
        decision.c.project == bind("project"),
        decision.c.kind.in_(list(SAID)),
    )
    .order_by(decision.c.seq, decision.c.number)
)
_CLOSED = (
    sa.select(item.c.external_id, item_state.c.body)
    .join(item, item.c.id == item_state.c.item)
    .where(item_state.c.project == bind("project"), item_state.c.status.in_(("complete", "audit", "adjudicate")))
)
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


def decided(connection: Connection, project: int, sample: Sample) -> dict[str, Any]:
    """What the engine made of it: how sure it is and how often right, what gold cost, what was decided about whom."""
    where = {"project": project}
    codes = {value: code for code, value in enumerate(sample.classes)}
    right = [
        msgspec.json.decode(row.body)["answer"].get(sample.question) == codes[sample.truth[row.external_id]]
        for row in connection.execute(_CLOSED, where)
    ]
    body = connection.execute(_STATE, where).scalar()
    whole = {} if body is None else msgspec.json.decode(body)
    people: dict[str, list[str]] = {}
    for row in connection.execute(_DECIDED, where):
        people.setdefault(row.name, []).append(row.kind)
    return {
        "expected_accuracy": whole["sure"] / whole["measured"] / SURE if whole.get("measured") else None,
        "accuracy": sum(right) / len(right) if right else None,
        "complete": len(right),
        "gold_judgements": whole.get("gold", 0),
        "waiting_for_an_expert": whole.get("in_adjudicate", 0) + whole.get("in_audit", 0),
        "people": people,
    }


def report(stage: Stage, *, as_json: bool) -> None:
    """Print every project's figures, as sentences or as one JSON object."""
    made = []
    for mine, sample in zip(stage.members, stage.samples, strict=True):
        with stage.database.read() as connection:
            table = named_table(connection, mine.project)
            engine = decided(connection, mine.project, sample)
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
