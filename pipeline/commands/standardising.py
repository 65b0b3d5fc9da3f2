"""Where the local statistics lie, and the classifier that decides by them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import ModelUnavailable
from pipeline.settings import Settings

if TYPE_CHECKING:
    from models.classifier import Classifier


def statistics_file(settings: Settings) -> Path:
    """Where `fanal model refresh` writes, and where a classifier finds it at its start."""
    return settings.model.statistics or settings.data / "model" / "statistics.json"


def with_statistics(shipped: Classifier, settings: Settings) -> Classifier:
    """The classifier with the local statistics, where there are some.

    Raises:
        ModelUnavailable: they are damaged, or of another artefact or engine.
    """
    from models.errors import ModelError
    from models.measured import load_statistics

    file = statistics_file(settings)
    try:
        statistics = load_statistics(file)
        return shipped.with_statistics(statistics) if statistics else shipped
    except ModelError as error:
        told = str(error)
        raise ModelUnavailable(told if str(file) in told else f"{file}: {told}") from None
