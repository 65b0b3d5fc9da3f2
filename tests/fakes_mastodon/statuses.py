"""Statuses as an instance writes them."""

from datetime import UTC, datetime, timedelta
from typing import Any

BEGIN = datetime(2026, 11, 1, 12, tzinfo=UTC)
HOST = "mastodon.example.org"


def snowflake(number: int) -> str:
    return str((int((BEGIN + timedelta(seconds=number)).timestamp() * 1000) << 16) + number)


def status(number: int, **changed: Any) -> dict[str, Any]:
    """The status with a number: of the instance's own people, unless changed."""
    status_id = snowflake(number)
    written = BEGIN + timedelta(seconds=number)
    return {
        "id": status_id,
        "uri": f"https://{HOST}/users/ana_example/statuses/{status_id}",
        "url": f"https://{HOST}/@ana_example/{status_id}",
        "content": f"<p>Good morning, number {number} &amp; all — ça va?</p>",
        "created_at": written.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "edited_at": None,
        "visibility": "public",
        "language": "en",
        "sensitive": False,
        "spoiler_text": "",
        "account": {"id": "7", "acct": "ana_example", "uri": f"https://{HOST}/users/ana_example", "noindex": False},
        "media_attachments": [],
        "mentions": [],
        "tags": [],
    } | changed
