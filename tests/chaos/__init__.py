"""The kill test: `kill -9` of the workers, the broker and the search server, inside batches and at random moments.

`python -m tests.chaos --seeds 20` (or `make chaos SEEDS=20`). Every post must be accounted for exactly once, and the run must
have seen replays, else it proved nothing.
"""
