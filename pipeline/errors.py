"""What can go wrong that is not a post's fault.

A post that cannot be read is a value (`pipeline.posts.Rejected`), never an exception. Exceptions are for two things only:

    FanalError
    ├── ConfigurationError    you configured it wrong: one line says what to change (exit 2)
    │   └── UsageError        the command line does not fit together
    └── Unavailable           a part is away or not ready: try again later (exit 1)
        ├── BrokerUnavailable
        ├── IndexUnavailable
        ├── KibanaUnavailable
        ├── ModelUnavailable  weights missing, damaged, or for another base
        └── LocalStackError   an embedded server did not start, or stopped

Every message is one line that a person can act on. It never holds a post's text or an author.
"""


class FanalError(Exception):
    """The root of Fanal's own exceptions; the command prints its message as one line."""

    exit_code = 1


class ConfigurationError(FanalError):
    """A setting, a file or a server's layout is not what Fanal needs, and waiting will not help."""

    exit_code = 2


class UsageError(ConfigurationError):
    """The command line does not fit together."""


class Unavailable(FanalError):
    """A part that Fanal needs is away, or not ready, for now."""


class BrokerUnavailable(Unavailable):
    """Kafka cannot be reached, or did not acknowledge in time."""


class IndexUnavailable(Unavailable):
    """Elasticsearch cannot be reached, or is not ready."""


class KibanaUnavailable(Unavailable):
    """Kibana cannot be reached, is not ready, or did not take everything."""


class ModelUnavailable(Unavailable):
    """The classifier or its base weights are missing, damaged, or do not fit each other."""


class LocalStackError(Unavailable):
    """An embedded server did not start, or stopped."""
