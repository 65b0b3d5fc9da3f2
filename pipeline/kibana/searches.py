"""The data view over the hits of all months, and searches saved on it."""

from dataclasses import dataclass

from pipeline.kibana.objects import Identities, Reference, SavedObject, lucene, packed

TIME_FIELD = "screened_at"
"""The pipeline's own clock: a post that comes late, or lies about its time, is still among what is new."""
_INDEX = "kibanaSavedObjectMeta.searchSourceJSON.index"


@dataclass(frozen=True, slots=True)
class Search:
    """Hits that a query finds, newest first, and the fields shown of them."""

    title: str
    query: str
    columns: tuple[str, ...]
    description: str = ""


def data_view(identities: Identities) -> SavedObject:
    """The alias over all months of hits; it may be imported before the first hit is there."""
    attributes = {
        "title": f"{identities.prefix}-hits",
        "name": f"Fanal hits ({identities.prefix})",
        "timeFieldName": TIME_FIELD,
        "allowNoIndex": True,
        "fields": "[]",
        "fieldAttrs": "{}",
        "fieldFormatMap": "{}",
        "runtimeFieldMap": "{}",
        "sourceFilters": "[]",
        "typeMeta": "{}",
    }
    return SavedObject("index-pattern", identities.data_view, attributes)


def saved_search(search: Search, identities: Identities) -> SavedObject:
    """The search as an object."""
    source = {
        "query": lucene(search.query),
        "filter": [],
        "highlightAll": True,
        "version": True,
        "indexRefName": _INDEX,
    }
    attributes = {
        "title": search.title,
        "description": search.description,
        "columns": list(search.columns),
        "sort": [[TIME_FIELD, "desc"]],
        "grid": {},
        "hideChart": True,
        "isTextBasedQuery": False,
        "timeRestore": False,
        "usesAdHocDataView": False,
        "kibanaSavedObjectMeta": {"searchSourceJSON": packed(source)},
    }
    references = (Reference(_INDEX, "index-pattern", identities.data_view),)
    return SavedObject("search", identities.of("search", search.title), attributes, references)
