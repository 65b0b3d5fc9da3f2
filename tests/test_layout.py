"""The layout holds: who may import what, and every metric is declared once and emitted."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

from pipeline import errors, metrics

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted([*(ROOT / "pipeline").rglob("*.py"), *(ROOT / "models").rglob("*.py")])
GAUGES = ("_seconds", "_records", "_state", "_left", "_surprise", "_spikes", "_info", "_broken")
METRICS = {name: value for name, value in vars(metrics).items() if isinstance(value, MetricWrapperBase)}


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def importers(*packages: str) -> set[str]:
    """The modules of ours that import one of these packages."""
    return {module(path) for path in SOURCES if {name.partition(".")[0] for name in imported(path)} & set(packages)}


def test_only_the_application_and_the_agents_import_faust() -> None:
    assert importers("faust", "mode") <= {"pipeline.app", "pipeline.agents"}


def test_only_the_index_imports_elasticsearch() -> None:
    assert all(name.startswith("pipeline.index.") for name in importers("elasticsearch", "elastic_transport"))


def test_only_the_models_import_what_runs_models() -> None:
    runs = (
        "torch",
        "transformers",
        "onnx",
        "onnxruntime",
        "openvino",
        "nncf",
        "safetensors",
        "tokenizers",
        "huggingface_hub",
    )
    found = importers(*runs)
    assert all(name.startswith("models.") for name in found)


def test_the_models_know_nothing_of_the_pipeline() -> None:
    assert not {name for name in importers("pipeline") if name.startswith("models.")}


def test_only_commands_choose_implementations() -> None:
    chosen = {"pipeline.outbox", "pipeline.recall", "pipeline.index.store", "pipeline.settings", "models.classifier"}
    allowed = (
        "pipeline.commands.",
        "pipeline.benchmarks.",
        "pipeline.index.",
        "pipeline.app",
        "pipeline.keys",
        "models.",
    )
    for path in SOURCES:
        if chosen & set(imported(path)):
            assert module(path).startswith(allowed), module(path)


@pytest.mark.parametrize("pure", ["screen", "trends"])
def test_what_is_pure_reaches_no_server(pure: str) -> None:
    servers = ("kafka", "aiokafka", "faust", "elasticsearch", "aiohttp", "socket", "asyncio", "requests", "httpx")
    assert not {name for name in importers(*servers) if name.startswith(f"pipeline.{pure}.")}


def test_no_module_is_named_for_nothing() -> None:
    assert not {path.stem for path in SOURCES} & {
        "utils",
        "util",
        "helpers",
        "helper",
        "common",
        "misc",
        "base_classes",
        "manager",
    }


def test_every_metric_is_ours_and_has_help() -> None:
    assert METRICS
    for metric in METRICS.values():
        [described] = metric.describe()
        assert described.name.startswith("fanal_")
        assert described.documentation.endswith(".")
        assert len(described.documentation) > 20


def test_a_metric_is_named_for_its_unit() -> None:
    for metric in METRICS.values():
        [described] = metric.describe()
        assert "milli" not in described.name
        if isinstance(metric, Histogram):
            assert described.name.endswith(("_seconds", "_posts", "_ratio"))
        if isinstance(metric, Gauge):
            assert described.name.endswith(GAUGES)
        if isinstance(metric, Counter):
            assert not described.name.endswith("_seconds")


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_is_emitted_somewhere(name: str) -> None:
    used = {
        node.attr
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "metrics"
    }
    assert name in used


def test_no_metric_is_declared_elsewhere() -> None:
    declaring = {
        module(path)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("Gauge", "Histogram", "Info")
    }
    reading = {"pipeline.counting", "pipeline.metrics_page", "pipeline.serving"}
    assert importers("prometheus_client") <= {"pipeline.metrics", *reading}
    assert declaring == {"pipeline.metrics"}


def test_every_exception_of_ours_stands_in_the_drawn_tree() -> None:
    ours = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}
    assert errors.__doc__ is not None
    assert all(name in errors.__doc__ for name in ours)
