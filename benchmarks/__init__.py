"""Benchmarks: one JSON object a line, each figure beside a named peer or a physical limit of the same run."""
