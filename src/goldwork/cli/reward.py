"""goldwork reward: train a reward model on preferences, hold it against people, score responses with it."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goldwork.cli import labels
from goldwork.errors import InputError

if TYPE_CHECKING:
    from goldwork.preference.evaluate import Evaluation, Figure
    from goldwork.preference.pairs import Pairs


def add(commands: Any) -> None:
    """Declare the commands."""
    reward: argparse.ArgumentParser = commands.add_parser("reward", help="reward models from preferences")
    under = reward.add_subparsers(title="commands", metavar="COMMAND", required=True)

    train = under.add_parser(
        "train", help="train on comparisons, rankings or best-ofs, and evaluate on prompts left out"
    )
    _add_pairs(train)
    train.add_argument(
        "-o", dest="output", metavar="FILE", type=Path, required=True, help="where to write the model, .npz"
    )
    train.add_argument(
        "--pairs", metavar="FILE", type=Path, help="where to write the pairs: .jsonl or .parquet, for TRL"
    )
    train.add_argument(
        "--rows", choices=("preference", "conversational", "unpaired"), default="preference", help="what --pairs holds"
    )
    train.add_argument("--seed", metavar="N", type=int, default=0, help="of the folds and the ensemble (default: 0)")
    train.set_defaults(run=run_train)

    evaluate = under.add_parser("evaluate", help="hold a model against people's single votes")
    evaluate.add_argument("model", metavar="MODEL", type=Path, help="what goldwork reward train wrote")
    _add_pairs(evaluate)
    evaluate.set_defaults(run=run_evaluate)

    score = under.add_parser("score", help="the reward of responses")
    score.add_argument("model", metavar="MODEL", type=Path, help="what goldwork reward train wrote")
    score.add_argument("responses", metavar="RESPONSES", type=Path, help="a table with a row a response")
    score.add_argument("--prompt", metavar="NAME", default="prompt", help="column of the prompt (default: prompt)")
    score.add_argument("--response", metavar="NAME", default="response", help="column of the response")
    score.add_argument(
        "-o", dest="output", metavar="FILE", type=Path, help="where to write them (default: stdout, CSV)"
    )
    score.set_defaults(run=run_score)


def _add_pairs(command: argparse.ArgumentParser) -> None:
    labels.add_options(command)
    command.add_argument("--about", metavar="NAME", help="of several questions, the one whose answers compare")
    command.add_argument("--prompt", metavar="NAME", default="prompt", help="the items' column with what is answered")
    command.add_argument(
        "--fields",
        metavar="A,B",
        default="left,right",
        help="the items' columns that are compared (default: left,right)",
    )
    command.add_argument(
        "--method",
        choices=("auto", "two-coin", "shares"),
        default="auto",
        help="how votes are weighed: by what annotators see, or all alike (default: where annotators overlap enough)",
    )


def run_train(arguments: argparse.Namespace) -> int:
    """Train, write the model, and say how good it is on prompts that it had not seen."""
    from goldwork.preference.evaluate import evaluate
    from goldwork.preference.reward import train

    pairs = _pairs(arguments)
    for target in (arguments.output, arguments.pairs):
        if target:
            labels.refuse_overwriting(target, arguments.labels, arguments.items)
    made = train(pairs, seed=arguments.seed, progress=_progress)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    found = evaluate(pairs, made.unseen, made.model.temperature, length=made.length_only, style=made.style_only)
    if arguments.pairs:
        _write_rows(arguments.pairs, pairs, arguments.rows)
    made.model.save(arguments.output)
    _say(found, (*made.warnings, *found.warnings), pairs, arguments.json)
    print(f"wrote {arguments.output}", file=sys.stderr)
    return 0


def run_evaluate(arguments: argparse.Namespace) -> int:
    """Hold a model against votes on prompts that it was not trained on."""
    from goldwork.preference.evaluate import evaluate
    from goldwork.preference.reward import RewardModel

    model = RewardModel.load(arguments.model)
    pairs = _pairs(arguments)
    seen = model.has_seen(pairs.prompts)
    warnings = list(pairs.warnings)
    if seen.any():
        pairs = pairs.take(~seen[pairs.prompt])
        warnings.append(f"{int(seen.sum()):,} of {len(seen):,} prompts were trained on and are left out.")
    if not len(pairs):
        raise InputError("the model was trained on every one of these prompts: it cannot be held against them.")
    reward = model.score(pairs.prompts[pairs.of_prompt].tolist(), pairs.responses.tolist()).reward
    found = evaluate(pairs, reward[pairs.first] - reward[pairs.second], model.temperature)
    _say(found, (*warnings, *found.warnings), pairs, arguments.json)
    return 0


def run_score(arguments: argparse.Namespace) -> int:
    """Write the table with a reward and its spread beside each response."""
    from goldwork import io
    from goldwork.preference.reward import RewardModel

    model = RewardModel.load(arguments.model)
    columns = dict(io.load(arguments.responses).columns)
    for name in (arguments.prompt, arguments.response):
        if name not in columns:
            raise InputError(
                f"there is no column {name!r}. The columns are: {', '.join(columns)}.", where=str(arguments.responses)
            )
    if arguments.output:
        labels.refuse_overwriting(arguments.output, arguments.responses, arguments.model)
    texts = {name: [str(value) for value in columns[name]] for name in (arguments.prompt, arguments.response)}
    found = model.score(texts[arguments.prompt], texts[arguments.response])
    columns |= {"reward": found.reward, "spread": found.spread}
    if arguments.output:
        io.write(arguments.output, columns)
    else:
        io.format.get("csv").write(sys.stdout.buffer, io.kinds(columns), [columns])
    return 0


def _pairs(arguments: argparse.Namespace) -> Pairs:
    from goldwork import io
    from goldwork.preference.pairs import build_pairs

    if arguments.items is None:
        raise InputError("give --items FILE, the table with the prompt and the responses of every item.")
    table = labels.read(arguments)
    if arguments.about is not None:
        table = table.about(arguments.about)
    elif len(table.questions) > 1:
        asked = ", ".join(map(str, table.questions))
        raise InputError(f"the table asks {len(table.questions)} questions: {asked}. Choose one with --about.")
    fields = [name.strip() for name in arguments.fields.split(",")]
    return build_pairs(
        table, io.read_items(arguments.items), fields=fields, prompt=arguments.prompt, method=arguments.method
    )


def _write_rows(path: Path, pairs: Pairs, kind: Any) -> None:
    from goldwork.io.exchange import trl_rows
    from goldwork.preference.rows import training_rows

    trl_rows.write(path, training_rows(pairs, kind))
    print(f"wrote {path}", file=sys.stderr)


def _progress(phase: str, done: int, of: int) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{phase} {done} of {of}", end="", file=sys.stderr, flush=True)


def _say(found: Evaluation, warnings: tuple[str, ...], pairs: Pairs, as_json: bool) -> None:
    """The figures, one a line; or everything as JSON."""
    if as_json:
        print(json.dumps(_record(found) | {"method": pairs.method, "warnings": list(warnings)}, ensure_ascii=False))
        return
    print(found.sentence)
    rows: list[tuple[str, Figure | None]] = [
        ("single votes", found.votes), ("majorities", found.majority), ("a second person", found.people),
        ("parity", found.parity), ("length alone", found.length), ("style alone", found.style),
        ("position, log odds", found.position), ("length left, log odds", found.length_left),
    ]  # fmt: skip
    for name, figure in rows:
        if figure is not None:
            print(f"  {name:<22}{figure.value:8.3f}   {figure.low:.3f} to {figure.high:.3f}")
    low = "" if found.ceiling_low is None else f"{found.ceiling_low:.3f} to "
    print(f"  {'ceiling':<22}{'':11}{low}{found.ceiling_high:.3f}")
    print(f"  {found.reliability.sentence}")
    for worst in found.worst[:3]:
        print(f"  agrees least on: {worst.prompt[:60]!r} ({worst.accuracy:.0%} of {worst.votes} votes)")
    for warning in warnings:
        print(f"note: {warning}", file=sys.stderr)


def _record(found: Evaluation) -> dict[str, Any]:
    import numpy as np

    def plain(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return value.tolist()
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return [plain(one) for one in value] if isinstance(value, tuple) else value

    record: dict[str, Any] = plain(found)
    return record | {"verdict": found.verdict, "sentence": found.sentence}
