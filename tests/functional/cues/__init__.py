"""Authored cases of the cues, by language, and how well the finders do on them: `python -m tests.functional.cues`."""
