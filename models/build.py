"""Search this machine's fastest engine that flags whom fp32 flags: what `fanal model build` does.

Every engine that could run is made, read beside fp32 on the same graph where decisions are made (the background posts that
stand highest, and all examples), given a calibration of its own, held against the golden scores, and timed. The
fastest of those that agree is kept; the rest are reported with the reason.
"""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np

from models.agreement import MOST_DELTA, Agreement
from models.base import Base
from models.built import Build, Built, build_folder, save_build
from models.calibration import Calibration
from models.comparing import Reading, compare, sorting_posts
from models.dataset import Row
from models.encoder import MAX_TOKENS, Encoder
from models.engines import AS_MEASURED, ENGINES, F32, INT8_STATIC, ORT_INT8, Sizing, runs_natively
from models.errors import ModelError
from models.golden import Golden, against_golden
from models.heads import Heads, Logits
from models.runners import Features
from models.transfer import transfer

BACKGROUND = 20_000
_TIMED = 600  # posts a timing: seconds on a slow engine
_ROUNDS = 3
_BUDGETS = (512, 768)
_EVERY = 3  # of the posts that sort, so many are read to choose a smoothing

Say = Callable[[str], None]
Read = Callable[[Sequence[str]], Features]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a build starts from: base and heads, the posts, the cache, the threads, and where to report.

    `reference` reads posts in fp32 on the same graph, and may remember those that it has read. Without background in
    `rows`, engines that need real posts to be made are left out.
    """

    base: Base
    heads: Heads
    golden: Golden
    rows: Sequence[Row]
    cache: Path
    threads: int | None
    machine: str
    reference: Read
    say: Say


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one engine: how far it agrees with fp32 and with the golden scores, its best size and rate, or why not."""

    engine: str
    why_not: str | None = None
    agreement: Agreement | None = None
    golden: Agreement | None = None
    sizing: Sizing = AS_MEASURED
    posts_per_s: float | None = None


@dataclass(frozen=True, slots=True)
class _Posts:
    """The posts that sort engines, and what fp32 makes of them."""

    rows: Sequence[Row]
    reading: Reading
    background: int
    timed: Sequence[str]
    found: dict[str, Logits] = field(default_factory=dict)

    @property
    def texts(self) -> list[str]:
        return [row.text for row in self.rows]


def build(plan: Plan, engines: Sequence[str]) -> list[Tried]:
    """Try the engines and write the build; a row for each engine, fp32 first."""
    folder = build_folder(plan.cache, plan.base.sha256, plan.heads)
    folder.mkdir(parents=True, exist_ok=True)
    posts = _posts(plan)
    tried, calibrations = [], {}
    for engine in dict.fromkeys([F32, *engines]):
        plan.say(f"{engine}: making and comparing")
        one, calibration = _try(plan, engine, posts, folder)
        tried.append(one)
        if calibration and one.why_not is None:
            calibrations[engine] = calibration
        plan.say(f"{engine}: {one.why_not or one.agreement}")
    rates = _rates(plan, list(calibrations), posts.timed, folder)
    tried = [_with_rate(one, rates) for one in tried]
    kept = max(rates, key=lambda engine: rates[engine][1])
    made = {
        one.engine: Built(calibrations[one.engine], one.agreement, one.sizing, one.posts_per_s)
        for one in tried
        if one.agreement and one.posts_per_s
    }
    files = [path.name for engine in made for path in folder.glob(f"{engine}.*")]
    save_build(Build(folder, kept, plan.machine, made, files))
    (folder / "report.md").write_text(render_report(plan, tried, kept), encoding="utf-8")
    return tried


def candidates(has_background: bool, flags: Collection[str]) -> list[str]:
    """Give the engines on the processor that could run here; those that are quantised on posts only where there are some."""
    native = [name for name, one in ENGINES.items() if one.runner != "torch" and runs_natively(name, flags)]
    return [name for name in native if has_background or name != INT8_STATIC]


