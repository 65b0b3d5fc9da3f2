"""Nothing phones home: OpenVINO's telemetry is out of reach once `models` is imported."""

import os
import subprocess
import sys
from pathlib import Path

_WATCHED = """
import sys
calls = []
sys.addaudithook(lambda event, args: calls.append(event) if event.startswith(("socket.connect", "socket.getaddrinfo")) else None)
import models
import openvino
import models.encoder
import time
time.sleep(1)
assert openvino.Core().available_devices
assert not [name for name in sys.modules if name.startswith("openvino_telemetry") and sys.modules[name]]
try:
    import openvino_telemetry
except ImportError:
    pass
else:
    raise SystemExit("the telemetry package could be imported")
assert not calls, calls
"""


def test_importing_the_engine_opens_no_connection_and_leaves_no_file(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "LANG", "VIRTUAL_ENV"}}
    root = Path(__file__).parent.parent
    subprocess.run(
        [sys.executable, "-c", _WATCHED], check=True, cwd=root, env=kept | {"HOME": str(tmp_path)}, timeout=120
    )
    assert list(tmp_path.iterdir()) == []
