"""`python -m tests.chaos`: trials over seeds, a table, and exit 1 if one fails."""

import asyncio
import json
import logging
import secrets
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
from cryptography.fernet import Fernet
from rich.console import Console

from pipeline.local.stack import LocalStack
from tests.chaos import erasures as deletions
from tests.chaos import neighbours as beside
from tests.chaos import sources as collections
from tests.chaos.platforms import PLATFORMS
from tests.chaos.trial import Result, trial
from tests.conftest import CACHE
from tests.connected.own_broker import OwnBroker, own_broker

OUT = Console(highlight=False, soft_wrap=True)


@click.command()
@click.option("--seeds", type=int, default=1, show_default=True, help="How many trials, with seeds 1, 2, 3 ...")
@click.option("--seed", type=int, multiple=True, help="These seeds instead.")
@click.option("--fresh", is_flag=True, help="One more trial with a fresh seed, which is printed.")
@click.option(
    "--erasures", is_flag=True, help="The trial of deletions instead: 10,000 posts, of which a tenth is deleted."
)
@click.option("--sources", is_flag=True, help="The trial of the collector instead: it and the broker are killed.")
@click.option(
    "--kind", multiple=True, type=click.Choice([*PLATFORMS, "all"]), help="With --sources: these kinds alone."
)
@click.option(
    "--neighbours", type=float, metavar="MINUTES", help="The trial of a collector beside ill sources instead."
)
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON per trial.")
def main(
    *,
    seeds: int,
    seed: tuple[int, ...],
    fresh: bool,
    erasures: bool,
    sources: bool,
    kind: tuple[str, ...],
    neighbours: float | None,
    as_json: bool,
) -> None:
    """Kill workers, broker and search server at chosen points and at random; every post must be accounted for once.

    With --erasures: none that was deleted may be in an index afterwards, and none of the others may be missing.
    With --sources: all that each platform sent must be on the topics, and nothing twice but what de-duplication removes.
    With --neighbours: posts of two well sources come as soon while a host hangs, one floods and one sends garbage.
    """
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    if neighbours is not None:
        sys.exit(_beside(neighbours))
    chosen = list(seed) or list(range(1, seeds + 1))
    if fresh:
        chosen.append(secrets.randbelow(1_000_000) + 1000)
    passed = _of_sources(chosen, kind, as_json) if sources else _of_workers(chosen, erasures, as_json)
    OUT.print(f"{passed} passed, {len(chosen) - passed} failed")
    sys.exit(0 if passed == len(chosen) else 1)


def _beside(minutes: float) -> int:
    """The trial beside ill neighbours: a line of JSON, and 1 if something is wrong."""
    with (
        tempfile.TemporaryDirectory(prefix="fanal-chaos-", ignore_cleanup_errors=True) as folder,
        own_broker(Path(folder) / "broker", CACHE) as broker,
    ):
        result = asyncio.run(beside.trial(broker, Path(folder), minutes, say=lambda text: click.echo(text, err=True)))
    click.echo(json.dumps(result.row()))
    return 1 if result.faults else 0


def _of_sources(seeds: Sequence[int], kinds: Sequence[str], as_json: bool) -> int:
    """Trials of the collector; how many passed."""

    async def run(broker: OwnBroker, folder: Path) -> int:
        passed = 0
        for one in seeds:
            result = await collections.trial(broker, folder, one, wanted)
            for row in result.rows():
                OUT.print(json.dumps(row) if as_json else _in_words(row), markup=False)
            passed += result.passed
        return passed

    wanted = list(PLATFORMS) if not kinds or "all" in kinds else list(dict.fromkeys(kinds))
    with (
        tempfile.TemporaryDirectory(prefix="fanal-chaos-", ignore_cleanup_errors=True) as folder,
        own_broker(Path(folder) / "broker", CACHE) as broker,
    ):
        return asyncio.run(run(broker, Path(folder)))


def _in_words(row: Mapping[str, object]) -> str:
    counts = " ".join(f"{name} {row[name]}" for name in ("sent", "received", "lost", "twice", "kills", "broker_kills"))
    verdict = f"FAILED: {row['faults']}" if row["faults"] else "passed"
    return f"seed {row['seed']:<7} {row['seconds']:5} s  {row['kind']:<9} {counts}  {verdict}"


def _of_workers(chosen: Sequence[int], erasures: bool, as_json: bool) -> int:
    """Trials of the workers; how many passed."""
    keys = {
        "FANAL_PRIVACY_PSEUDONYM_KEY": secrets.token_urlsafe(32),
        "FANAL_PRIVACY_EVIDENCE_KEY": Fernet.generate_key().decode(),
    }
    passed = 0
    with (
        tempfile.TemporaryDirectory(prefix="fanal-chaos-", ignore_cleanup_errors=True) as folder,
        LocalStack(Path(folder)) as stack,
    ):
        for one in chosen:
            result = asyncio.run(_one(stack, Path(folder), one, keys, erasures))
            _print(result, as_json)
            passed += result.passed
    return passed


async def _one(
    stack: LocalStack, folder: Path, seed: int, keys: dict[str, str], erasures: bool
) -> Result | deletions.Result:
    if erasures:
        return await deletions.trial(stack, folder, seed, keys)
    return await trial(stack, folder, seed, keys)


def _print(result: Result | deletions.Result, as_json: bool) -> None:
    if as_json:
        OUT.print(json.dumps(result.row()), markup=False)
        return
    killed = ", ".join(f"{name} {count}" for name, count in sorted(result.killed.items()))
    verdict = "passed" if result.passed else "FAILED: " + "; ".join(result.faults)
    summary = result.account.summary()
    names = ("in", "benign", "hits", "indexed", "rejected", "duplicates", "erased")
    counts = " ".join(f"{name} {summary[name]}" for name in names)
    if isinstance(result, Result):
        seen = f"replays {result.replays:<4}"
    else:
        seen = f"deleted {result.deleted}, {result.hits_written} as hits, tried again {result.tried_again} "
    OUT.print(
        f"seed {result.seed:<7} {result.seconds:5.0f} s  {seen} {counts}  killed: {killed}  {verdict}",
        markup=False,
    )


if __name__ == "__main__":
    main()
