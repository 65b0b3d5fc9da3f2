"""The legal pages say what the code does: times, fields, files, and the version of acceptable use."""

import hashlib
import os
import re
from pathlib import Path

import pytest

from models.context import load_weights
from pipeline.broker.topics import HOUR_MS, Topics, TopicSpec, specs
from pipeline.commands.parts import ERASED_AT_LEAST, LIVES_ON_THE_BROKER
from pipeline.licence import ACCEPTABLE_USE, BASES, LONGEST, RULES, WANTED
from pipeline.screen.channels import HALF_LIVES, MOST_CHANNELS
from pipeline.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
LEGAL = ROOT / "docs" / "legal"
PAGES = sorted(LEGAL.glob("*.md"))
VERSIONS = {"1": "534b83ff1ff5bf135e6145784ea87efe8298a0a7777e6ede2a0a1f6e624e378a"}
"""The SHA-256 of the acceptable-use page by version. A changed page needs a new version here, on the page and in the code."""


def read(name: str) -> str:
    return (LEGAL / name).read_text(encoding="utf-8")


def plain(text: str) -> str:
    return " ".join(text.split())


def table() -> dict[str, list[str]]:
    """The rows of the retention table by store."""
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in read("retention.md").splitlines() if "|" in line
    ]
    return {row[0].strip("`"): row[1:] for row in rows[2:]}


@pytest.fixture
def defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """The settings without file and environment."""
    for name in [name for name in os.environ if name.startswith("FANAL_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return Settings.read()


def topics(settings: Settings) -> list[TopicSpec]:
    kafka = settings.kafka
    return specs(
        Topics(), partitions=kafka.partitions, replication=kafka.replication, retention_hours=kafka.retention_hours
    )


def kept(topic: TopicSpec) -> list[str]:
    """How the table gives the time of a topic, and what sets it."""
    if "compact" in topic.settings.get("cleanup.policy", ""):
        return ["the last one", "nothing"]
    return [f"{int(topic.settings['retention.ms']) // HOUR_MS} hours", "`kafka.retention_hours`"]


def test_the_retention_table_has_every_topic_with_its_time(defaults: Settings) -> None:
    layout = topics(defaults)
    rows = table()
    assert layout
    assert {one.name: rows.get(one.name, [])[:2] for one in layout} == {one.name: kept(one) for one in layout}


def test_the_retention_table_has_the_bounds_of_what_workers_remember(defaults: Settings) -> None:
    rows = table()
    assert rows["seen memory"][0] == f"{defaults.screen.seen_per_partition} posts a partition"
    weights = load_weights(ROOT / "models" / "artefact")
    assert weights is not None
    assert rows["channel memory"][0] == f"{HALF_LIVES * weights.half_life_h:g} hours"
    assert f"at most {MOST_CHANNELS} channels" in rows["channel memory"][2]


def test_the_retention_table_has_for_how_long_an_erasure_is_remembered(defaults: Settings) -> None:
    rows = table()
    assert rows["tombstones"][:2] == [f"{defaults.privacy.tombstone_days} days", "`privacy.tombstone_days`"]
    assert LIVES_ON_THE_BROKER == 3
    assert "three times `kafka.retention_hours` at least" in rows["tombstones"][2]
    assert rows["erasure memory"][0] == f"{ERASED_AT_LEAST} to {2 * ERASED_AT_LEAST} erasures"


def test_the_retention_table_has_what_is_kept_until_somebody_ends_it(defaults: Settings) -> None:
    rows = table()
    assert f"{defaults.elasticsearch.prefix}-hits-YYYY.MM" in rows["index of hits"][2]
    assert f"{defaults.elasticsearch.prefix}-evidence-YYYY.MM" in rows["index of evidence"][2]
    assert f"`{defaults.data}/logs`" in rows["logs"][2]
    assert rows["licence"][0] == f"{LONGEST.days} days"
    known = {
        "index of hits",
        "index of evidence",
        "seen memory",
        "channel memory",
        "logs",
        "keys",
        "licence",
        "erasure memory",
    }
    not_topics = rows.keys() - {one.name for one in topics(defaults)}
    assert not_topics - {"cursors", "tombstones"} == known


def test_every_setting_in_the_retention_table_is_one(defaults: Settings) -> None:
    named = {row[1].strip("`") for row in table().values()} - {"nothing"}
    assert named
    for name in named:
        value: object = defaults
        for part in name.split("."):
            value = getattr(value, part)


def test_every_page_is_linked_from_the_index() -> None:
    linked = set(re.findall(r"\]\(([a-z-]+\.md)\)", read("README.md")))
    assert {page.name for page in PAGES} - {"README.md"} == linked


def test_the_project_links_the_index() -> None:
    assert "(docs/legal/README.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_version_of_acceptable_use_is_that_of_the_page() -> None:
    assert re.findall(r"^Version: (.+)$", read("acceptable-use.md"), flags=re.MULTILINE) == [ACCEPTABLE_USE]


def test_a_changed_page_of_acceptable_use_has_a_new_version() -> None:
    digest = hashlib.sha256(read("acceptable-use.md").encode()).hexdigest()
    assert VERSIONS[ACCEPTABLE_USE] == digest, (
        "the page has changed: give it a new version, so that operators are asked"
    )


def test_the_terminal_shows_the_sentences_of_the_page() -> None:
    shown = read("acceptable-use.md").split("## In five sentences")[1].split("##")[0]
    assert [plain(line) for line in re.findall(r"^- (.+)$", shown, flags=re.MULTILINE)] == list(RULES)


def test_the_index_explains_every_field_of_the_record() -> None:
    assert re.findall(r"^\| `([a-z_]+)` \|", read("README.md"), flags=re.MULTILINE) == list(WANTED)


def test_the_page_on_legal_bases_weighs_every_basis() -> None:
    assert re.findall(r"^\| `([a-z0-9-]+)` \|", read("legal-basis.md"), flags=re.MULTILINE) == list(BASES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    named = re.findall(r"`((?:pipeline|models|config)/[\w./-]+)`", page.read_text(encoding="utf-8"))
    ours_to_write = {"config/licence.toml"}
    assert [name for name in named if name not in ours_to_write and not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_is_short_enough_to_be_read(page: Path) -> None:
    words = page.read_text(encoding="utf-8").split()
    assert 150 < len(words) < 1600


def test_every_threat_says_what_the_code_does_and_what_is_left() -> None:
    threats = read("threat-model.md").split("\n## ")[1:]
    assert len(threats) >= 8
    for threat in threats:
        assert "\n- Code: " in threat, threat.splitlines()[0]
        assert "\n- **Left**: " in threat, threat.splitlines()[0]
        assert re.search(r"`(?:pipeline|models)/[\w/]+\.py`", threat), threat.splitlines()[0]
