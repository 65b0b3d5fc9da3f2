"""The collector on the real broker: killed at random, it loses nothing, and its state can be read from anywhere."""

import asyncio
import json
import random
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest

from pipeline.settings import Settings
from tests.connected.collecting import CollectorProcess, ids_on, prepared, state_of
from tests.connected.pipelines import ROOT, Pipeline, environment, until_

pytestmark = pytest.mark.connected

COUNT = 1500


@pytest.fixture
async def topics(settings: Settings) -> AsyncIterator[Pipeline]:
    pipeline = await asyncio.to_thread(prepared, settings)
    yield pipeline
    pipeline.stop()


def fanal(settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipeline", *words]
    return subprocess.run(command, cwd=ROOT, env=environment(settings), capture_output=True, text=True, check=False)


async def test_a_collector_that_is_killed_at_random_moments_loses_nothing(topics: Pipeline, settings: Settings) -> None:
    dice = random.Random(11)
    for _ in range(3):
        process = CollectorProcess(settings, COUNT, cut=17)
        topics.workers.append(process)
        await process.port()
        await asyncio.sleep(0.2 + dice.random())
        process.kill()
    last = CollectorProcess(settings, COUNT, cut=17)
    topics.workers.append(last)

    async def at_the_end() -> bool:
        state = await state_of(settings)
        return state is not None and state.cursor == {"at": str(COUNT)} and state.erasures > 0

    await until_(at_the_end, 120)
    assert last.stop() == 0
    assert set(await ids_on(topics)) == {f"n-{number}" for number in range(COUNT)}
    state = await state_of(settings)
    assert state is not None
    assert (state.status, state.behind_s) == ("stopped", 0.5)
    letters = await topics.records(topics.topics.rejected)
    assert {record.value for record in letters} == {b"{torn\n"}
    assert letters[0].headers["whence"] == b"numbered"
    erased = await topics.records(topics.topics.erasures)
    assert {record.key for record in erased} == {b"push|n-0"}

    shown = await asyncio.to_thread(fanal, settings, "sources", "--json")
    (row,) = json.loads(shown.stdout)["sources"]
    assert (row["source"], row["status"], row["cursor"]) == ("numbered", "stopped", {"at": str(COUNT)})
    forgotten = await asyncio.to_thread(fanal, settings, "sources", "--forget", "numbered")
    assert "no source was collected from yet" in forgotten.stdout
    assert await state_of(settings) is None


async def test_a_file_is_collected_from_where_an_earlier_collector_stood(topics: Pipeline, settings: Settings) -> None:
    posts = settings.data / "posts.ndjson"
    line = '{{"platform":"push","native_id":"{}","text":"hello","created_at":"2026-11-24T08:00:00Z"}}\n'
    posts.write_text(line.format(1) + "{torn\n", encoding="utf-8")
    config = settings.data / "sources.toml"
    config.write_text(f'[sources.file]\nkind = "replay"\npath = "{posts}"\n', encoding="utf-8")
    for number in (2, 3):
        done = await asyncio.to_thread(fanal, settings, "collect", "--config", str(config))
        assert done.returncode == 0, done.stderr
        with posts.open("a", encoding="utf-8") as file:
            file.write(line.format(number))
    assert set(await ids_on(topics)) == {"1", "2"}
    state = await state_of(settings, "file")
    assert state is not None
    assert (state.status, state.posts, state.rejected) == ("ended", 2, 1)


async def test_a_collector_whose_every_source_refuses_ends_with_2_and_one_line(
    topics: Pipeline, settings: Settings
) -> None:
    config = settings.data / "sources.toml"
    config.write_text('[sources.file]\nkind = "replay"\npath = "nowhere.ndjson"\n', encoding="utf-8")
    done = await asyncio.to_thread(fanal, settings, "collect", "--config", str(config))
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("fanal: every source refuses; file: nowhere.ndjson: no such file")
