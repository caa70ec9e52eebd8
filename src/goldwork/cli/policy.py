"""goldwork policy: choose among stored candidates by a reward model, and tell how often people prefer the choice."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from goldwork.cli import labels
from goldwork.cli.homes import add_home
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

    compare = under.add_parser(
        "compare", help="ask people, blind, whether what was chosen is better: makes a project on an installation"
    )
    compare.add_argument("project", metavar="PROJECT", type=int, help="the project that the reward model comes from")
    compare.add_argument("--policy", metavar="N", type=int, help="which of its policies (default: the latest)")
    compare.add_argument(
        "--prompts", metavar="N", type=int, default=100, help="prompts, drawn at random (default: 100)"
    )
    compare.add_argument("--overlap", metavar="N", type=int, default=1, help="people for each prompt (default: 1)")
    compare.add_argument("--json", action="store_true", help="print JSON")
    add_home(compare)
    compare.set_defaults(run=run_compare)


def run_improve(arguments: argparse.Namespace) -> int:
    """Write a row for every prompt: the chosen candidate, its reward, and how far the policy has moved."""
    import numpy as np

    from goldwork import io
    from goldwork.preference.policy import best_of, improve
    from goldwork.preference.reward import RewardModel
    from goldwork.services.improve import read_candidates

    model = RewardModel.load(arguments.model)
    candidates = read_candidates(io.Source(arguments.candidates), arguments.prompt, arguments.response, most=None)
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


def run_compare(arguments: argparse.Namespace) -> int:
    """Make the project, as the page Loop does, and say what people have said where there is one already."""
    from goldwork.cli.homes import open_home
    from goldwork.cli.progress import finish
    from goldwork.services import blind, improve
    from goldwork.services.access import operator
    from goldwork.services.blind_results import comparisons
    from goldwork.services.members import first_manager

    home, database = open_home(arguments)
    try:
        with database.read() as connection:
            of = operator(connection, arguments.project)
            policies = improve.policies(connection, of, 1)
            if not policies:
                raise InputError("this project has no policy yet: choose among candidates on its page Loop first.")
            version = arguments.policy or policies[-1].version
            there = comparisons(connection, of, [version]).get(version)
            by = first_manager(connection, of)
        if there is None:
            asked = {"prompts": arguments.prompts, "overlap": arguments.overlap, "by": by}
            with database.write() as connection:
                job = blind.start(connection, database, of, version, **asked)
            made = finish(database, home, of, job.id)
            finish(database, home, made["project"], made["import"])
            with database.read() as connection:
                there = comparisons(connection, of, [version])[version]
    finally:
        database.close()
    if arguments.json:
        said = {"project": there.project, "prompts": there.prompts, "judged": there.judged, "votes": there.votes}
        print(json.dumps(said | {"win": there.win.value, "low": there.win.low, "high": there.win.high}))
    else:
        print(
            f"project {there.project}: {there.name}, {there.prompts:,} prompts. {there.sentence} {there.says}".strip()
        )
    return 0
