"""From preferences to a model of them, and from the model back to people.

Judgements of pairs, rankings and best-ofs become training pairs (`pairs`), pairs a reward model (`reward`), which is
held against people's single votes (`evaluate`); the model chooses among candidates (`policy`), and people say whether
what it chooses is better (`winning`).
"""
