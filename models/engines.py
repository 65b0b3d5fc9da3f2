"""The engines by name: what computes the encoder, in which precision, and what it needs of the machine.

A name is `RUNNER-PRECISION`, or with a variant of the precision behind it. Calibrations are filed under it: another
precision moves the tail in which the thresholds lie, and another runner may.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from models.errors import EngineError

Precision = Literal["f32", "bf16", "f16", "int8"]


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine: who computes, in which precision, with which instructions (any one of them), from which extra."""

    runner: Literal["openvino", "onnxruntime", "torch"]
    precision: Precision
    needs: tuple[str, ...] = ()  # without, the processor would emulate the precision: slower, and not what is measured
    extra: str | None = None
    variant: str | None = None  # of the precision
    built: bool = False  # whether `fanal model build` must have made its files

    @property
    def name(self) -> str:
        """The name that settings and calibrations know it by."""
        return "-".join(filter(None, (self.runner, self.precision, self.variant)))


_BF16 = ("amx_bf16", "avx512_bf16")
_INT8 = ("amx_int8", "avx512_vnni", "avx_vnni", "asimddp")

F32, BF16, INT8, INT8_STATIC = "openvino-f32", "openvino-bf16", "openvino-int8", "openvino-int8-static"
ORT_F32, ORT_INT8 = "onnxruntime-f32", "onnxruntime-int8"
TORCH_F32, TORCH_BF16, TORCH_F16 = "torch-f32", "torch-bf16", "torch-f16"
AUTO = "auto"
ENGINES = {
    one.name: one
    for one in (
        Engine("openvino", "f32"),
        Engine("openvino", "bf16", _BF16),
        Engine("openvino", "int8", _INT8),
        Engine("openvino", "int8", _INT8, extra="build", variant="static", built=True),
        Engine("onnxruntime", "f32", extra="onnx"),
        Engine("onnxruntime", "int8", _INT8, extra="onnx", built=True),
        Engine("torch", "f32", extra="torch"),
        Engine("torch", "bf16", (*_BF16, "accelerator"), extra="torch"),
        Engine("torch", "f16", ("accelerator",), extra="torch"),
    )
}


@dataclass(frozen=True, slots=True)
class Sizing:
    """How an engine spreads its work: threads in all, batches at once, padded tokens a batch. None: what is best here."""

    threads: int | None = None
    streams: int | None = None
    budget: int | None = None


AS_MEASURED = Sizing()


@dataclass(frozen=True, slots=True)
class Running:
    """How the encoder is to run: on which engine, or `auto`, and how that spreads its work."""

    engine: str = AUTO
    sizing: Sizing = AS_MEASURED


DEFAULT = Running()


def cpu_flags(info: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """Give the instruction sets of the first processor; none where the system does not list them."""
    try:
        lines = info.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    listed = (line.partition(":")[2].split() for line in lines if line.startswith(("flags", "Features")))
    return frozenset(next(listed, []))


def runs_natively(engine: str, flags: Collection[str]) -> bool:
    """Tell whether a processor with these flags computes in the engine's precision, and does not emulate it."""
    needs = ENGINES[engine].needs
    return not needs or any(flag in flags for flag in needs)


def native_engines(flags: Collection[str], runner: str = "openvino") -> list[str]:
    """Give the engines of a runner that a processor with these flags runs natively and that need no build."""
    return [
        name for name, one in ENGINES.items() if one.runner == runner and not one.built and runs_natively(name, flags)
    ]


def choose_engine(wanted: str, flags: Collection[str], trusted: Collection[str], kept: str | None = None) -> str:
    """Give the engine to run: the one wanted, or for `auto` what the build kept, else the fastest that needs no build.

    `trusted` names the engines that are calibrated and agree with f32; `auto` takes no other in place of f32. One that
    is asked for by name is never replaced: if it does not exist, or the processor lacks its instructions, this is an
    `EngineError`.
    """
    if wanted != AUTO:
        return checked(wanted, flags)
    if kept in trusted and kept in ENGINES and runs_natively(kept, flags):
        return kept
    order = (BF16, INT8) if "amx_bf16" in flags else (INT8, BF16)  # measured: only AMX makes bf16 the faster one
    return next((one for one in order if one in trusted and runs_natively(one, flags)), F32)


def checked(engine: str, flags: Collection[str]) -> str:
    """Give the engine back if it exists and a processor with these flags runs it natively; else an `EngineError`.

    What torch may run on besides the processor is for its runner to find out.
    """
    if engine not in ENGINES:
        raise EngineError(f"there is no engine {engine}: choose {AUTO}, {', '.join(ENGINES)}")
    if ENGINES[engine].runner != "torch" and not runs_natively(engine, flags):
        needs = " or ".join(ENGINES[engine].needs)
        raise EngineError(f"this processor cannot run the engine {engine}, it lacks {needs}: choose {AUTO} or {F32}")
    return engine
