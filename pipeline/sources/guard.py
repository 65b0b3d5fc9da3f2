"""Where a connection may lead: a host's addresses are looked up once, judged, and the connection goes to what was judged.

A feed's address is chosen by others, and so is where it redirects: without this, a name that points at 10.0.0.1 or at a cloud's
metadata would have Fanal ask for it. Judging the name and then connecting by name would leave a second look-up to lie.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpx

from pipeline.sources.connector import SourceAway, SourceRefused

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port to IP addresses; raises OSError where there are none."""

HOSTS_KEPT = 8
_TRANSLATED = IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the open internet: not private, shared, loopback, link-local, multicast or reserved.

    An IPv4 address inside an IPv6 one (mapped, 6to4, Teredo, NAT64) is judged as well.
    """
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return all(one.is_global and not one.is_multicast and not one.is_reserved for one in _meant(found))


def _meant(found: IPv4Address | IPv6Address) -> tuple[IPv4Address | IPv6Address, ...]:
    """What an address stands for: the IPv4 one that it carries (mapped, NAT64), itself and what it tunnels to, or itself."""
    if isinstance(found, IPv4Address):
        return (found,)
    if found.ipv4_mapped:
        return (found.ipv4_mapped,)
    if found in _TRANSLATED:
        return (IPv4Address(int(found) & 0xFFFFFFFF),)
    if found.sixtofour:
        return (found, found.sixtofour)
    return (found, *(found.teredo or ()))


async def resolve(host: str, port: int) -> Sequence[str]:
    """Look a host up with the system's resolver, in its order."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Guard:
    """Judges where connections lead. `private` lets every address pass: for a source on one's own network, and for tests."""

    def __init__(self, private: bool = False, resolve: Resolve = resolve) -> None:
        self._private = private
        self._resolve = resolve

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """The addresses of a host, each of which may be connected to.

        Raises:
            SourceAway: the host cannot be looked up for now.
            SourceRefused: one of its addresses is not public; one is enough, since the order is not ours.
        """
        try:
            found = await self._resolve(host, port)
        except (OSError, UnicodeError):
            raise SourceAway("its host's name cannot be looked up") from None
        if not found:
            raise SourceAway("its host's name cannot be looked up")
        if not self._private and not all(map(is_public, found)):
            raise SourceRefused(
                f"{host} leads to a private address; set private = true for this source if it is on your own network"
            )
        return found


class GuardedTransport(httpx.AsyncBaseTransport):
    """Sends requests only to addresses that the guard let pass, and to no proxy.

    The address stands in the URL that httpx connects to; the name stays in the `Host` header and is what TLS verifies. Each
    host has connections of its own, so that two names on one address never share one.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._hosts: dict[str, httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Look up, judge, connect; the next address where one does not answer."""
        url = request.url
        port = url.port or (443 if url.scheme == "https" else 80)
        addresses = await self._guard.addresses(url.host, port)
        transport = await self._transport(f"{url.scheme}://{url.netloc.decode()}")
        for address in addresses[:-1]:
            try:
                return await transport.handle_async_request(_pinned(request, address))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await transport.handle_async_request(_pinned(request, addresses[-1]))

    async def _transport(self, origin: str) -> httpx.AsyncHTTPTransport:
        if origin not in self._hosts:
            if len(self._hosts) >= HOSTS_KEPT:
                await self._hosts.pop(next(iter(self._hosts))).aclose()
            self._hosts[origin] = httpx.AsyncHTTPTransport(verify=_context(), trust_env=False)
        return self._hosts[origin]

    async def aclose(self) -> None:
        """Close every connection."""
        for transport in self._hosts.values():
            await transport.aclose()
        self._hosts.clear()


@cache
def _context() -> ssl.SSLContext:
    """One for the process: reading the certificates takes tens of milliseconds."""
    return httpx.create_ssl_context(trust_env=False)


def _pinned(request: httpx.Request, address: str) -> httpx.Request:
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions=request.extensions | {"sni_hostname": request.url.host},
    )
