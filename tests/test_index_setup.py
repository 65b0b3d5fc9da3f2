"""Templates: rendered from the config folder, put once, changed by nobody unnoticed."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from pipeline.errors import ConfigurationError, IndexUnavailable
from pipeline.index.store import Store, open_store
from pipeline.index.templates import Layout, Template, compare, digest, document_version, render
from pipeline.posts import Document, Span
from pipeline.resources import config_dir, taxonomy
from pipeline.settings import ElasticsearchSettings
from tests.test_documents import NOW, hit

GOLDEN = Path(__file__).parent / "golden"
KINDS = tuple(taxonomy(config_dir())["kinds"])


def rendered(**changes: Any) -> dict[str, Template]:
    options: dict[str, Any] = {"prefix": "fanal", "shards": 2, "replicas": 1} | changes
    made = render(config_dir() / "elasticsearch", Layout(**options), KINDS, {"fr": "french"}, ["lowercase"])
    return {template.name: template for template in made}


def test_every_field_of_a_document_has_a_mapping_and_nothing_else_has() -> None:
    mappings = rendered()["fanal-hits-documents"].mappings
    assert mappings is not None
    assert set(mappings["properties"]) == set(Document.__struct_fields__)
    assert mappings["dynamic"] == "strict"


def test_every_kind_of_the_taxonomy_has_a_score() -> None:
    mappings = rendered()["fanal-hits-documents"].mappings
    assert mappings is not None
    assert set(mappings["properties"]["scores"]["properties"]) == set(KINDS)


def test_layout_and_analyzers_are_filled_in() -> None:
    made = rendered()
    index = made["fanal-hits"].body["template"]["settings"]["index"]
    assert (index["number_of_shards"], index["number_of_replicas"], index["refresh_interval"]) == (2, 1, "1s")
    mappings = made["fanal-hits-documents"].mappings
    assert mappings is not None
    assert mappings["properties"]["words"]["properties"] == {"fr": {"type": "text", "analyzer": "french"}}


def test_no_index_asks_for_best_compression() -> None:
    assert not any("best_compression" in file.read_text() for file in (config_dir() / "elasticsearch").rglob("*.json"))


def test_a_digest_is_the_same_for_a_servers_way_of_writing_settings() -> None:
    ours = {"template": {"settings": {"index": {"number_of_shards": 1, "a": {"b": True}}}}}
    theirs = {"template": {"settings": {"index.number_of_shards": "1", "index": {"a.b": "true"}}}, "composed_of": []}
    assert digest(ours) == digest(theirs)


def test_where_a_servers_template_stands_to_ours() -> None:
    ours = rendered()["fanal-hits"]
    body = ours.body
    other = rendered(replicas=3)["fanal-hits"].body
    by_hand = {**body, "priority": 7}
    newer = {**body, "_meta": {**body["_meta"], "fanal_version": 99}}
    unsigned = {**body, "_meta": {}}
    cases = [
        (None, "missing"),
        (body, "same"),
        (other, "older"),
        (by_hand, "altered"),
        (newer, "newer"),
        (unsigned, "older"),
    ]
    assert [compare(ours, theirs) for theirs, _ in cases] == [state for _, state in cases]


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "hits-documents.json").write_text("{")
    with pytest.raises(ConfigurationError, match=r"hits-documents\.json: cannot be read"):
        render(tmp_path, Layout("p", 1, 0), KINDS, {}, [])


def test_the_config_folder_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FANAL_CONFIG_DIR", str(tmp_path))
    with pytest.raises(ConfigurationError, match=r"no taxonomy\.yaml there"):
        config_dir()
    (tmp_path / "taxonomy.yaml").write_text("kinds: {}")
    assert config_dir() == tmp_path


async def test_setup_says_in_one_line_that_the_index_is_away() -> None:
    store = open_store("http://127.0.0.1:9", ElasticsearchSettings())
    with pytest.raises(IndexUnavailable, match="cannot be reached"):
        await store.set_up()
    await store.close()


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"elasticsearch\.url"):
        open_store("nonsense", ElasticsearchSettings())


@pytest.fixture
async def store(search_url: str) -> AsyncIterator[Store]:
    made = open_store(search_url, ElasticsearchSettings(prefix=f"t{uuid4().hex[:10]}"))
    yield made
    await made.close()


@pytest.mark.connected
async def test_the_first_setup_creates_and_the_second_changes_nothing(store: Store) -> None:
    assert [line.split()[0] for line in await store.set_up()] == ["created"] * 4
    assert await store.set_up() == []


@pytest.mark.connected
async def test_a_template_changed_by_hand_is_named_and_only_force_overwrites_it(store: Store) -> None:
    await store.set_up()
    name = f"{store._names.prefix}-hits"
    templates = store._client.indices
    await templates.put_index_template(name=name, index_patterns=[f"{name}-*"], meta={"fanal_version": 1})
    with pytest.raises(ConfigurationError, match=rf"{name} was changed by hand: `fanal setup --force`"):
        await store.set_up()
    assert await store.set_up(force=True) == [f"updated index template {name}"]
    assert await store.set_up() == []


@pytest.mark.connected
async def test_a_newer_fanals_template_is_left_alone_even_by_force(store: Store) -> None:
    await store.set_up()
    name = f"{store._names.prefix}-evidence"
    templates = store._client.indices
    await templates.put_index_template(name=name, index_patterns=[f"{name}-*"], meta={"fanal_version": 99})
    with pytest.raises(ConfigurationError, match="newer Fanal's"):
        await store.set_up(force=True)


async def month_of_before(store: Store) -> Template:
    """Put the mapping of hits as it was before there were cues, the third, make a month with it, and write a hit of that time."""
    await store.set_up()
    prefix = store._names.prefix
    body = json.loads((GOLDEN / "hits-documents-3.json").read_text(encoding="utf-8").replace("{prefix}", prefix))
    fields = body["template"]["mappings"]["properties"]
    fields["scores"]["properties"] = {kind: {"type": "float"} for kind in KINDS}
    fields["text"]["fields"] = {"fr": {"type": "text", "analyzer": "french"}}
    old = Template(f"{prefix}-hits-documents", True, {**body, "_meta": {**body["_meta"], "fanal_digest": digest(body)}})
    await store._client.cluster.put_component_template(name=old.name, template=body["template"], meta=old.body["_meta"])
    await store._client.indices.create(index=f"{prefix}-hits-2026.11")
    written = msgspec.to_builtins(hit("a").document)
    await store._client.index(
        index=f"{prefix}-hits-2026.11", id="a", document=written, version=7, version_type="external_gte"
    )
    return old


@pytest.mark.connected
async def test_months_made_by_an_earlier_mapping_take_what_the_present_one_has(store: Store) -> None:
    old = await month_of_before(store)
    full = msgspec.structs.replace(
        hit("b").document,
        priority="urgent",
        cues=("price",),
        spans=(Span(kind="price", start=0, end=2, rule="prices.amount"),),
        place_points=("37.98,23.72",),
        price_eur=(1000.0,),
        departs_at=NOW,
        vector="01" * 384,
    )
    writing = asyncio.create_task(store.write([hit("d", document=full)]))  # refused by the old mapping: it waits
    await asyncio.sleep(0.5)
    assert not writing.done()
    assert await store.set_up() == [f"updated index template {old.name}"]
    assert await store.set_up() == []
    assert await writing == []
    assert await store.write([hit("b", document=full), hit("c", document=full, month="2026.10")]) == []
    assert await store.present({"a": 7, "b": 7, "c": 7}) == {"a", "b", "c"}
    assert {one["id"] for one in (await store.similar("b")).hits} == {"c", "d"}


def test_a_mapping_that_is_newer_than_the_code_is_told_from_an_older_one() -> None:
    ours = rendered()["fanal-hits-documents"]
    theirs = {**ours.body, "_meta": {**ours.body["_meta"], "fanal_version": ours.body["_meta"]["fanal_version"] + 1}}
    older = {**theirs, "_meta": {**theirs["_meta"], "fanal_version": 3}}
    assert (compare(ours, theirs), compare(ours, older)) == ("newer", "older")


@pytest.mark.connected
async def test_a_hit_that_the_mapping_refuses_is_returned_with_the_errors_name_and_the_others_are_written(
    store: Store,
) -> None:
    await store.set_up()
    bad = msgspec.structs.replace(hit("bad").document, vector="secret", place_points=("secret",))
    other = msgspec.structs.replace(hit("other").document, scores={"no such kind": 0.5})
    refused = await store.write([hit("a"), hit("bad", document=bad), hit("other", document=other), hit("z")])
    assert {one.id for one, _ in refused} == {"bad", "other"}
    assert all("secret" not in why and "kind" not in why for _, why in refused)
    assert await store.present({"a": 7, "bad": 7, "other": 7, "z": 7}) == {"a", "z"}


@pytest.mark.connected
async def test_another_layout_updates_templates_and_leaves_the_months_that_are_there(
    store: Store, search_url: str
) -> None:
    await store.set_up()
    await store.write([hit("a")])
    other = open_store(search_url, ElasticsearchSettings(prefix=store._names.prefix, replicas=1))
    assert len(await other.set_up()) == 3
    assert await other.present({"a": 7}) == {"a"}
    await other.close()


@pytest.mark.connected
async def test_a_text_is_found_without_accents_and_by_its_languages_word_forms(store: Store) -> None:
    await store.set_up()
    await store.write(
        [hit("a", document=_saying("des bateaux cet été", "fr")), hit("b", document=_saying("والكتب", "ar"))]
    )
    await store.refresh()
    for query, expected in [({"text": "ete"}, "a"), ({"words.fr": "bateau"}, "a"), ({"words.ar": "كتب"}, "b")]:
        found = await store._search(query={"match": query}, size=5)
        assert [one["_id"] for one in found["hits"]["hits"]] == [expected]


def _saying(text: str, lang: str) -> Document:
    values = {name: getattr(hit().document, name) for name in Document.__struct_fields__}
    return Document(**{**values, "text": text, "lang": lang})


@pytest.mark.connected
async def test_evidence_lies_apart_and_its_content_is_not_searchable(store: Store) -> None:
    await store.set_up()
    await store.write([hit("a")])
    found = await store._client.get(index=f"{store._names.evidence}-2026.11", id="a")
    assert found["_source"]["sealed"] == "sealed!"
    mapping = await store._client.indices.get_mapping(index=f"{store._names.evidence}-2026.11")
    properties = mapping[f"{store._names.evidence}-2026.11"]["mappings"]["properties"]
    assert properties["sealed"] == {"type": "keyword", "index": False, "doc_values": False}


@pytest.mark.connected
async def test_a_server_says_what_it_has_and_what_it_lacks(store: Store) -> None:
    features = await store.features()
    assert features.version.split(".")[0] in {"8", "9"}
    assert "lifecycle" in features.present | features.lacking
    assert features.report().startswith(f"Elasticsearch {features.version}: has ")


@pytest.mark.connected
async def test_hits_wait_for_the_templates_of_this_fanal_and_none_is_refused(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    await store.set_up()
    name = f"{store._names.hits}-documents"
    found = await store._client.cluster.get_component_template(name=name)
    body = found.body["component_templates"][0]["component_template"]
    earlier = {**body, "_meta": {**body["_meta"], "fanal_version": document_version() - 1}}
    await store._client.cluster.put_component_template(name=name, template=earlier["template"], meta=earlier["_meta"])
    writing = asyncio.create_task(store.write([hit("a")]))
    await asyncio.sleep(1.5)
    assert not writing.done()
    assert "an earlier Fanal's: run `fanal setup`" in caplog.text
    await store.set_up(force=True)
    assert await writing == []
    assert await store.present({"a": 7}) == {"a"}
