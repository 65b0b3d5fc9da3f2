"""What a worker shows of itself beside what its agents count."""

import asyncio
import math
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from prometheus_client import REGISTRY

from models.constant import ConstantClassifier
from pipeline import metrics
from pipeline.certificates import Target
from pipeline.commands import observing
from pipeline.commands.collect import before_live
from pipeline.commands.observing import observe, show_judge, targets
from pipeline.errors import ConfigurationError
from pipeline.licence import write_licence
from pipeline.settings import ElasticsearchSettings, KafkaSettings, Settings
from pipeline.shadow import ShadowedJudge
from tests.fakes import Judge, Pair
from tests.test_licence import GOOD

CA = Path("ca.pem")
SECURED = Settings(
    kafka=KafkaSettings(bootstrap="broker.example:9093", security_protocol="SSL", ca_file=CA),
    elasticsearch=ElasticsearchSettings(url="https://search.example:9200", ca_file=CA),
)
PLAIN = Settings(
    kafka=KafkaSettings(bootstrap="127.0.0.1:9092"), elasticsearch=ElasticsearchSettings(url="http://127.0.0.1:9200")
)


def test_a_worker_that_does_not_speak_to_the_index_does_not_look_at_its_certificate() -> None:
    kafka = Target("kafka", "broker.example", 9093, (CA,))
    assert targets(SECURED, to_index=False) == [kafka]
    assert targets(SECURED, to_index=True) == [kafka, Target("elasticsearch", "search.example", 9200, (CA,))]
    assert targets(PLAIN, to_index=True) == [None, None]


def test_erasures_that_wait_are_shown_as_soon_as_they_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    followed: list[Any] = []
    monkeypatch.setattr(observing, "follow", followed.extend)
    watch = SimpleNamespace(lag=None)
    observe(PLAIN, "erasing", cast(Any, watch))
    assert math.isnan(REGISTRY.get_sample_value("fanal_erasures_pending_records") or 0)
    watch.lag = 3
    assert REGISTRY.get_sample_value("fanal_erasures_pending_records") == 3
    assert followed == [None, None]


@pytest.mark.parametrize("judge", [ConstantClassifier(), ShadowedJudge(Pair(Judge("constant")))])
def test_what_judges_is_shown_whether_a_shadow_stands_beside_it_or_not(judge: Any) -> None:
    metrics.MODEL.clear()
    show_judge(judge)
    [sample] = [one for family in metrics.MODEL.collect() for one in family.samples]
    assert (sample.labels["part"], sample.labels["artefact"], sample.labels["thresholds"]) == (
        "active",
        "constant",
        "none",
    )


def test_the_end_of_the_licence_is_shown_even_where_it_has_passed(tmp_path: Path) -> None:
    path = tmp_path / "licence.toml"
    write_licence(path, GOOD)
    licensed, _ = before_live(PLAIN.model_copy(update={"licence": path}), [])
    try:
        asyncio.run(cast(Any, licensed(["bluesky"])))
    except ConfigurationError as error:
        assert "valid_until" in str(error) or "recorded_on" in str(error)
    shown = REGISTRY.get_sample_value("fanal_licence_expiry_timestamp_seconds")
    assert shown is not None
    assert datetime.fromtimestamp(shown, UTC) == GOOD.ends_at
