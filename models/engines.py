"""The engines by name, what a processor must have for each, and which one `auto` takes.

A name holds the engine and its precision, because calibrations are filed under it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from models.errors import EngineError

F32, BF16 = "openvino-f32", "openvino-bf16"
AUTO = "auto"
ENGINES = (F32, BF16)

_HINTS = {F32: "f32", BF16: "bf16"}
_NEEDS = {F32: (), BF16: ("amx_bf16", "avx512_bf16")}  # any one of them; without, OpenVINO would run f32 unasked


@dataclass(frozen=True, slots=True)
class Running:
    """How the encoder is to run: on which engine, or `auto`, and on how many threads, None being every core."""

    engine: str = AUTO
    threads: int | None = None


DEFAULT = Running()


def cpu_flags(info: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """Give the instruction sets of the first processor; none where the system does not list them."""
    try:
        lines = info.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    return frozenset(next((line.partition(":")[2].split() for line in lines if line.startswith("flags")), []))


def runs_natively(engine: str, flags: Collection[str]) -> bool:
    """Tell whether a processor with these flags computes in the engine's precision, and does not emulate it."""
    needs = _NEEDS[engine]
    return not needs or any(flag in flags for flag in needs)


def native_engines(flags: Collection[str]) -> list[str]:
    """Give the engines that a processor with these flags runs natively."""
    return [engine for engine in ENGINES if runs_natively(engine, flags)]


def choose_engine(wanted: str, flags: Collection[str], trusted: Collection[str]) -> str:
    """Give the engine to run: the one wanted, or for `auto` the fastest that is native and trusted, else f32.

    `trusted` names the engines that the artefact is calibrated for and that agree with f32. One that is asked for by name
    need not be among them. One that does not exist, or that the processor lacks the instructions for, is an `EngineError`.
    """
    if wanted != AUTO:
        return checked(wanted, flags)
    return BF16 if BF16 in trusted and runs_natively(BF16, flags) else F32


def checked(engine: str, flags: Collection[str]) -> str:
    """Give the engine back if it exists and a processor with these flags runs it natively; else an `EngineError`."""
    if engine not in ENGINES:
        raise EngineError(f"there is no engine {engine}: choose {AUTO}, {' or '.join(ENGINES)}")
    if not runs_natively(engine, flags):
        needs = " or ".join(_NEEDS[engine])
        raise EngineError(f"this processor cannot run the engine {engine}, it lacks {needs}: choose {AUTO} or {F32}")
    return engine


def precision_hint(engine: str) -> str:
    """Give OpenVINO's name of the engine's precision."""
    return _HINTS[engine]
