"""The shadow in a worker: counted, and never in the way."""

import json
import logging
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from prometheus_client import REGISTRY

from pipeline.agents import ScreeningAgent
from pipeline.codec import encode
from pipeline.commands import judges, parts
from pipeline.errors import ConfigurationError, ModelUnavailable
from pipeline.logs import JsonLines
from pipeline.settings import ModelSettings, Settings
from pipeline.shadow import OUTCOMES, WAITING, ShadowedJudge
from tests.fakes import HOSTILE, OFFER, Judge, Outbox, Pair, Stream, a_screen, events, post, remembers
from tests.test_agents import INTAKE, TOPICS

WIDER = Judge(model="shadow-1", offer="off")  # finds what the active one finds, and more
TEXTS = ["good morning", f"an {OFFER}", "an off day", "an off night"]
LANGS = ["en"] * 4


class Counted:
    """What was counted since."""

    def __init__(self) -> None:
        self._before = self._all()

    def _all(self) -> dict[str, float]:
        posts = {one: ("fanal_shadow_posts_total", {"outcome": one, "lane": "offers"}) for one in OUTCOMES}
        missed = {one: ("fanal_shadow_missed_posts_total", {"outcome": one}) for one in ("failed", "behind")}
        return {one: REGISTRY.get_sample_value(*sample) or 0.0 for one, sample in (posts | missed).items()}

    def now(self) -> dict[str, float]:
        return {one: value - self._before[one] for one, value in self._all().items() if value != self._before[one]}


class Slow(Judge):
    """Judges when it is let."""

    def __init__(self) -> None:
        super().__init__(model="shadow-1")
        self.let = Event()

    def assess(self, texts: Any, langs: Any) -> Any:
        assert self.let.wait(60)
        return super().assess(texts, langs)


def test_the_verdict_is_that_of_the_active_model_alone() -> None:
    judge = ShadowedJudge(Pair(shadow=WIDER))
    assert judge.assess(TEXTS, LANGS) == Judge().assess(TEXTS, LANGS)
    judge.wait()
    assert judge.model == "fake-1"


def test_every_post_is_counted_once_a_lane_by_who_puts_it_there() -> None:
    since = Counted()
    judge = ShadowedJudge(Pair(shadow=WIDER))
    judge.assess(TEXTS, LANGS)
    judge.wait()
    assert since.now() == {"both": 1, "only_shadow": 2, "neither": 1}
    narrower = ShadowedJudge(Pair(active=WIDER, shadow=Judge()))
    narrower.assess(TEXTS, LANGS)
    narrower.wait()
    assert since.now() == {"both": 2, "only_shadow": 2, "only_active": 2, "neither": 2}


def test_every_count_is_there_at_nought_before_the_first_post() -> None:
    ShadowedJudge(Pair(lanes=("offers", "protection")))
    for lane in ("offers", "protection"):
        for one in OUTCOMES:
            labels = {"outcome": one, "lane": lane}
            assert REGISTRY.get_sample_value("fanal_shadow_posts_total", labels) is not None


def test_a_shadow_that_fails_is_counted_and_logged_once_and_later_batches_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    since = Counted()
    shadow = Judge(away=True)
    judge = ShadowedJudge(Pair(shadow=shadow))
    with caplog.at_level(logging.ERROR, "fanal.shadow"):
        for _ in range(3):
            assert judge.assess(TEXTS, LANGS) == Judge().assess(TEXTS, LANGS)
            judge.wait()
    assert since.now() == {"failed": 12}
    [record] = caplog.records
    assert "good morning" not in JsonLines().format(record)
    shadow.away = False
    judge.assess(TEXTS, LANGS)
    judge.wait()
    assert since.now() == {"failed": 12, "both": 1, "neither": 3}


def test_a_shadow_that_hangs_delays_nothing_and_holds_few_batches() -> None:
    since = Counted()
    slow = Slow()
    judge = ShadowedJudge(Pair(shadow=slow))
    for _ in range(WAITING + 10):
        assert len(judge.assess(TEXTS, LANGS)) == 4
    assert since.now()["behind"] >= 4 * 9
    slow.let.set()
    judge.wait()
    assert sum(since.now().values()) == 4 * (WAITING + 10)


async def test_a_worker_delivers_and_acknowledges_all_though_the_shadow_fails() -> None:
    outbox = Outbox()
    judge = ShadowedJudge(Pair(shadow=Judge(away=True)))
    using = a_screen(judge)  # type: ignore[arg-type] # the fakes' screen takes any judge
    stream = Stream(events(encode(post(1)), encode(post(2, f"an {OFFER}"))))
    await ScreeningAgent(using, outbox, TOPICS, INTAKE, remembers())(stream)
    assert stream.acknowledged == [(0, 0), (0, 1)]
    assert len(outbox.of(TOPICS.hits)) == 1


def test_where_the_active_model_fails_it_fails_as_without_a_shadow() -> None:
    since = Counted()
    judge = ShadowedJudge(Pair())
    with pytest.raises(RuntimeError):
        judge.assess([HOSTILE], ["en"])
    judge.wait()
    assert since.now() == {}


def test_without_the_setting_the_worker_judges_with_the_classifier_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Judge()
    monkeypatch.setattr(parts, "classifier", lambda _: plain)
    assert judges.judge(Settings()) is plain


def test_a_shadow_that_cannot_be_loaded_is_one_line_and_the_worker_starts(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    plain = Judge()
    monkeypatch.setattr(parts, "classifier", lambda _: plain)
    settings = Settings(model=ModelSettings(shadow=tmp_path / "nowhere"))
    with caplog.at_level(logging.ERROR, "fanal.shadow"):
        assert judges.judge(settings) is plain
    [record] = caplog.records
    said = json.loads(JsonLines().format(record))
    assert str(tmp_path / "nowhere") in said["why"]
    assert "exception" not in said


def test_a_pair_needs_a_setting_and_an_artefact_that_can_be_read(tmp_path: Path) -> None:
    active: Any = Judge()
    with pytest.raises(ConfigurationError, match="FANAL_MODEL_SHADOW"):
        judges.shadow_pair(Settings(), active)
    with pytest.raises(ModelUnavailable, match="the shadow model cannot be used"):
        judges.shadow_pair(Settings(model=ModelSettings(shadow=tmp_path)), active)
