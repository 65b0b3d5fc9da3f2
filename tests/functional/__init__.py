"""The functional suite, after HateCheck (Röttger et al. 2021): single abilities, tested with short cases by hand.

None of it is ever trained on. `python -m tests.functional` prints the table.
"""
