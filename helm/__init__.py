"""The chart, and what writes parts of it."""
