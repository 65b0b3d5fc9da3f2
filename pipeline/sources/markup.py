"""HTML that strangers wrote, as plain text: what a reader would see, at a cost in proportion to its length. Pure.

The parser is lexbor's, which reads as browsers do. Deep nesting alone makes it slow, so a text is cut at its 4000th tag; the
standard library's parser needs more than a minute for 100,000 characters of unclosed tags.
"""

from selectolax.lexbor import LexborHTMLParser, SelectolaxError

MAX_HTML = 200_000
MAX_TAGS = 4_000
_UNSEEN = ["script", "style", "template", "noscript", "iframe", "object", "svg", "math", "head", "title"]
_BLOCKS = "p,div,li,ul,ol,blockquote,pre,h1,h2,h3,h4,h5,h6,tr,table,section,article"


def plain(html: str) -> tuple[str, bool]:
    """The text, blocks and `<br>` as line breaks, blank lines at most one at a time; and whether any was cut off."""
    kept = _bounded(html)
    cut = len(kept) < len(html)
    if "<" not in kept and "&" not in kept:
        return _tidy(kept), cut
    try:
        return _tidy(_text(kept)), cut
    except SelectolaxError:
        return _tidy(kept), True


def _bounded(html: str) -> str:
    html = html[:MAX_HTML]
    if html.count("<") <= MAX_TAGS:
        return html
    return "<".join(html.split("<", MAX_TAGS + 1)[: MAX_TAGS + 1])


def _text(html: str) -> str:
    tree = LexborHTMLParser(f"<!doctype html><html><body>{html}")
    tree.strip_tags(_UNSEEN, recursive=True)
    body = tree.body
    if body is None:
        return ""
    for node in body.css("br"):
        node.insert_before("\n")
    for node in body.css(_BLOCKS):
        node.insert_before("\n")
        node.insert_after("\n\n" if node.tag == "p" else "\n")
    return body.text(deep=True)


def _tidy(text: str) -> str:
    """No NUL, no space around lines, one blank line at most in a row."""
    lines = [" ".join(line.split()) for line in text.replace("\0", "").splitlines()]
    kept = [line for at, line in enumerate(lines) if line or (at and lines[at - 1])]
    return "\n".join(kept).strip()
