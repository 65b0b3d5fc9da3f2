"""`fanal score`: a row a line, in order, whatever the lines hold."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from models.calibration import Array
from models.surroundings import Surroundings
from pipeline.codec import MAX_TEXT
from pipeline.commands import parts
from pipeline.commands.explaining import explained
from pipeline.commands.score import rows, score
from pipeline.errors import UsageError
from pipeline.screen.assessments import Assessment
from pipeline.screen.channels import Channels
from pipeline.screen.context import Around
from pipeline.screen.language import Languages
from pipeline.settings import Settings
from pipeline.sources.lines import AT_ONCE, SourceLine
from tests.fakes import OFFER, Assessed, Judge

LANGUAGES = Languages()


def lines(*raws: bytes) -> list[SourceLine]:
    return [SourceLine(number, raw) for number, raw in enumerate(raws, 1)]


def scored(*raws: bytes, judge: Judge | None = None) -> list[dict[str, Any]]:
    return list(rows(lines(*raws), judge or Judge(), LANGUAGES))


def line(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def test_rows_come_in_the_order_of_lines_with_their_ids() -> None:
    raws = [b"bad" if n % 7 == 3 else line(text=f"text {n}", id=f"id-{n}") for n in range(3 * AT_ONCE + 5)]
    found = scored(*raws)
    assert [row.get("id") or row["line"] for row in found] == [
        n + 1 if n % 7 == 3 else f"id-{n}" for n in range(len(raws))
    ]


def test_a_hits_row_has_its_cues_and_a_benign_row_none() -> None:
    hit, benign = scored(line(text=f"an {OFFER}, 300 euro"), line(text="rent, 300 euro"))
    assert [(cue["kind"], cue["value"], cue["normalised"]) for cue in hit["cues"]] == [("price", "300 euro", "300 EUR")]
    assert benign["cues"] == []


def test_a_row_says_what_the_classifier_says() -> None:
    [row] = scored(line(text=f"an {OFFER}", id=7, lang="fr"))
    assert row == {
        "id": 7,
        "kind": "smuggling",
        "subtypes": [],
        "scores": {"benign": 0.1, "smuggling": 0.9},
        "lane": "offers",
        "flagged": True,
        "level": "alert",
        "lang": row["lang"],
        "calibrated": True,
        "model": "fake-1",
        "cues": [],
        "priority": "normal",
        "reasons": [],
        "suggested": {},
    }


def test_a_hits_row_has_its_priority_and_the_reasons() -> None:
    boat = f"an {OFFER} leaving tomorrow, 3000 euro, telegram: boss_example"
    soon, past, high = scored(
        line(text=boat, lang="en"),
        line(text=f"an {OFFER}, departure 03.01.2024, they beat us", created_at="2024-01-03T10:00:00Z", lang="en"),
        line(text=f"an {OFFER}, 3000 euro, telegram: boss_example", created_at="no time", lang="en"),
    )
    assert (soon["priority"], soon["reasons"]) == ("urgent", ["departure:within_72_h"])
    assert past["reasons"] == ["violence", "departure:within_72_h"]
    assert past["suggested"] == {"means": ["force"]}
    assert (high["priority"], high["reasons"]) == ("high", ["handle", "price"])


def test_a_benign_row_has_no_priority() -> None:
    [row] = scored(line(text="the library is open tomorrow"))
    assert (row["priority"], row["reasons"], row["suggested"]) == (None, [], {})


def test_a_row_says_where_the_language_is_uncalibrated() -> None:
    class Unmeasured(Judge):
        def assess(self, texts: Sequence[str], langs: Sequence[str]) -> Sequence[Assessment]:
            return [Assessed(calibrated=lang == "fr") for lang in langs]

    french, pashto = "Bonjour, la bibliothèque est ouverte demain", "د ښار کتابتون سبا سهار خلاص دی"
    assert [row["calibrated"] for row in scored(line(text=french), line(text=pashto), judge=Unmeasured())] == [
        True,
        False,
    ]


def test_a_line_without_an_id_has_its_number() -> None:
    assert [row["id"] for row in scored(line(text="one"), line(text="two", id=0))] == [1, 0]


BAD = [
    b"",
    b"not JSON",
    b'{"text": "\xc3"}',
    b"\xff",
    b"[]",
    b"[" * 100_000,
    b'{"x": ' + b"[" * 100_000,
    b"{}",
    b'{"text": 5}',
    b'{"text": "a\\ud800"}',
    b'{"text": "a", "id": {}}',
]


@pytest.mark.parametrize("raw", BAD)
def test_a_bad_line_gives_a_row_with_its_number_and_an_error_and_its_neighbours_go_on(raw: bytes) -> None:
    before, bad, after = scored(line(text="one"), raw, line(text="two"))
    assert set(bad) == {"line", "error"}
    assert bad["line"] == 2
    assert (before["id"], after["id"]) == (1, 3)


def test_a_line_that_was_cut_is_an_error() -> None:
    [row] = rows([SourceLine(1, line(text="x"), cut=True)], Judge(), LANGUAGES)
    assert "16 MiB" in row["error"]


def test_an_error_does_not_quote_the_line() -> None:
    for raw in (b'{"text": ["hunter2"]}', b'{"hunter2": 1}', b"hunter2", b'{"text": "a", "lang": {"hunter2": 1}}'):
        [row] = scored(raw)
        assert "hunter2" not in row["error"]


def test_as_much_of_a_text_is_scored_as_the_pipeline_reads() -> None:
    judge = Judge()
    scored(line(text="x" * 1_000_000), judge=judge)
    assert len(judge.asked[0][0]) == MAX_TEXT


def test_the_classifier_is_asked_for_many_texts_at_once_and_never_for_none() -> None:
    judge = Judge()
    scored(*[line(text="x")] * (AT_ONCE + 1), judge=judge)
    assert sum(map(len, judge.asked)) == AT_ONCE + 1
    scored(b"bad", judge=judge)
    assert all(judge.asked)


def test_a_lone_line_is_answered_while_no_other_comes() -> None:
    answered = Event()

    def slowly() -> Iterator[SourceLine]:
        yield SourceLine(1, line(text="one"))
        assert answered.wait(60)
        yield SourceLine(2, line(text="two"))

    found = rows(slowly(), Judge(), LANGUAGES)
    assert next(found)["id"] == 1
    answered.set()
    assert next(found)["id"] == 2
    assert list(found) == []


def test_lines_before_damage_are_answered_and_the_damage_is_said() -> None:
    def torn() -> Iterator[SourceLine]:
        yield SourceLine(1, line(text="one"))
        raise UsageError("x.gz: damaged after line 1")

    found = rows(torn(), Judge(), LANGUAGES)
    assert next(found)["id"] == 1
    with pytest.raises(UsageError, match="damaged"):
        next(found)


def test_nothing_gives_nothing() -> None:
    assert scored() == []


def test_the_command_prints_a_line_of_json_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "classifier", lambda _: Judge())
    path = tmp_path / "posts.ndjson"
    path.write_bytes(line(text="Привет, мир", id="é") + b"\nbad\n" + line(text=f"an {OFFER}"))
    result = CliRunner().invoke(score, [str(path)])
    assert result.exit_code == 0
    found = [json.loads(row) for row in result.stdout.splitlines()]
    assert [row.get("id", "error") for row in found] == ["é", "error", 3]


def test_the_command_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "classifier", lambda _: Judge())
    result = CliRunner().invoke(score, [], input=line(text=f"an {OFFER}") + b"\n")
    assert json.loads(result.stdout)["flagged"] is True


class Explaining(Judge):
    """A judge that can say how far a text lies above review: by its offers, or not at all."""

    lanes = ("offers", "exploitation", "protection")

    def above_review(self, texts: Sequence[str], langs: Sequence[str]) -> Array:
        """So far each text lies above review in each lane."""
        assert len(texts) == len(langs)
        return np.array([[OFFER in text, -2.0, 0.5 * ("help" in text)] for text in texts])

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """A token a word."""
        return [len(text.split()) for text in texts]


ASKED = line(text=f"Ｇood\u200b  morning, an {OFFER} for you", id=1) + b"\n" + line(text="please help me", id=2)


def whys(monkeypatch: pytest.MonkeyPatch, *options: str) -> list[Any]:
    """The `why` of each row, or None where a row has none."""
    monkeypatch.setattr(parts, "classifier", lambda _: Explaining())
    result = CliRunner().invoke(score, [*options], input=ASKED, catch_exceptions=False)
    return [json.loads(row).get("why") for row in result.stdout.splitlines()]


def test_a_hit_is_explained_by_spans_of_the_text_as_it_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    start = json.loads(ASKED.splitlines()[0])["text"].index(OFFER)
    span = {"start": start, "end": start + len(OFFER), "text": OFFER, "weight": 1.0}
    assert whys(monkeypatch, "--explain") == [[span], None]


def test_every_post_is_explained_on_request_by_the_lane_that_it_comes_closest_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hit, benign = whys(monkeypatch, "--explain-all")
    assert [span["text"] for span in hit] == [OFFER]
    assert [span["text"] for span in benign] == ["help"]


def test_nothing_is_explained_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert whys(monkeypatch) == [None, None]


def test_a_post_of_no_words_is_explained_by_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "classifier", lambda _: Explaining())
    result = CliRunner().invoke(score, ["--explain-all"], input=line(text="\u200b"), catch_exceptions=False)
    assert json.loads(result.stdout)["why"] == []


@pytest.mark.weights
def test_the_classifier_that_ships_explains_itself() -> None:
    text = "Hostess wanted in Dubai, no experience, visa and ticket paid by us, passport stays with the agency"
    judge = parts.classifier(Settings())
    [row] = rows(lines(line(text=text)), judge, LANGUAGES, explained(judge, everything=True))
    whole, *rest = judge.above_review(
        [text, *(text[: one["start"]] + text[one["end"] :] for one in row["why"])], ["en"] * (1 + len(row["why"]))
    )
    lane = judge.lanes.index(row["lane"])
    assert [one["weight"] for one in row["why"]] == pytest.approx([(whole - one)[lane] for one in rest], abs=0.05)
    assert row["why"][0]["weight"] > 0


@dataclass
class Reader:
    """Raises what replies to a boat, and what stands in a channel that spoke before; keeps what it was shown."""

    shown: list[Surroundings] = field(default_factory=list)

    def reassess(
        self, texts: Sequence[str], langs: Sequence[str], around: Sequence[Surroundings], alone: Sequence[Assessment]
    ) -> Sequence[Assessment]:
        self.shown += around
        raised = Assessed("smuggling", lane="offers", flagged=True, level="review", context=("reply",))
        return [raised if of.reply == "a boat?" else one for of, one in zip(around, alone, strict=True)]


def in_context(*raws: bytes) -> tuple[list[dict[str, Any]], list[Surroundings]]:
    reader = Reader()
    around = Around(reader, Channels(20, 3600.0))
    return list(rows(lines(*raws), Judge(), LANGUAGES, around=around)), reader.shown


def test_a_row_that_was_raised_says_by_what() -> None:
    found, _ = in_context(line(text="yes", reply_text="a boat?"), b"bad", line(text="yes"))
    assert [row.get("context") for row in found] == [["reply"], None, None]
    assert found[0]["level"] == "review"


def test_a_channels_earlier_lines_are_its_recent_posts() -> None:
    _, shown = in_context(line(text="one", channel="Boats"), line(text="two", channel="Boats"), line(text="three"))
    assert [of.recent.weight for of in shown] == [0, 1, 0]
    assert [of.channel for of in shown] == ["Boats", "Boats", None]


def test_a_line_whose_terms_forbid_it_stands_alone() -> None:
    forbidden = line(text="yes", reply_text="a boat?", channel="Boats", terms={"may_link_actor": False})
    found, shown = in_context(forbidden, forbidden)
    assert shown == [Surroundings(), Surroundings()]
    assert "context" not in found[0]
