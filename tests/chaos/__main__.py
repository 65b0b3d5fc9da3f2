"""`python -m tests.chaos`: trials over seeds, a table, and exit 1 if one fails."""

import asyncio
import json
import logging
import secrets
import sys
import tempfile
from pathlib import Path

import click
from cryptography.fernet import Fernet
from rich.console import Console

from pipeline.local.stack import LocalStack
from tests.chaos import erasures as deletions
from tests.chaos.trial import Result, trial

OUT = Console(highlight=False, soft_wrap=True)


@click.command()
@click.option("--seeds", type=int, default=1, show_default=True, help="How many trials, with seeds 1, 2, 3 ...")
@click.option("--seed", type=int, multiple=True, help="These seeds instead.")
@click.option("--fresh", is_flag=True, help="One more trial with a fresh seed, which is printed.")
@click.option(
    "--erasures", is_flag=True, help="The trial of deletions instead: 10,000 posts, of which a tenth is deleted."
)
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON per trial.")
def main(seeds: int, seed: tuple[int, ...], fresh: bool, erasures: bool, as_json: bool) -> None:
    """Kill workers, broker and search server at chosen points and at random; every post must be accounted for once.

    With --erasures: none that was deleted may be in an index afterwards, and none of the others may be missing.
    """
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    chosen = list(seed) or list(range(1, seeds + 1))
    if fresh:
        chosen.append(secrets.randbelow(1_000_000) + 1000)
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
    OUT.print(f"{passed} passed, {len(chosen) - passed} failed")
    sys.exit(0 if passed == len(chosen) else 1)


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
