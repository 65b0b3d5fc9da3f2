"""The kill test: `kill -9` of the workers, the broker and the search server, inside batches and at random moments.

`python -m tests.chaos --seeds 20` (or `make chaos SEEDS=20`). Every post must be accounted for exactly once, and the run must
have seen replays, else it proved nothing. With `--erasures` posts are deleted while things die; with `--sources` platforms send
while the collector and the broker die, `--kind bluesky` (or another, or `all`) of them.
"""
