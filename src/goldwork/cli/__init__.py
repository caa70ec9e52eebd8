"""The command line: `goldwork VERB`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from goldwork import __version__


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `goldwork`; returns the exit code."""
    parser = argparse.ArgumentParser(prog="goldwork", description="Collect and quality-guard human judgements.")
    parser.add_argument("--version", action="version", version=f"goldwork {__version__}")
    parser.parse_args(arguments)
    parser.print_help()
    return 0
