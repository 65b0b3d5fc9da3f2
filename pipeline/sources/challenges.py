"""The challenges by which a hub or a platform asks whether this address is meant: WebSub's and X's.

A WebSub intent is confirmed for the topics of the configuration alone, and never an unsubscription: whoever could have
one confirmed would silence a source. Source: WebSub, W3C Recommendation 2018, section 5.3.
"""

import re
from collections.abc import Mapping

from aiohttp import web

from pipeline.sources.push_sources import PushSource
from pipeline.sources.signatures import answer_crc

_CHALLENGE = re.compile(r"[\x21-\x7e]{1,512}")
_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


def answer(source: PushSource, asked: Mapping[str, str]) -> web.Response:
    """The answer to a GET: 200 with what was asked for, else 404."""
    if "crc_token" in asked and source.crc_secret:
        token = answer_crc(source.crc_secret, asked["crc_token"])
        if token:
            return web.json_response({"response_token": token}, headers=_HEADERS)
    challenge = asked.get("hub.challenge", "")
    wanted = asked.get("hub.mode") == "subscribe" and asked.get("hub.topic") in source.topics
    if wanted and _CHALLENGE.fullmatch(challenge):
        return web.Response(text=challenge, headers=_HEADERS)
    return web.Response(status=404)
