"""The hub's own library, as it is used here: quiet, its progress as ours, its errors in one line."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from models.errors import HubError, ModelError


class Bar:
    """Takes the place of the library's progress bar, and tells what has come of one file."""

    def __init__(
        self, report: Callable[[float], None], *, total: int | None = None, initial: int = 0, **_: Any
    ) -> None:
        self._report = report
        self._total = total
        self._done = initial

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def update(self, count: int) -> None:
        """Add so many bytes."""
        self._done += count
        if self._total:
            self._report(min(0.99, self._done / self._total))


def hub_library() -> Any:
    """Import the hub's library, told to keep quiet and to send nothing but requests for files."""
    try:
        import huggingface_hub
        from huggingface_hub import constants
        from huggingface_hub.utils import logging
    except ImportError as error:
        raise ModelError(
            f"a base on a hub needs the extra `hub`, and {error.name} is not installed: pip install 'fanal[hub]', or in a "
            "checkout pip install -e '.[hub]'"
        ) from error
    constants.HF_HUB_DISABLE_TELEMETRY = True
    constants.HF_HUB_DISABLE_XET = True  # its files and logs would lie outside our cache
    logging.set_verbosity_error()
    return huggingface_hub


@contextmanager
def in_one_line() -> Iterator[None]:
    """Turn what the library raises into one line that a person can act on."""
    from httpx import HTTPError, InvalidURL
    from huggingface_hub import errors

    try:
        yield
    except errors.GatedRepoError as error:
        raise HubError("it is gated: accept its terms on its page and set HF_TOKEN") from error
    except errors.RepositoryNotFoundError as error:
        raise HubError("the hub has no such repository, or it is private: check the name, or set HF_TOKEN") from error
    except errors.RevisionNotFoundError as error:
        raise HubError("the repository has no such revision") from error
    except errors.RemoteEntryNotFoundError as error:
        name = error.response.url.path.rpartition("/")[2]
        raise HubError(f"the repository holds no {name}: only models saved as safetensors are read") from error
    except (HTTPError, InvalidURL, OSError, ValueError, KeyError, TypeError) as error:
        cause = error.__cause__ if isinstance(error, errors.LocalEntryNotFoundError) and error.__cause__ else error
        said = (str(cause).strip().splitlines() or [""])[0]
        raise HubError(
            f"the cache holds no whole copy, and it cannot be fetched ({type(cause).__name__}: {said:.150}): try again, or "
            "set model.base to a folder"
        ) from error
