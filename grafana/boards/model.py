"""*Model*: what the classifier says, how fast, whether that changes, and which one it is."""

from grafana.boards.judges import SHADOW, VERSIONS
from grafana.panels import QUANTILES, Board, Panel, Query, Row, mean, quantile, quantiles, rate

_NOW, _USUAL = "[1h]", "[7d]"


def _cumulated(span: str) -> str:
    """The share of scores up to each bucket's edge, by kind, over a span of time."""
    below = f"sum by (kind, le) (rate(fanal_score_ratio_bucket{{@}}{span}))"
    every = f"sum by (kind) (rate(fanal_score_ratio_count{{@}}{span}))"
    return f"{below} / ignoring (le) group_left () {every}"


def _share(part: str, whole: str, span: str) -> str:
    return f"sum(rate({part}{span})) / sum(rate({whole}{span}))"


def _twice(part: str, whole: str) -> tuple[Query, ...]:
    """The same share over the last hour and over the last week."""
    return Query(_share(part, whole, _NOW), "last hour"), Query(_share(part, whole, _USUAL), "last week")


SCORES = Row(
    "Scores",
    (
        Panel(
            "Scores of what is flagged",
            "How scores of posts that came to a lane are spread over time. A band that wanders is drift, or another model.",
            "none",
            (Query(rate("fanal_score_ratio_bucket", "le", 'lane!="none"'), "{{le}}"),),
            "heat",
        ),
        Panel(
            "Scores of all that is judged",
            "How scores of all judged posts are spread over time, in the kind that each is held to be.",
            "none",
            (Query(rate("fanal_score_ratio_bucket", "le"), "{{le}}"),),
            "heat",
        ),
        Panel(
            "Median score by kind",
            "Half of the judged posts of a kind score higher. It moves with what people write, and with the model.",
            "percentunit",
            (Query(quantile(0.5, "fanal_score_ratio", "kind"), "{{kind}}"),),
            least=0,
            most=1,
        ),
        Panel(
            "Judged posts by lane",
            "Where judged posts come to, a second; none is what the classifier calls benign.",
            "cps",
            (Query(rate("fanal_score_ratio_count", "lane"), "{{lane}}"),),
            "areas",
        ),
        Panel(
            "Judged and dismissed",
            "Posts that the classifier had to decide on, and those that it knew for benign in any language.",
            "cps",
            (Query(rate("fanal_sifted_posts_total", "outcome"), "{{outcome}}"),),
            "areas",
        ),
        Panel(
            "Hits by lane and level",
            "Hits delivered a second. Many more alerts than reviews is unusual: look at the thresholds.",
            "cps",
            (Query(rate("fanal_hits_total", "lane, level"), "{{lane}}: {{level}}"),),
        ),
    ),
)

DRIFT = Row(
    "Drift",
    (
        Panel(
            "Drift of scores by kind",
            "The largest distance between the distributions of the last hour's scores and the last week's (Kolmogorov and Smirnov): "
            "0 is the same, 1 another world. Kinds with few posts are noisy.",
            "percentunit",
            (Query(f"max by (kind) (abs({_cumulated(_NOW)} - {_cumulated(_USUAL)}))", "{{kind}}"),),
            steps=((0.2, "yellow"), (0.4, "red")),
            least=0,
            most=1,
        ),
        Panel(
            "Share of posts that become hits",
            "Of the posts screened, in the last hour and in the last week. The gap is what changed: the posts, or the model.",
            "percentunit",
            _twice('fanal_posts_total{@, outcome="hit"}', "fanal_posts_total{@}"),
        ),
        Panel(
            "Share of posts that must be judged",
            "Of the posts that the classifier was given, in the last hour and in the last week.",
            "percentunit",
            _twice('fanal_sifted_posts_total{@, outcome="judged"}', "fanal_sifted_posts_total{@}"),
        ),
    ),
)

SPEED = Row(
    "Speed",
    (
        Panel(
            "Where the time goes",
            "Seconds a second that all workers spend in each stage within screening: as many cores as they keep busy, about.",
            "short",
            (Query(rate("fanal_stage_seconds_sum", "stage", 'stage!~"screen|recall|index|deliver"'), "{{stage}}"),),
            "areas",
        ),
        Panel(
            "The model, by batch",
            "Seconds of a batch in the model alone.",
            "s",
            tuple(
                Query(quantile(share, "fanal_stage_seconds", where='stage="model"'), f"p{100 * share:g}")
                for share in QUANTILES
            ),
        ),
        Panel(
            "Posts in a batch",
            "Full batches are fast and mean that posts wait; small ones mean that there is time to spare.",
            "short",
            (Query(mean("fanal_batch_posts"), "mean"), *quantiles("fanal_batch_posts", 0.5, 0.95)),
        ),
    ),
)

BOARD = Board(
    "fanal-model",
    "Model",
    "What the classifier says, how fast, whether that changes, and which one it is.",
    (SCORES, DRIFT, SPEED, VERSIONS, SHADOW),
    hours=24,
)
