import logging
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from pipeline.sources.connector import SourceAway, SourceRefused
from pipeline.sources.guard import Guard, GuardedTransport, is_public
from pipeline.sources.http import Http
from pipeline.sources.limits import Budget, budget, wait_s
from pipeline.sources.reach import Reach
from pipeline.sources.redact import redacted
from tests.fakes_feeds import Page, Site

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "17"}, 17),
        ({"retry-after": "Sun, 01 Nov 2026 12:00:20 GMT"}, 20),
        ({"retry-after": "Sun, 01 Nov 2026 11:00:00 GMT"}, 0),
        ({"x-ratelimit-reset": "42.5"}, 42.5),
        ({"x-ratelimit-reset": str(int(NOW.timestamp()) + 60)}, 60),
        ({"x-ratelimit-reset": str((int(NOW.timestamp()) + 60) * 1000)}, 60),
        ({"x-ratelimit-reset": "2026-11-01T12:05:00.000000Z"}, 300),
        ({"x-ratelimit-reset": "2026-11-01T12:05:00"}, 300),
        ({"retry-after": "5", "x-ratelimit-reset": "2026-11-01T12:05:00Z"}, 5),
        ({"retry-after": "soon", "x-ratelimit-reset": "10"}, 10),
        ({"retry-after": "1e300"}, 86_400),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "-5"}, None),
        ({"x-ratelimit-reset": "9" * 400}, None),
        ({}, None),
    ],
)
def test_what_an_answer_asks_to_wait_is_read_in_every_dialect(headers: dict[str, str], seconds: float | None) -> None:
    assert wait_s(headers, NOW) == seconds


def test_the_budget_is_read_where_it_is_told() -> None:
    told = {"x-ratelimit-limit": "300", "x-ratelimit-remaining": "299.0", "x-ratelimit-reset": "2026-11-01T12:05:00Z"}
    assert budget(told, NOW) == Budget(299, 300, 300)
    assert budget({"x-ratelimit-remaining": "many"}, NOW) is None


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",  # noqa: S104 - an address to refuse
            "224.0.0.1",
        ),
        *("255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1"),
        *("64:ff9b::a00:1", "2002:7f00:1::", "2001:0:4136:e378:8000:63bf:f5ff:fffe", "not an address", ""),
    ],
)
def test_no_address_that_is_not_public_passes(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses_pass(address: str) -> None:
    assert is_public(address)


def resolving(*addresses: str) -> Any:
    asked: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return addresses

    resolve.asked = asked  # type: ignore[attr-defined] # the test looks at what was asked
    return resolve


async def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(SourceRefused, match="private = true"):
        await Guard(resolve=resolving("8.8.8.8", "127.0.0.1")).addresses("example.org", 80)


async def test_a_name_that_cannot_be_looked_up_is_away() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        raise OSError

    with pytest.raises(SourceAway, match="looked up"):
        await Guard(resolve=resolve).addresses("example.org", 80)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with Site(a=Page(b"hello"), b=Page(b"other")).running() as running:
        yield running


async def test_the_connection_goes_to_the_address_that_was_judged_under_the_name_that_was_asked(site: Site) -> None:
    port = site.url.rpartition(":")[2]
    resolve = resolving("127.0.0.1")
    transport = GuardedTransport(Guard(private=True, resolve=resolve))
    async with Http(Reach(f"http://feeds.example.org:{port}/a"), transport) as http:
        assert (await http.get("")).body == b"hello"
    assert site.asked("a")[0]["host"] == f"feeds.example.org:{port}"
    assert resolve.asked == ["feeds.example.org"]


async def test_the_next_address_is_tried_where_one_does_not_answer(site: Site) -> None:
    port = site.url.rpartition(":")[2]
    transport = GuardedTransport(Guard(private=True, resolve=resolving("127.0.0.2", "127.0.0.1")))
    async with Http(Reach(f"http://feeds.example.org:{port}/a"), transport) as http:
        assert (await http.get("")).body == b"hello"


@pytest.mark.parametrize("path", ["@example.com/a", ".example.com/a", ":80@example.com/"])
async def test_a_path_cannot_lead_to_another_origin(site: Site, path: str) -> None:
    async with Http(Reach(site.url, private=True)) as http:
        with pytest.raises((SourceRefused, SourceAway)):
            await http.get(path)
    assert not site.requests


async def test_headers_of_ones_own_never_go_to_another_origin(site: Site) -> None:
    async with Site(a=Page(status=302, headers={"location": f"{site.url}/a"})).running() as first:
        reach = Reach(first.url, {"authorization": "Bearer secret-token"}, redirects=1, elsewhere=True, private=True)
        async with Http(reach) as http:
            assert (await http.get("/a")).body == b"hello"
        assert first.asked("a")[0]["authorization"] == "Bearer secret-token"
    assert "authorization" not in site.asked("a")[0]


@pytest.mark.parametrize(
    "base_url",
    ["", "ftp://example.org", "https://", "https://me:pass@example.org/", "example.org", "http://example.org:port"],
)
def test_an_address_that_is_none_is_refused_in_one_line(base_url: str) -> None:
    with pytest.raises(SourceRefused, match="must read https") as refused:
        Http(Reach(base_url))
    assert "pass" not in str(refused.value).replace("password", "")


async def test_no_secret_is_logged(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with Http(
        Reach(f"{site.url}/a?key=secret-key", {"authorization": "Bearer secret-token"}, private=True)
    ) as http:
        await http.get("")
        await http.get("/b", {"access_token": "secret-key"})
    assert "key=…" in caplog.text
    assert "secret" not in caplog.text


def test_an_address_is_shown_without_user_and_values() -> None:
    assert redacted("https://me:pass@example.org:8443/a?key=1&page=2#x") == "https://example.org:8443/a?key=…&page=…"
    assert redacted("http://example.org:port") == "(not an address)"


async def test_an_encoding_that_was_not_asked_for_is_not_unpacked(site: Site) -> None:
    site.pages["a"].headers = {"content-encoding": "zstd"}
    async with Http(Reach(site.url, private=True)) as http:
        with pytest.raises(SourceAway, match="encoding"):
            await http.get("/a")


async def test_an_environments_proxy_is_not_used(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    async with Http(Reach(site.url, private=True)) as http:
        assert (await http.get("/a")).status == 200


async def test_a_transport_of_ones_own_may_stand_in() -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(500, headers={"retry-after": "3"}))
    async with Http(Reach("https://example.org"), transport) as http:
        with pytest.raises(SourceAway, match="5xx") as away:
            await http.get("/a")
    assert away.value.retry_after_s == 3
