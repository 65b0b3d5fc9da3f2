"""Into Kibana through its saved-objects API: its version first, then everything in one request.

https://www.elastic.co/docs/api/doc/kibana/operation/operation-post-saved-objects-import

Ids are the same at every build, so importing again replaces what is there and mends an import that was not whole.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp

from pipeline.errors import ConfigurationError, KibanaUnavailable
from pipeline.kibana.signing import Place, Signature

LEAST_VERSION = (8, 8)
LONGEST_ANSWER = 4 << 20
_VERSION = re.compile(r"(\d{1,3})\.(\d{1,3})\.\d{1,3}[A-Za-z0-9.+-]{0,32}")
_WORD = re.compile(r"[a-z_-]{1,40}")

NO_KIBANA = "what answers at this address is no Kibana: give the address at which a browser opens it"


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, and the JSON that came with it (None: it was none)."""

    status: int
    json: Any


class Kibana:
    """A Kibana, over one connection. An async context.

    Raises in all it does:
        ConfigurationError: what answers is no Kibana, too old, or refuses who asks.
        KibanaUnavailable: it cannot be reached, or is not ready.
    """

    def __init__(self, at: Place, signature: Signature, timeout_s: float) -> None:
        self._at = at
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        connector = aiohttp.TCPConnector(ssl=signature.trust())
        headers = {"kbn-xsrf": "fanal", "Accept": "application/json", **signature.headers()}
        self._session = aiohttp.ClientSession(timeout=timeout, connector=connector, headers=headers)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def version(self) -> str:
        """Its version, which is one that these objects were written for or a later one."""
        answer = await self._ask("GET", self._at.status)
        _check(answer, self._at)
        said = answer.json.get("version") if isinstance(answer.json, Mapping) else None
        number = said.get("number") if isinstance(said, Mapping) else None
        found = _VERSION.fullmatch(number) if isinstance(number, str) else None
        if found is None:
            raise ConfigurationError(_no_version(answer))
        if (int(found[1]), int(found[2])) < LEAST_VERSION:
            raise ConfigurationError(f"Kibana {found[0]} is too old for these objects: 8.8 or later is needed")
        return found[0]

    async def put(self, text: str) -> int:
        """Import the objects of the file, over what is there; how many they were."""
        form = aiohttp.FormData()
        form.add_field("file", text.encode(), filename="fanal.ndjson", content_type="application/ndjson")
        answer = await self._ask("POST", self._at.api("saved_objects/_import?overwrite=true"), form)
        _check(answer, self._at)
        if not isinstance(answer.json, Mapping) or not isinstance(answer.json.get("success"), bool):
            raise ConfigurationError(NO_KIBANA)
        wanted, done = len(text.splitlines()) - 1, answer.json.get("successCount")
        if not answer.json["success"] or done != wanted:
            raise KibanaUnavailable(_partly(answer.json, wanted))
        return wanted

    async def _ask(self, method: str, url: str, form: aiohttp.FormData | None = None) -> Answer:
        try:
            async with self._session.request(method, url, data=form, allow_redirects=False) as response:
                return Answer(response.status, _json(await _whole(response)))
        except aiohttp.InvalidURL:
            raise ConfigurationError("--kibana takes an address such as http://127.0.0.1:5601") from None
        except aiohttp.ClientConnectorCertificateError:
            raise ConfigurationError("Kibana's certificate is not believed: set FANAL_KIBANA_CA_FILE") from None
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise KibanaUnavailable(f"Kibana: it cannot be reached ({type(error).__name__}): is it up?") from None


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    """The body, but no more of it than a Kibana says."""
    read = bytearray()
    async for chunk in response.content.iter_chunked(1 << 16):
        read += chunk
        if len(read) > LONGEST_ANSWER:
            raise ConfigurationError(NO_KIBANA)
    return bytes(read)


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None


def _check(answer: Answer, at: Place) -> None:
    """Refuse an answer that is no success, in a line that says what to do."""
    status = answer.status
    if status == 200:
        return
    if status == 401:
        raise ConfigurationError(
            "Kibana does not know who asks (401): set FANAL_KIBANA_API_KEY, or USERNAME and PASSWORD"
        )
    if status == 403:
        raise ConfigurationError("Kibana forbids it (403): the key or account needs Saved Objects Management: All")
    if status in {429, 502, 503, 504}:
        raise KibanaUnavailable(f"Kibana: it is not ready ({status}): try again when it is")
    if status == 404 and at.space and isinstance(answer.json, Mapping):
        raise ConfigurationError(f"Kibana has no space {at.space}: make it first, or leave --kibana-space out")
    if status in {400, 413, 415, 422} and isinstance(answer.json, Mapping):
        raise ConfigurationError(f"Kibana refuses the objects ({status}): nothing was imported")
    if status >= 500:
        raise KibanaUnavailable(f"Kibana: it answers {status}: its log says why")
    raise ConfigurationError(NO_KIBANA)


def _no_version(answer: Answer) -> str:
    """A Kibana that keeps its version from strangers still says how it is."""
    known = isinstance(answer.json, Mapping) and isinstance(answer.json.get("status"), Mapping)
    return "Kibana tells its version only to those it knows: set FANAL_KIBANA_API_KEY" if known else NO_KIBANA


def _partly(said: Mapping[str, Any], wanted: int) -> str:
    """How much was imported, and how often each error came; by name alone."""
    errors = said.get("errors")
    found = Counter(_named(error) for error in errors) if isinstance(errors, list) else Counter({"unknown": 1})
    listed = ", ".join(f"{count} {name}" for name, count in sorted(found.items()))
    done = said.get("successCount")
    count = done if isinstance(done, int) else 0
    return f"Kibana took {count} of {wanted} objects ({listed}): mend that and run it again; it replaces what is there"


def _named(error: Any) -> str:
    kind = error.get("error", {}).get("type") if isinstance(error, Mapping) else None
    return kind if isinstance(kind, str) and _WORD.fullmatch(kind) else "unknown"
