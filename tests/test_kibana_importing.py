"""Into Kibana: what is sent, what each refusal becomes, and that nothing is begun that Kibana could not take."""

import asyncio
import json
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from pipeline.commands.setup import prepare_with_kibana
from pipeline.errors import ConfigurationError, FanalError, KibanaUnavailable
from pipeline.kibana.build import built
from pipeline.kibana.importing import Kibana
from pipeline.kibana.objects import packed
from pipeline.kibana.signing import Signature, place
from pipeline.resources import taxonomy
from pipeline.settings import ElasticsearchSettings, KafkaSettings, KibanaSettings, Settings
from tests.fakes_kibana.server import FakeKibana, serving, serving_app

TEXT = built(list(taxonomy()["kinds"]))
OBJECTS = [json.loads(line) for line in TEXT.splitlines()][:-1]
SECRET = "c2VjcmV0"


NOBODY = Signature()


async def put(kibana: FakeKibana, signature: Signature = NOBODY, space: str | None = None, text: str = TEXT) -> str:
    """Its version, after everything was imported."""
    async with serving(kibana) as url, Kibana(place(url, space), signature, 5) as asking:
        version = await asking.version()
        await asking.put(text)
        return version


@pytest.mark.parametrize("number", ["8.8.0", "8.19.3", "9.2.1", "9.1.0-SNAPSHOT"])
async def test_everything_is_imported(number: str) -> None:
    kibana = FakeKibana(number)
    assert await put(kibana) == number
    assert {id_ for _, id_ in kibana.kept} == {one["id"] for one in OBJECTS}
    assert kibana.asked == [("GET", "/api/status"), ("POST", "/api/saved_objects/_import")]


async def test_importing_again_replaces_what_is_there() -> None:
    kibana = FakeKibana()
    await put(kibana)
    kibana.kept = {key: {"changed": "by hand"} for key in kibana.kept}
    await put(kibana)
    assert len(kibana.kept) == len(OBJECTS)
    assert not any("changed" in one for one in kibana.kept.values())


async def test_a_space_has_its_own_objects() -> None:
    kibana = FakeKibana(spaces=("default", "analysts"))
    await put(kibana, space="analysts")
    assert {space for space, _ in kibana.kept} == {"analysts"}


@pytest.mark.parametrize(
    ("signature", "header"),
    [
        (Signature(api_key=SECRET), f"ApiKey {SECRET}"),
        (Signature(username="fanal", password="p"), "Basic ZmFuYWw6cA=="),
    ],
)
async def test_it_signs_in_by_key_or_by_name(signature: Signature, header: str) -> None:
    kibana = FakeKibana(keys=(header,))
    await put(kibana, signature)
    assert kibana.kept


REFUSALS: list[tuple[FakeKibana, Signature, str | None, type[FanalError], str]] = [
    (FakeKibana("8.7.1"), Signature(), None, ConfigurationError, "Kibana 8.7.1 is too old"),
    (FakeKibana("7.17.29"), Signature(), None, ConfigurationError, "8.8 or later"),
    (FakeKibana("latest"), Signature(), None, ConfigurationError, "tells its version only"),
    (FakeKibana(keys=("x",)), Signature(), None, ConfigurationError, "tells its version only"),
    (FakeKibana(keys=("x",)), Signature(api_key=SECRET), None, ConfigurationError, "does not know who asks"),
    (FakeKibana(may_import=False), Signature(), None, ConfigurationError, "Saved Objects Management"),
    (FakeKibana(ready=False), Signature(), None, KibanaUnavailable, "not ready (503)"),
    (FakeKibana(), Signature(), "nowhere", ConfigurationError, "no space nowhere"),
    (FakeKibana(newest=(8, 8, 9)), Signature(), None, ConfigurationError, "refuses the objects (422)"),
]


@pytest.mark.parametrize(("kibana", "signature", "space", "error", "said"), REFUSALS)
async def test_a_refusal_is_one_line_and_leaves_nothing_behind(
    kibana: FakeKibana, signature: Signature, space: str | None, error: type[FanalError], said: str
) -> None:
    with pytest.raises(error, match=said.replace("(", r"\(").replace(")", r"\)")) as caught:
        await put(kibana, signature, space)
    assert "\n" not in str(caught.value)
    assert SECRET not in str(caught.value)
    assert kibana.kept == {}


async def test_what_other_objects_claim_is_counted_by_name() -> None:
    kibana = FakeKibana(shared=(OBJECTS[1]["id"], OBJECTS[2]["id"]))
    with pytest.raises(KibanaUnavailable) as caught:
        await put(kibana)
    assert str(caught.value).startswith(
        f"Kibana took {len(OBJECTS) - 2} of {len(OBJECTS)} objects (2 ambiguous_conflict)"
    )


async def test_missing_references_are_said_and_another_import_mends_them() -> None:
    kibana = FakeKibana()
    without = "\n".join([*(packed(one) for one in OBJECTS if one["type"] != "index-pattern"), "{}"]) + "\n"
    with pytest.raises(KibanaUnavailable, match="missing_references"):
        await put(kibana, text=without.replace("\n{}\n", '\n{"exportedCount":0}\n'))
    await put(kibana)
    assert len(kibana.kept) == len(OBJECTS)


