"""goldwork policy: choose among stored candidates by a reward model, and tell how often people prefer the choice."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from goldwork.cli import labels
from goldwork.errors import InputError


def add(commands: Any) -> None:
    """Declare the commands."""
    policy: argparse.ArgumentParser = commands.add_parser("policy", help="better policies from stored candidates")
    under = policy.add_subparsers(title="commands", metavar="COMMAND", required=True)

    improve = under.add_parser("improve", help="choose a candidate for every prompt by its reward")
    improve.add_argument("model", metavar="MODEL", type=Path, help="what goldwork reward train wrote")
    improve.add_argument("candidates", metavar="CANDIDATES", type=Path, help="a table with a row a candidate")
    improve.add_argument("--prompt", metavar="NAME", default="prompt", help="column of the prompt (default: prompt)")
    improve.add_argument("--response", metavar="NAME", default="response", help="column of the candidate")
    improve.add_argument(
        "--limit",
        metavar="NATS",
        type=float,
        help="draw within so many nats of the old policy (default: the best of all)",
    )
    improve.add_argument(
        "--caution",
        metavar="SD",
        type=float,
        default=1.0,
        help="spreads of the ensemble taken off a reward (default: 1)",
    )
    improve.add_argument("--seed", metavar="N", type=int, default=0, help="of the draw (default: 0)")
    improve.add_argument("--json", action="store_true", help="print JSON")
    improve.add_argument(
        "-o", dest="output", metavar="FILE", type=Path, required=True, help="where to write the choices"
    )
    improve.set_defaults(run=run_improve)


def run_improve(arguments: argparse.Namespace) -> int:
    """Write a row for every prompt: the chosen candidate, its reward, and how far the policy has moved."""
    import numpy as np

    from goldwork import io
    from goldwork.preference.policy import best_of, improve
    from goldwork.preference.reward import RewardModel

    model = RewardModel.load(arguments.model)
    candidates = _candidates(arguments)
    labels.refuse_overwriting(arguments.output, arguments.candidates, arguments.model)
    if arguments.limit is None:
        choices = best_of(model, candidates, caution=arguments.caution)
    else:
        choices = improve(model, candidates, limit=arguments.limit, caution=arguments.caution, seed=arguments.seed)
    names = ("prompt", "response", "reward", "spread", "before", "after", "divergence")
    io.write(arguments.output, {name: [getattr(choice, name) for choice in choices] for name in names})
    said = {
        "prompts": len(choices),
        "before": float(np.mean([choice.before for choice in choices])),
        "after": float(np.mean([choice.after for choice in choices])),
        "divergence": float(np.mean([choice.divergence for choice in choices])),
    }
    if arguments.json:
        print(json.dumps(said))
    else:
        print(
            f"{said['prompts']:,} prompts: mean reward {said['before']:.2f} before, {said['after']:.2f} after, "
            f"{said['divergence']:.2f} nats away. Whether people agree, people must say."
        )
    print(f"wrote {arguments.output}", file=sys.stderr)
    return 0


def _candidates(arguments: argparse.Namespace) -> dict[str, list[str]]:
    """The candidates of each prompt, each once, in the file's order."""
    from goldwork import io

    columns = io.load(arguments.candidates).columns
    for name in (arguments.prompt, arguments.response):
        if name not in columns:
            listed = ", ".join(columns)
            raise InputError(
                f"there is no column {name!r}. The columns are: {listed}.", where=str(arguments.candidates)
            )
    found: dict[str, dict[str, None]] = {}
    for prompt, response in zip(columns[arguments.prompt], columns[arguments.response], strict=True):
        found.setdefault(str(prompt), {})[str(response)] = None
    if not found:
        raise InputError("there is no candidate.", where=str(arguments.candidates))
    return {prompt: list(texts) for prompt, texts in found.items()}
