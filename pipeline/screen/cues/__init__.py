"""What a post gives away, found by rules: `find_cues` in `finding.py` is the door."""

from pipeline.screen.cues.cue import Cue
from pipeline.screen.cues.finding import find_cues

__all__ = ["Cue", "find_cues"]
