"""The multilingual classifier: base encoder, heads, corpus, training, evaluation. It knows no pipeline."""

import models.silence  # noqa: F401  # bars OpenVINO's telemetry before any module here can import openvino
