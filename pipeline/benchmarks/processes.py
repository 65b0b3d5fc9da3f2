"""CPU seconds and resident memory of processes, between two looks."""

from collections.abc import Mapping
from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class Use:
    """What one process used: CPU seconds since the first look, resident megabytes at the second."""

    cpu_s: float
    rss_mb: float


class Meter:
    """Looks at processes by name."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._processes = {name: psutil.Process(pid) for name, pid in pids.items()}
        self._began = {name: _cpu(process) for name, process in self._processes.items()}

    def use(self) -> dict[str, Use]:
        """What each has used since the meter was made."""
        return {
            name: Use(round(_cpu(process) - self._began[name], 2), round(process.memory_info().rss / 1e6, 1))
            for name, process in self._processes.items()
        }


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
