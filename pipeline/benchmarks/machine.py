"""What machine a figure was measured on."""

import os
import platform
from pathlib import Path

_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")


def machine() -> str:
    """Processor, cores that this process may use, memory, instruction sets that matter, in one line."""
    info = _cpuinfo()
    flags = [flag for flag in _FLAGS if flag in info.get("flags", "").split()]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    family = f"family {info['cpu family']} model {info['model']}" if "cpu family" in info else platform.machine()
    return f"{info.get('model name', platform.processor())} ({family}), {cores()} cores, {memory:.0f} GiB, {' '.join(flags)}"


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _cpuinfo() -> dict[str, str]:
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return {}
    first = path.read_text().split("\n\n")[0]
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in first.splitlines())}
