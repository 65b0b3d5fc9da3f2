"""The tests. Hypothesis keeps no deadline: the machine is shared, and a test that waited for it would say nothing."""

from hypothesis import settings

settings.register_profile("fanal", deadline=None)
settings.load_profile("fanal")
