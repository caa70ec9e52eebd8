"""Models of items: what to ask next, what may be wrong, what judgements are worth to a model."""
