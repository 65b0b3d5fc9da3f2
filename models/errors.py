"""What can go wrong with the model that is not a post's fault.

    ModelError          weights or artefact missing, damaged, or not fitting each other
    ├── EngineError     an engine that does not exist, or that this processor cannot run
    ├── HubError        a model hub that is away, or does not give what is asked for
    └── CorpusError     a file of examples that training or the linter cannot use

Every message is one line that a person can act on. It never holds a post's text.
"""


class ModelError(Exception):
    """The classifier or its base weights are missing, damaged, or do not fit each other."""


class EngineError(ModelError):
    """The engine that is asked for does not exist, or this processor lacks the instructions for it."""


class HubError(ModelError):
    """The model hub is away, or does not give what is asked for; trying again may help."""


class CorpusError(ModelError):
    """A file of examples is not in the format that `models/corpus/README.md` describes."""
