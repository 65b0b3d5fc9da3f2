"""Rules beside the model: what analysts write in `config/rules/` to raise, lower, tag, move or mute hits. They drop none."""

from pipeline.rules.effects import apply, ruled
from pipeline.rules.live import Rules, shipped
from pipeline.rules.reading import read_rules
from pipeline.rules.rule import Rule

__all__ = ["Rule", "Rules", "apply", "read_rules", "ruled", "shipped"]
