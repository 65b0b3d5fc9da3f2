"""What a worker judges with: the classifier, and beside it the shadow where one is set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.commands import parts
from pipeline.counting import show_model
from pipeline.errors import ConfigurationError, ModelUnavailable
from pipeline.screen.screening import Judge
from pipeline.settings import Settings
from pipeline.shadow import ShadowedJudge, log

if TYPE_CHECKING:
    from models.classifier import Classifier
    from models.shadow import Pair


def judge(settings: Settings) -> Judge:
    """What a worker judges with: the classifier, and beside it the shadow where one is set.

    A shadow that cannot be had is one line in the log: it is no reason to leave posts unread.

    Raises:
        ConfigurationError, ModelUnavailable: as `parts.classifier`.
    """
    active = parts.classifier(settings)
    if settings.model.shadow is None:
        return active
    try:
        pair = shadow_pair(settings, active)
    except ModelUnavailable as error:
        log.error("there is no shadow model; posts are screened without it", extra={"why": str(error)})
        return active
    show_model("shadow", pair.shadow.model, pair.shadow.decides_by)
    return ShadowedJudge(pair)


def shadow_pair(settings: Settings, active: Classifier) -> Pair:
    """The classifier, and the shadow that the settings name.

    Raises:
        ConfigurationError: they name none.
        ModelUnavailable: it is missing or damaged, or does not fit the base or the engine.
    """
    from models.base import Wanted
    from models.errors import ModelError
    from models.shadow import load_pair

    if settings.model.shadow is None:
        raise ConfigurationError("no shadow model is set: name the folder of a second artefact as FANAL_MODEL_SHADOW")
    try:
        weights = Wanted(settings.model.base, settings.model.base_sha256)
        return load_pair(active, settings.model.shadow, settings.cache / "models", weights)
    except ModelError as error:
        raise ModelUnavailable(f"the shadow model cannot be used: {error}") from None
