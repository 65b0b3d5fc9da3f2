"""Pipelines for the tests: one with its workers for those in which nothing breaks, and a bare one for the others."""

from collections.abc import AsyncIterator

import pytest

from pipeline.settings import Settings
from tests.conftest import NewSettings
from tests.connected.pipelines import Pipeline, opened


@pytest.fixture(scope="package")
async def running(new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pipeline]:
    """A pipeline with a worker of each role. Each test sends posts of its own."""
    async with opened(new_settings(tmp_path_factory.mktemp("running"))) as pipeline:
        for worker in [pipeline.start("screening"), pipeline.start("indexing")]:
            await worker.ready()
        yield pipeline


@pytest.fixture
async def pipeline(settings: Settings) -> AsyncIterator[Pipeline]:
    """A pipeline without workers."""
    async with opened(settings) as made:
        yield made
