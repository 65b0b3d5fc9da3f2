"""What a source's client may reach: one origin, within bounds. Plain values, and the checks on addresses."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from pipeline.sources.connector import SourceRefused

REFUSALS: Mapping[int, str] = {
    401: "it wants a valid token: set one, or remove the source",
    403: "it forbids this: look at its terms and at the token's scopes, or remove the source",
    410: "it is gone for good: remove the source",
}


@dataclass(frozen=True, slots=True)
class Reach:
    """What a client may ask, and how much it takes.

    `base_url` is the only origin asked. `headers` go with every request, and never to another origin. `redirects` are
    followed up to their number, `elsewhere` also to other origins. `refusals` maps a status that ends the source to what a
    person should do about it.
    """

    base_url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    max_bytes: int = 8 << 20
    timeout_s: float = 30.0
    redirects: int = 0
    elsewhere: bool = False
    private: bool = False
    refusals: Mapping[int, str] = field(default_factory=lambda: REFUSALS)


def checked(base_url: str) -> httpx.URL:
    """The address as a URL.

    Raises:
        SourceRefused: it is none that a source can have.
    """
    try:
        url = httpx.URL(base_url)
    except (httpx.InvalidURL, TypeError):
        url = httpx.URL("")
    if url.scheme not in {"http", "https"} or not url.host or url.userinfo:
        raise SourceRefused("a source's address must read https://host/..., without a user or a password in it")
    return url


def origin(url: httpx.URL) -> str:
    """Scheme, host and port of an address: what must stay the same."""
    return f"{url.scheme}://{url.netloc.decode('ascii')}"


def is_upgrade(before: httpx.URL, after: httpx.URL) -> bool:
    """Whether a redirect only goes from http to https on the same host, at the usual ports."""
    schemes = before.scheme, after.scheme
    return schemes == ("http", "https") and before.host == after.host and before.port is None and after.port is None
