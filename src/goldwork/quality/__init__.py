"""The quality engine: a pure step over a project's event log."""
