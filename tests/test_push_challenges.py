"""What a hub and X ask of a source's address, and the secrets that sources may have."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest

from pipeline.errors import ConfigurationError
from pipeline.sources.push_server import Listening, serving
from pipeline.sources.push_sources import PushSource, checked
from tests.fakes_push import SECRET, SOURCE, Client, Collector


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with serving([SOURCE], Collector(), Listening(port=0)) as address, aiohttp.ClientSession() as http:
        yield Client(address, http)


async def challenged(client: Client, source: str = "forum", **query: str) -> tuple[int, str]:
    async with client.http.get(f"{client.address}/v1/ingest/{source}", params=query) as answer:
        return answer.status, await answer.text()


async def test_a_hub_is_answered_for_a_topic_of_the_configuration_alone(client: Client) -> None:
    asked = {"hub.mode": "subscribe", "hub.topic": "https://hub.example.org/feed", "hub.challenge": "c-1"}
    assert await challenged(client, **asked) == (200, "c-1")
    for change in (
        {"hub.mode": "unsubscribe"},
        {"hub.topic": "https://hub.example.org/other"},
        {"hub.challenge": "<script>" * 100},
        {"hub.challenge": ""},
    ):
        assert (await challenged(client, **(asked | change)))[0] == 404
    assert (await challenged(client, "nobody", **asked))[0] == 404


async def test_xs_challenge_is_answered_with_its_own_secret(client: Client) -> None:
    assert SOURCE.crc_secret
    digest = hmac.new(SOURCE.crc_secret, b"token-1", hashlib.sha256).digest()
    expected = {"response_token": "sha256=" + base64.b64encode(digest).decode()}
    status, text = await challenged(client, crc_token="token-1")
    assert (status, json.loads(text)) == (200, expected)


async def test_the_challenge_signs_nothing_that_could_be_a_body(client: Client) -> None:
    for token in ("", '{"for_user_id": "1"}', "[]", "1795612800.x", "x" * 129):
        assert (await challenged(client, crc_token=token))[0] == 404


async def test_other_ways_in_are_closed(client: Client) -> None:
    async with client.http.put(f"{client.address}/v1/ingest/forum") as answer:
        assert answer.status == 405
    assert (await challenged(client))[0] == 404


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        ([PushSource("a", (b"short",), frozenset({"x"}))], "shorter than 32 bytes"),
        ([PushSource("a", (), frozenset({"x"}))], "needs a secret"),
        ([PushSource("a", (SECRET,), frozenset())], "the platforms that it may send"),
        ([PushSource(name, (SECRET,), frozenset({"x"})) for name in "ab"], "also in use at source a"),
        ([PushSource("a", (SECRET,), frozenset({"x"}), crc_secret=SECRET)], "also in use at source a"),
    ],
)
def test_secrets_that_would_not_do_are_refused_without_being_shown(sources: list[PushSource], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as refused:
        checked(sources)
    assert SECRET.decode() not in str(refused.value) + repr(sources)
