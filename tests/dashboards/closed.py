"""What the labels of a metric hold, for samples: the closed sets, and a few invented names where a label is open but bounded."""

from pipeline.labels import shapes

INVENTED = {
    "platform": ("bluesky", "push", "other"),
    "rule": ("boat-with-price", "other"),
    "source": ("harbour_example", "board_example"),
    "topic": ("posts", "hits", "erasures", "sightings"),
    "subtype": ("sea", "job_domestic", "any"),
    "route": ("none", "any"),
    "language": ("fr", "any"),
    "kind": ("smuggling", "recruitment"),
}


def values_of(family: str, label: str) -> tuple[str, ...]:
    """The values of a label of a metric (a counter's name without `_total`)."""
    return shapes()[family].labels[label].names or INVENTED.get(label, ("sample",))
