"""Import OpenVINO with its telemetry out of reach.

Importing `openvino` starts its model converter's command-line tool, which sends an event over the network unless a file
in the home directory declines it. Neither the tool nor the telemetry package is needed to run a model, so both are
barred from import before `openvino` is, whoever imports it next.
"""

import sys

_BARRED = ("openvino_telemetry", "openvino.tools.ovc")


def bar_telemetry() -> None:
    """Make the telemetry package, and the tool that starts it, impossible to import in this process."""
    for name in _BARRED:
        if sys.modules.get(name) is None:
            sys.modules[name] = None  # type: ignore[assignment]  # None bars an import; the stub does not say so


bar_telemetry()
