"""`python -m benchmarks [NAME ...] [-- OPTIONS]`: run the named benchmarks, or all."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import benchmarks


def main(arguments: list[str]) -> None:
    """Run each named benchmark's `main` with the options after `--`."""
    split = arguments.index("--") if "--" in arguments else len(arguments)
    names, options = arguments[:split], arguments[split + 1 :]
    known = [module.name for module in pkgutil.iter_modules(benchmarks.__path__) if not module.name.startswith("_")]
    if unknown := [name for name in names if name not in known]:
        sys.exit(f"no benchmark is called {unknown[0]!r}. There are: {', '.join(known)}.")
    for name in names or known:
        importlib.import_module(f"benchmarks.{name}").main(options)


main(sys.argv[1:])
