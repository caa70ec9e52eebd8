"""What simulations print: the figures of all runs, everybody, and a run in memory beside one at a server."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from goldwork.cli.means import interval, mean

if TYPE_CHECKING:
    from goldwork.sim.outcome import Outcome, Told

FIGURES = ("accuracy", "expected", "experts", "final", "closed", "hours", "per_item", "gold_share")
"""Of an outcome, what is averaged over runs."""
SUBMITS = ("judgements", "gold", "repeats", "training", "settled")
APPEALS = ("appeals", "mistaken", "upheld", "overturned", "wrongly", "hours", "ruled")
ACCUSED = ("warn", "quarantine", "home")
HEAD = ("", "people", "right on gold", "judgements", "more gold", "warned", "set aside", "sent home", "until set aside")


def summarise(made: Sequence[Outcome], seed: int) -> dict[str, Any]:
    """The outcomes of all runs as one object: means, 95 % intervals of these, everybody."""
    import msgspec

    figures = [{name: getattr(one, name) for name in FIGURES} for one in made]
    known = [name for name in FIGURES if all(one[name] is not None for one in figures)]
    votes = {str(number): [one.majority[number] for one in made] for number in made[0].majority}
    return {
        **{name: mean([one[name] for one in figures]) if name in known else None for name in FIGURES},
        **{name: mean([getattr(one, name) for one in made]) for name in SUBMITS},
        "intervals": {name: interval([one[name] for one in figures]) if name in known else None for name in FIGURES},
        "majority": {
            number: {"accuracy": mean(right), "interval": interval(right), "per_item": int(number)}
            for number, right in votes.items()
        },
        "disputed": {name: sum(getattr(one.disputed, name) for one in made) for name in APPEALS},
        "items": made[0].items,
        "floor": made[0].floor,
        "runs": len(made),
        "seed": seed,
        "wronged": {
            stage: sum(one.stages[stage].wronged for one in _everybody(made) if stage in one.stages)
            for stage in ACCUSED
        },
        "people": [msgspec.to_builtins(one) | {"run": place} for place, run in enumerate(made) for one in run.people],
    }


def _everybody(made: Sequence[Outcome]) -> list[Told]:
    return [one for run in made for one in run.people]


def sentences(summary: Mapping[str, Any], classes: int) -> list[str]:
    """The summary as people read it."""
    people, runs = summary["people"], summary["runs"]
    crowd = sum(one["run"] == 0 for one in people)
    floor = f"floor {summary['floor']:.2f} on gold" if summary["gold"] else "no gold"
    head = f"{summary['items']:,} items of {classes} classes, {crowd} people, {floor}"
    lines = [f"{head}, {runs} runs: numbers of people are over all." if runs > 1 else f"{head}.", ""]
    lines += _table(people)
    lines += ["", *_result(summary), *_found(people), *_disputed(summary["disputed"])]
    return lines


def _table(people: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = [HEAD]
    for kind in dict.fromkeys(one["behaviour"] for one in people):
        mine = [one for one in people if one["behaviour"] == kind]
        first, last = (mean([one[name] for one in mine]) for name in ("accuracy", "lowest"))
        away = [one["stages"]["quarantine"] for one in mine if "quarantine" in one["stages"]]
        when = (
            ""
            if not away
            else f"{median(one['judgements'] for one in away):.0f} ({median(one['gold'] for one in away):.0f} gold)"
        )
        rows.append(
            (
                kind,
                str(len(mine)),
                f"{first:.2f}" if first - last < 0.005 else f"{first:.2f} to {last:.2f}",
                f"{mean([one['judgements'] for one in mine]):.0f}",
                *(str(sum(stage in one["stages"] for one in mine) or "") for stage in ("watch", *ACCUSED)),
                when,
            )
        )
    wide = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    return [
        "  ".join(
            [row[0].ljust(wide[0]), *(cell.rjust(size) for cell, size in zip(row[1:], wide[1:], strict=True))]
        ).rstrip()
        for row in rows
    ]


def _result(summary: Mapping[str, Any]) -> list[str]:
    def share(name: str) -> str:
        ends = summary["intervals"][name]
        return f"{summary[name]:.1%}" + ("" if ends is None else f" ({max(ends[0], 0):.1%} to {min(ends[1], 1):.1%})")

    items, expected = summary["items"], summary["expected"]
    right = f"Result: right on {share('accuracy')} of the items"
    costs = [f"{summary[name] / items:.2f} {said}" for name, said in COSTS if summary[name]]
    votes = [f"{number} votes {figures['accuracy']:.1%}" for number, figures in summary["majority"].items()]
    return [
        f"{right}; the engine expects {share('expected')}." if expected is not None else f"{right}.",
        f"{share('experts')} of the items wait for an expert; {share('closed')} want no more judgements.",
        f"Once an expert has settled {summary['settled']:,.0f}: right on {share('final')}.",
        f"Cost: {summary['per_item']:.2f} judgements an item: {', '.join(costs)}; {summary['hours']:.1f} hours.",
        f"Plain majority of the same crowd, no gold: {', '.join(votes)}.",
    ]


COSTS = (("judgements", "of items"), ("gold", "of gold"), ("repeats", "repeated"), ("training", "of training"))


def _found(people: Sequence[Mapping[str, Any]]) -> list[str]:
    """Who was found, and who was wronged."""

    def said(mine: Sequence[Collection[str]]) -> str:
        counts = [sum(stage in one for one in mine) for stage in ACCUSED]
        return f"{counts[0]} warned, {counts[1]} with work set aside, {counts[2]} sent home."

    bad, honest = ([one["stages"] for one in people if one["honest"] is sort] for sort in (False, True))
    wronged = [{stage for stage, reached in stages.items() if reached["wronged"]} for stages in honest]
    return [
        f"Not honest ({len(bad)}): {said(bad)}",
        f"Honest ({len(honest)}): {said(honest)}",
        f"Wronged (honest, and never below the floor until then): {said(wronged)}",
    ]


def _disputed(found: Mapping[str, Any]) -> list[str]:
    """What came of the appeals."""
    if not found["appeals"]:
        return ["Nobody appealed."]
    right = f"{found['mistaken']} against a mistaken decision"
    ends = f"{found['upheld']} upheld, {found['overturned']} overturned, {found['wrongly']} answered wrongly"
    rate = f"{found['overturned']} of the {found['ruled']} decisions that a person ruled on were overturned"
    return [f"Appeals: {found['appeals']}, {right}: {ends}; {found['hours']:.1f} hours of a reviewer.", f"{rate}."]


def beside(memory: Mapping[str, Any], http: Mapping[str, Any], server: Mapping[str, Any]) -> list[str]:
    """A run at a server and the same in memory, figure by figure; then what the server says of itself."""
    rows: list[tuple[str, ...]] = [("", "in memory", "over HTTP")]
    for name, said, form in BESIDE:
        both = [summary[name] for summary in (memory, http)]
        rows.append((said, *("" if one is None else format(one, form) for one in both)))
    for honest, said in ((False, "not honest"), (True, "honest")):
        counts = [_counts(summary, honest) for summary in (memory, http)]
        rows.append((f"{said}: warned, set aside, sent home", *(", ".join(map(str, one)) for one in counts)))
    rows.append(("of the honest wronged", *(", ".join(map(str, one["wronged"].values())) for one in (memory, http))))
    rows.append(("judgements until set aside, median", *(_until(summary) for summary in (memory, http))))
    shown = ("appeals", "overturned")
    rows.append(("appeals, overturned", *(", ".join(str(one["disputed"][n]) for n in shown) for one in (memory, http))))
    wide = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [f"{row[0].ljust(wide[0])}  {row[1].rjust(wide[1])}  {row[2].rjust(wide[2])}" for row in rows]
    first, second = (_aside(summary) for summary in (memory, http))
    for names, where in ((first - second, "in memory"), (second - first, "over HTTP")):
        if names:
            lines.append(f"Set aside {where} alone: {', '.join(sorted(names))}.")
    sent = f"{server['submits']:,} submits in {server['seconds']:.0f} s, {server['retries']:,} of them sent twice"
    checked = "everything agrees" if not server["findings"] else f"{server['findings']:,} findings"
    counted = f"{server['overruled']} of {server['ruled']} decisions overturned"
    return [*lines, f"The server took {sent}; its oversight page counts {counted}. goldwork check: {checked}."]


BESIDE = (
    ("accuracy", "right", ".1%"),
    ("expected", "as the engine expects", ".1%"),
    ("experts", "items that wait for an expert", ".1%"),
    ("final", "right once these are settled", ".1%"),
    ("per_item", "submits an item", ".2f"),
    ("gold_share", "of these gold", ".1%"),
    ("training", "training", ".0f"),
    ("hours", "hours", ".1f"),
)


def _counts(summary: Mapping[str, Any], honest: bool) -> list[int]:
    mine = [one["stages"] for one in summary["people"] if one["honest"] is honest]
    return [sum(stage in one for one in mine) for stage in ACCUSED]


def _until(summary: Mapping[str, Any]) -> str:
    away = [one["stages"]["quarantine"]["judgements"] for one in summary["people"] if "quarantine" in one["stages"]]
    return f"{median(away):.0f}" if away else ""


def _aside(summary: Mapping[str, Any]) -> set[str]:
    runs = max(one["run"] for one in summary["people"])
    return {
        one["name"] + (f" of run {one['run'] + 1}" if runs else "")
        for one in summary["people"]
        if "quarantine" in one["stages"]
    }