def page(_: web.Request) -> web.Response:
    return web.Response(text="<html><title>Welcome</title>", content_type="text/html")


def login(_: web.Request) -> web.Response:
    raise web.HTTPFound("https://login.example.org/")


def missing(_: web.Request) -> web.Response:
    raise web.HTTPNotFound


def others(_: web.Request) -> web.Response:
    return web.json_response({"cluster_name": "x", "tagline": "You Know, for Search"})


def endless(_: web.Request) -> web.Response:
    return web.Response(body=b"[" * (5 << 20))


@pytest.mark.parametrize("answer", [page, login, missing, others, endless])
async def test_what_is_no_kibana_is_told_apart(answer: Callable[[web.Request], web.Response]) -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        return answer(request)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", handle)
    async with serving_app(app) as url, Kibana(place(url), Signature(api_key=SECRET), 5) as kibana:
        with pytest.raises(ConfigurationError, match="no Kibana"):
            await kibana.version()


async def test_an_import_answered_by_something_else_is_no_success() -> None:
    async def handle(_: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", handle)
    async with serving_app(app) as url, Kibana(place(url), Signature(), 5) as kibana:
        with pytest.raises(ConfigurationError, match="no Kibana"):
            await kibana.put(TEXT)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


async def test_a_kibana_that_is_away_or_silent_is_unavailable() -> None:
    async with Kibana(place(f"http://127.0.0.1:{free_port()}"), Signature(), 5) as kibana:
        with pytest.raises(KibanaUnavailable, match="cannot be reached"):
            await kibana.version()

    async def silent(_: web.Request) -> web.Response:
        await asyncio.sleep(5)
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", silent)
    async with serving_app(app) as url, Kibana(place(url), Signature(), 0.2) as kibana:
        with pytest.raises(KibanaUnavailable, match="cannot be reached"):
            await kibana.version()


@pytest.mark.parametrize(
    ("url", "space"),
    [
        ("kibana.example.org", None),
        ("ftp://kibana.example.org", None),
        ("http://", None),
        ("http://user:secret@kibana.example.org", None),
        ("http://kibana.example.org/?a=b", None),
        ("http://kibana.example.org", "Analysts / all"),
    ],
)
def test_an_address_or_a_space_that_cannot_be_one_is_refused(url: str, space: str | None) -> None:
    with pytest.raises(ConfigurationError, match="--kibana") as caught:
        place(url, space)
    assert "secret" not in str(caught.value)


def test_an_address_keeps_its_path_and_gets_its_space() -> None:
    at = place("https://example.org/kibana/", "analysts")
    assert at.api("saved_objects/_import") == "https://example.org/kibana/s/analysts/api/saved_objects/_import"
    assert at.status == "https://example.org/kibana/api/status"
    assert place("http://example.org", "default").api("x") == "http://example.org/api/x"


@pytest.mark.parametrize(
    "wrong",
    [{"username": "fanal"}, {"password": "p"}, {"api_key": "a\nHost: b"}, {"ca_file": Path("/nowhere/ca.pem")}],
)
def test_a_signature_that_cannot_be_used_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=r"kibana\."):
        Signature(**wrong).trust()


def away(tmp_path: Path, **kibana: Any) -> Settings:
    """Settings whose broker and index are nowhere: whoever begins with them fails."""
    nowhere = f"127.0.0.1:{free_port()}"
    return Settings(
        data=tmp_path,
        kafka=KafkaSettings(bootstrap=nowhere),
        elasticsearch=ElasticsearchSettings(url=f"http://{nowhere}"),
        kibana=KibanaSettings(**kibana),
    )


async def test_setup_asks_kibana_before_it_begins(tmp_path: Path) -> None:
    async with serving(FakeKibana("8.1.0")) as url:
        with pytest.raises(ConfigurationError, match="too old"):
            await prepare_with_kibana(away(tmp_path), url, None)


@pytest.mark.connected
async def test_setup_makes_topics_and_templates_and_imports_for_its_own_indices(settings: Settings) -> None:
    kibana = FakeKibana(keys=(f"ApiKey {SECRET}",))
    own = settings.model_copy(update={"kibana": KibanaSettings(api_key=SecretStr(SECRET))})
    async with serving(kibana) as url:
        changes = await prepare_with_kibana(own, url, None)
        again = await prepare_with_kibana(own, url, None)
    assert any("topic" in change for change in changes)
    assert again == [f"imported {len(OBJECTS)} objects into Kibana 8.19.3"]
    titles = [one["attributes"]["title"] for one in kibana.kept.values() if one["type"] == "index-pattern"]
    assert titles == [f"{settings.elasticsearch.prefix}-hits"]
    assert not {id_ for _, id_ in kibana.kept} & {one["id"] for one in OBJECTS}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["setup", "--kibana", f"http://127.0.0.1:{free_port()}"], 1, "cannot be reached"),
        (["setup", "--kibana", "kibana"], 2, "takes an address"),
        (["setup", "--kibana-space", "analysts"], 2, "needs --kibana URL"),
    ],
)
def test_the_command_says_one_line_and_ends_with_the_right_code(
    words: list[str], code: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from pipeline.__main__ import main

    monkeypatch.setattr(sys, "argv", ["fanal", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == code
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
