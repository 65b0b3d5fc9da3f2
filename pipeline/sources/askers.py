"""Who asks a platform whether a post still stands: the sources of the configuration whose platform may send no deletion."""

from collections.abc import Mapping
from pathlib import Path

from pipeline.sources.configuration import read_sources
from pipeline.sources.kinds import MastodonSettings, asked_of_mastodon
from pipeline.sources.standing import Asker


def askers(path: Path) -> dict[str, Asker]:
    """The askers by platform; none where there is no such file.

    Raises:
        ConfigurationError: the file does not fit, or a token is not where it should be.
    """
    if not path.is_file():
        return {}
    return _mastodon({name: one for name, one in read_sources(path).items() if isinstance(one, MastodonSettings)})


def _mastodon(sources: Mapping[str, MastodonSettings]) -> dict[str, Asker]:
    from pipeline.sources.mastodon_standing import MastodonAsker

    asked = [asked_of_mastodon(name, settings) for name, settings in sources.items() if settings.enabled]
    return {"mastodon": MastodonAsker({one.host: one for one in asked})} if asked else {}