def _posts(plan: Plan) -> _Posts:
    """Read everything in fp32 and choose the posts that sort engines."""
    plan.say(f"{F32}: reading {len(plan.rows)} posts")
    logits = plan.heads(plan.reference([row.text for row in plan.rows]))
    reading = Reading(logits, plan.heads.calibrations[F32])
    chosen = sorting_posts(reading, plan.rows)
    part = Reading(Logits(logits.stream[chosen], logits.near[chosen]), reading.calibration)
    background = [row.text for row in plan.rows if row.is_background] or [row.text for row in plan.rows]
    timed = background[:: max(1, len(background) // _TIMED)][:_TIMED]
    count = sum(row.is_background and row.measured for row in plan.rows)
    return _Posts([plan.rows[place] for place in chosen.tolist()], part, count, timed)


def _try(plan: Plan, engine: str, posts: _Posts, folder: Path) -> tuple[Tried, Calibration | None]:
    try:
        if engine == INT8_STATIC:
            _make_int8(plan, posts, folder)
        elif engine == ORT_INT8:
            from models.runners.onnx_graph import quantise

            quantise(plan.base, folder)
        encoder = Encoder(plan.base, engine, Sizing(plan.threads), folder)
    except ModelError as error:
        return Tried(engine, str(error)), None
    logits = plan.heads(encoder.encode(posts.texts))
    calibration = transfer(posts.reading.calibration, posts.reading.logits, logits)
    if engine == F32:
        calibration = posts.reading.calibration
    agreement = compare(posts.reading, Reading(logits, calibration), posts.rows, posts.background)
    golden = against_golden(plan.golden, plan.heads, encoder, calibration)
    why_not = None if agreement.holds and golden.holds else f"refused: {agreement}; golden: {golden}"
    return Tried(engine, why_not, agreement, golden), calibration


def _make_int8(plan: Plan, posts: _Posts, folder: Path) -> None:
    """Quantise with each smoothing and keep the file of the one that moves the logits least."""
    from models.quantise import POSTS, SMOOTHINGS, quantise, save
    from models.runners.openvino import OpenVinoRunner

    background = [row.text for row in plan.rows if row.is_background and row.measured]
    some = background[:: max(1, len(background) // POSTS)][:POSTS]
    sample = list(range(0, len(posts.rows), _EVERY))
    best = np.inf
    for smoothing in SMOOTHINGS:
        graph = quantise(plan.base, some, MAX_TOKENS, smoothing)
        runner = OpenVinoRunner(plan.base, ENGINES[INT8_STATIC], Sizing(plan.threads), graph)
        encoder = Encoder.on(plan.base, INT8_STATIC, runner)
        moved = _moved(plan.heads(encoder.encode([posts.rows[place].text for place in sample])), posts, sample)
        plan.say(f"{INT8_STATIC}: smoothing {smoothing} moves the logits by {moved:.3f} (p99; at most {MOST_DELTA})")
        if moved < best:
            best = moved
            save(graph, folder / f"{INT8_STATIC}.xml")


def _moved(logits: Logits, posts: _Posts, sample: Sequence[int]) -> float:
    one = posts.reading.logits
    apart = np.hstack([one.stream[sample] - logits.stream, one.near[sample] - logits.near])
    return float(np.quantile(np.abs(apart), 0.99))


def _rates(plan: Plan, engines: Sequence[str], texts: Sequence[str], folder: Path) -> dict[str, tuple[Sizing, float]]:
    """Time each engine in each size, in rounds, so that other work on the machine meets all of them alike."""
    found: dict[tuple[str, Sizing], list[float]] = {}
    for number in range(_ROUNDS):
        for engine in engines:
            for sizing in _sizings(engine, plan.threads):
                encoder = Encoder(plan.base, engine, sizing, folder)
                encoder.encode(texts[:: max(1, len(texts) // 64)])
                began = time.perf_counter()
                encoder.encode(texts)
                found.setdefault((engine, sizing), []).append(len(texts) / (time.perf_counter() - began))
        plan.say(f"timing: round {number + 1} of {_ROUNDS}")
    best: dict[str, tuple[Sizing, float]] = {}
    for (engine, sizing), rates in found.items():
        rate = round(median(rates), 1)
        if engine not in best or rate > best[engine][1]:
            best[engine] = sizing, rate
    return best


def _sizings(engine: str, threads: int | None) -> list[Sizing]:
    if ENGINES[engine].runner == "torch":
        return [Sizing(threads)]
    streams = [None] if threads == 1 else [None, 1]  # a stream a thread, or all threads on one batch
    return [Sizing(threads, one, budget) for one in streams for budget in _BUDGETS]


def _with_rate(one: Tried, rates: dict[str, tuple[Sizing, float]]) -> Tried:
    if one.engine not in rates:
        return one
    sizing, rate = rates[one.engine]
    return Tried(one.engine, one.why_not, one.agreement, one.golden, sizing, rate)


def render_report(plan: Plan, tried: Sequence[Tried], kept: str) -> str:
    """Give the report of a build as Markdown."""
    lines = [
        "# The engines on this machine",
        "",
        f"{plan.machine}. Heads {plan.heads.version}, base {plan.base.sha256[:12]}. Kept: **{kept}**.",
        "",
        "| engine | posts/s | streams | tokens a batch | against fp32 | against the golden scores | |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in tried:
        rate = f"{one.posts_per_s:.1f}" if one.posts_per_s else ""
        words = "kept" if one.engine == kept else (one.why_not or "").replace("|", "\\|")
        streams, budget = one.sizing.streams or "one a thread", one.sizing.budget or "as it comes"
        cells = [one.engine, rate, streams, budget, _short(one.agreement), _short(one.golden), words]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines) + "\n"


def _short(agreement: Agreement | None) -> str:
    if agreement is None:
        return ""
    compared = agreement.top + agreement.examples
    return f"{agreement.flips} of {compared} flags differ, p99 {agreement.p99:.3f}"
