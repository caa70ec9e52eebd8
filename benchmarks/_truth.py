"""One fit in a process of its own: `python -m benchmarks._truth WHAT DATA ITERATIONS` prints its figures."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks._report import peak_megabytes

TIMES = 3


def main(what: str, path: str, iterations: int) -> None:
    """Fit, twice or more with goldwork, once with a peer."""
    data = np.load(path)
    item, annotator, answer, truth = (data[name] for name in ("item", "annotator", "answer", "truth"))
    if what.startswith("again:"):
        print(json.dumps(again(what[6:], item, annotator, answer)))
        return
    run = (
        peer(what[5:], item, annotator, answer, iterations)
        if what.startswith("peer:")
        else ours(what.removeprefix("sparse:"), item, annotator, answer, iterations, sparse=what.startswith("sparse:"))
    )
    del data, item, annotator, answer  # either library has made its table, and needs them no more
    seconds = []
    for _ in range(1 if what.startswith("peer:") else 1 + TIMES):
        begin = time.perf_counter()
        labels = run()
        seconds.append(time.perf_counter() - begin)
    memory = peak_megabytes()
    figures = {
        "first": seconds[0],
        "seconds": float(np.median(seconds[1:] or seconds)),
        "memory": memory,
        "accuracy": float((labels == truth).mean()),
        "labels": labels[:: max(1, len(labels) // 20_000)].tolist(),
        "bandwidth": bandwidth(),
    }
    print(json.dumps(figures))


def ours(method: str, item: Any, annotator: Any, answer: Any, iterations: int, *, sparse: bool) -> Callable[[], Any]:
    """Goldwork's method as it comes, or with `iterations` and without a prior."""
    from goldwork.consensus import infer_consensus, kernel
    from goldwork.judgements import Judgements

    if sparse:
        kernel.is_compiled = lambda: False  # type: ignore[assignment]
    table = Judgements.from_columns({"item": item, "annotator": annotator, "label": answer})
    options: dict[str, Any] = {} if method == "glad" else {"intervals": False, "ambiguity": False}
    if iterations:
        options |= {"max_iterations": iterations, "tolerance": 0}
    if iterations and method == "dawid-skene":
        options |= {"smoothing": 0}
    if iterations and method == "one-coin":
        options |= {"strength": 0}
    return lambda: infer_consensus(table, method, **options).labels.astype(np.int64)


def again(method: str, item: Any, annotator: Any, answer: Any) -> dict[str, float]:
    """Seconds to fit from the beginning, and from the fit without the last 1,000 judgements."""
    from goldwork.consensus import infer_consensus
    from goldwork.judgements import Judgements

    columns = {"item": item, "annotator": annotator, "label": answer}
    whole = Judgements.from_columns(columns)
    earlier = infer_consensus(
        Judgements.from_columns({name: column[:-1000] for name, column in columns.items()}), method
    )
    options = {"intervals": False, "ambiguity": False}
    cold = [_timed(lambda: infer_consensus(whole, method, **options)) for _ in range(TIMES)]
    warm = [_timed(lambda: infer_consensus(whole, method, start=earlier, **options)) for _ in range(TIMES)]
    return {"first": float(np.median(cold)), "seconds": float(np.median(warm))}


def peer(method: str, item: Any, annotator: Any, answer: Any, iterations: int) -> Callable[[], Any]:
    """Crowd-Kit's, as it comes or with `iterations`."""
    import crowdkit.aggregation
    import pandas as pd

    from benchmarks.truth import PEERS

    frame = pd.DataFrame({"task": item, "worker": annotator, "label": answer})
    made = getattr(crowdkit.aggregation, PEERS[method])
    model = made(n_iter=iterations, tol=-1e9) if iterations else made()
    return lambda: model.fit_predict(frame).sort_index().to_numpy()


def bandwidth() -> float:
    """Bytes a second that one core reads from memory."""
    block = np.ones(25_000_000)
    best = min(_timed(block.sum) for _ in range(5))
    return float(block.nbytes / best)


def _timed(call: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
