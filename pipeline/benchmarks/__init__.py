"""Measurements: each names its machine, compares within one run, and ends with one line of JSON."""
