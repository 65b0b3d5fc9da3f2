"""`fanal bench spikes`: how many false pages a week, and how much of a rise is found, on generated streams."""

import json
import time
from pathlib import Path
from typing import Any

import click

from pipeline.commands.terminal import ERR, OUT


@click.command()
@click.option("--series", type=click.IntRange(10, 2000), default=1000, help="Series of a stream (default 1,000).")
@click.option("--days", type=click.IntRange(15, 365), default=30, help="Simulated days (default 30).")
@click.option(
    "--streams",
    type=click.IntRange(1, 8),
    default=1,
    help="Streams to calibrate the other rules on, and as many to report on (default 1).",
)
@click.option("--seed", type=click.IntRange(0), default=1, help="Of the first stream; the others count up (default 1).")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Write the curve of power there, as SVG.")
@click.option("--json", "as_json", is_flag=True, help="Print the line of JSON alone.")
def spikes(series: int, days: int, streams: int, seed: int, **output: Any) -> None:
    """False pages a week and the power to find a threefold rise, of Fanal's rule and of three others, on the same streams.

    Every stream has daily and weekly rhythms, over-dispersed counts, holidays and two surges of whole platforms; no rise in it is
    real, so every page is false. Rises are played into copies of the state. Takes some two minutes a stream.
    """
    from pipeline.benchmarks.machine import machine
    from pipeline.benchmarks.spikes.measure import measure
    from pipeline.benchmarks.spikes.plot import draw
    from pipeline.benchmarks.spikes.report import figures
    from pipeline.benchmarks.spikes.streams import Plan

    began = time.process_time()
    seeds = [seed + each for each in range(2 * streams)]
    ERR.print(f"{len(seeds)} streams of {series} series over {days} days", style="dim", markup=False)
    found = figures(measure([Plan(each, series, days) for each in seeds], 660, 12), series, seeds, 1.0)
    if output["plot"]:
        output["plot"].write_text(draw(found["curve"]), encoding="utf-8")
    if not output["as_json"]:
        _print(found)
    fanal = found["rules"]["fanal"]
    line = {
        "bench": "spikes",
        "machine": machine(),
        "series": series,
        "days": days,
        "seeds": seeds,
        "cpu_s": round(time.process_time() - began, 1),
        **found,
        "false_pages_per_week": fanal["false_pages"]["a_week"],
        "power": fanal["power"]["share"],
        "seconds_to_page": fanal["seconds_to_page"],
    }
    click.echo(json.dumps(line))


def _print(found: dict[str, Any]) -> None:
    for name, row in found["rules"].items():
        false, power = row["false_pages"], row["power"]
        OUT.print(
            f"{name:<24} above {row['threshold']:>8}: {false['a_week']} false pages a week ({false['low']} to {false['high']}), "
            f"power {power['share']} ({power['low']} to {power['high']}, {power['cases']} rises), "
            f"median {row['seconds_to_page']} s",
            soft_wrap=True,
        )
    for row in found["curve"]:
        OUT.print(f"base {row['base']:>5}: {row}", soft_wrap=True)
