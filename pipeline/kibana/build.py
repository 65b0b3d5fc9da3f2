"""All objects of an installation, in the order in which they name each other."""

from collections.abc import Sequence

from pipeline.kibana.contents.lures import LURES
from pipeline.kibana.contents.overview import OVERVIEW
from pipeline.kibana.contents.protection import PROTECTION
from pipeline.kibana.contents.quality import quality
from pipeline.kibana.contents.routes import PLACES, ROUTES
from pipeline.kibana.contents.words import SEARCHES
from pipeline.kibana.dashboards import Dashboard, saved_dashboard
from pipeline.kibana.maps import saved_map
from pipeline.kibana.objects import Identities, SavedObject, ndjson
from pipeline.kibana.searches import data_view, saved_search

DEFAULT_PREFIX = "fanal"
COMMITTED = "kibana/fanal.ndjson"
"""Under `config/`: what `built` gives for the default prefix."""


def dashboards(kinds: Sequence[str]) -> tuple[Dashboard, ...]:
    """The dashboards, for the taxonomy's kinds."""
    return OVERVIEW, ROUTES, LURES, PROTECTION, quality([kind for kind in kinds if kind != "benign"])


def objects(kinds: Sequence[str], prefix: str = DEFAULT_PREFIX) -> list[SavedObject]:
    """Data view, searches, map and dashboards over the indices with this prefix."""
    identities = Identities(prefix)
    return [
        data_view(identities),
        *(saved_search(search, identities) for search in SEARCHES),
        saved_map(PLACES, identities),
        *(saved_dashboard(dashboard, identities) for dashboard in dashboards(kinds)),
    ]


def built(kinds: Sequence[str], prefix: str = DEFAULT_PREFIX) -> str:
    """The file to import."""
    return ndjson(objects(kinds, prefix))
