import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sources.markup import MAX_HTML, plain
from pipeline.sources.server_sent import Frame, Frames


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One &amp; two</p><p>three<br>four</p>", "One & two\n\nthree\nfour"),
        ('<a href="x"><span class="invisible">https://</span><span>example.org/a</span></a>', "https://example.org/a"),
        ("a<script>alert(1)</script><style>p{}</style><template>t</template>b", "ab"),
        ("no markup at all", "no markup at all"),
        ("&lt;b&gt; stays text", "<b> stays text"),
        ("<li>one<li>two", "one\n\ntwo"),
        ("a\0b<i>\0c</i>", "abc"),
        ("<p>unclosed <b>bold", "unclosed bold"),
        ("", ""),
    ],
)
def test_markup_becomes_what_a_reader_sees(html: str, text: str) -> None:
    assert plain(html)[0].replace("\ufffd", "") == text


@pytest.mark.parametrize(
    "piece", ["<div>", "<a ", '<a x="', "<!--", "</", "<ul><li>", "<b><p>", "<table><tr>", "<p><button>", "&#"]
)
def test_hostile_markup_costs_no_more_than_its_length(piece: str) -> None:
    began = time.process_time()
    text, cut = plain(piece * 300_000)
    assert time.process_time() - began < 2
    assert cut
    assert len(text) <= MAX_HTML


@given(st.text(max_size=500))
def test_any_text_is_read_without_an_exception(html: str) -> None:
    text, _ = plain(f"<p>{html}</p>")
    assert "\0" not in text


EVENTS = [Frame("update", '{"text": "ça va — 🔸"}'.encode()), Frame("delete", b"123"), Frame("message", b"a\nb")]
WIRE = (
    b":)\n\nevent: update\ndata: %s\n\n:thump\nevent: delete\r\ndata: 123\r\n\r\n:thump\n\ndata: a\ndata: b\nid: 7\n\nevent: torn\ndata: {"
    % EVENTS[0].data
)


@given(st.lists(st.integers(0, len(WIRE)), max_size=20))
def test_however_the_wire_is_cut_the_events_are_the_same(cuts: list[int]) -> None:
    ends = [0, *sorted(cuts), len(WIRE)]
    frames = Frames()
    found = [frame for begin, end in pairwise(ends) for frame in frames.feed(WIRE[begin:end])]
    assert found == EVENTS


def test_an_event_that_is_too_large_is_cut_and_its_neighbour_is_whole() -> None:
    frames = Frames()
    found = frames.feed(b"event: update\ndata: ")
    for _ in range(20):
        found += frames.feed(b"x" * (1 << 20))
    found += frames.feed(b"\n\nevent: delete\ndata: 1\n\n")
    assert [(frame.event, frame.cut) for frame in found] == [("update", True), ("delete", False)]
    assert len(found[0].data) <= 1 << 20
    many = Frames().feed(b"data: " + b"\ndata: ".join([b"y" * (1 << 20)] * 12) + b"\n\n")
    assert [frame.cut for frame in many] == [True]
