"""What a worker shows of itself beside what its agents count: what runs, what judges, and what will end."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pipeline import metrics
from pipeline.certificates import Target, follow, index_target, kafka_target
from pipeline.commands import parts
from pipeline.counting import begin, show_model
from pipeline.labels import ERASING, INDEXING, NONE
from pipeline.settings import Settings

if TYPE_CHECKING:
    from pipeline.screen.screening import Judge
    from pipeline.watch import Watch


def observe(settings: Settings, role: str, watch: Watch) -> None:
    """Let the metrics of a worker's role stand from its start, those beside its agents among them."""
    begin(role)
    follow(targets(settings, to_index=role in (INDEXING, ERASING)))
    if role == ERASING:
        metrics.ERASURES_PENDING.set_function(lambda: math.nan if watch.lag is None else watch.lag)


def targets(settings: Settings, *, to_index: bool) -> list[Target | None]:
    """The servers that this process speaks to over TLS."""
    kafka, index = settings.kafka, settings.elasticsearch
    files = (kafka.ca_file, kafka.client_cert_file)
    found = [kafka_target(parts.kafka_address(settings), kafka.security_protocol, *files)]
    return [*found, index_target(parts.search_address(settings), index.ca_file)] if to_index else found


def show_judge(judge: Judge) -> None:
    """Say what judges, and what judges beside it."""
    from models.classifier import Classifier
    from pipeline.shadow import ShadowedJudge

    active = judge.active if isinstance(judge, ShadowedJudge) else judge
    show_model("active", judge.model, active.decides_by if isinstance(active, Classifier) else NONE)
