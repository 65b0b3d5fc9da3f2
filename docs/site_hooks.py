"""For the site: links that lead out of `docs/` become the names of files in the repository, since the site holds none of them."""

import re
from pathlib import PurePosixPath
from typing import Any

_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(((?:\.\./)+[^)#\s]*)(?:#[^)]*)?\)")


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Rewrite a page's links."""
    here = PurePosixPath("docs") / PurePosixPath(page.file.src_uri).parent

    def named(link: re.Match[str]) -> str:
        place = _resolved(here, link[2])
        if place.parts[:1] == ("docs",):
            return link[0]
        shown = f"`{place}`"
        return shown if link[1].strip("`") in (str(place), place.name) else f"{link[1]} ({shown} in the repository)"

    return _LINK.sub(named, markdown)


def _resolved(here: PurePosixPath, link: str) -> PurePosixPath:
    parts = list(here.parts)
    for part in PurePosixPath(link).parts:
        if part == "..":
            parts = parts[:-1]
        else:
            parts.append(part)
    return PurePosixPath(*parts)
