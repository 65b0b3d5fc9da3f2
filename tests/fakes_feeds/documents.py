"""Feeds as sites write them."""


def item(number: int, text: str | None = None, guid: bool = True, more: str = "") -> str:
    named = f'<guid isPermaLink="false">n{number}</guid>' if guid else ""
    said = text or f"&lt;p&gt;Room {number} to let &amp;amp; quiet&lt;/p&gt;"
    return f"""<item><title>Advert {number}</title>{named}<description>{said}</description>{more}</item>"""


DATED = "<pubDate>Sun, 01 Nov 2026 12:00:00 GMT</pubDate>"


def rss(*items: str, more: str = "") -> bytes:
    inside = "".join(items)
    return f"""<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:georss="http://www.georss.org/georss"><channel><title>Adverts &amp; more</title>
<language>en</language>{more}{inside}</channel></rss>""".encode()


def atom(number: int, updated: str) -> bytes:
    return f"""<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><title>Notes</title><entry><id>tag:example.org,2026:{number}</id>
<title>Note {number}</title><updated>{updated}</updated><published>2026-11-01T12:00:00Z</published>
<content type="html">&lt;p&gt;Noted&lt;script&gt;alert(1)&lt;/script&gt;&lt;/p&gt;</content><author><name>Ana</name></author>
<link rel="enclosure" type="image/jpeg" href="http://example.org/a.jpg"/><category term="jobs"/></entry></feed>""".encode()
