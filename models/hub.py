"""A base encoder on a model hub, in full precision: fetched once, checked, and not looked up again.

The client is the hub's own library; the endpoint is `HF_ENDPOINT`, as it has it. Only the files that are read are fetched,
into Fanal's cache, over plain HTTP. An interrupted fetch goes on where it stopped.
"""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from models.architecture import CONFIG, TOKENIZER, read_architecture, read_tokenizer
from models.contents import About, Contents
from models.errors import HubError, ModelError
from models.hub_client import Bar, hub_library, in_one_line
from models.progress import Progress
from models.saved import INDEX, WEIGHTS, digest, read_saved, said_of, weight_files

PREFIX = "hub:"

_NAME = re.compile(r"([\w.-]+/[\w.-]+)(?:@([\w.-]+(?:/[\w.-]+)*))?")
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class HubModel:
    """A repository at a revision, and the checksum that its weights must have, if one is set."""

    repository: str
    revision: str
    sha256: str | None

    @classmethod
    def parse(cls, text: str, sha256: str | None) -> "HubModel":
        """Read `hub:OWNER/NAME@REVISION`. What may come to mean something else tomorrow needs a checksum."""
        named = _NAME.fullmatch(text.removeprefix(PREFIX))
        if named is None:
            raise ModelError(f"{text!r:.80} names no model on a hub: write {PREFIX}OWNER/NAME@COMMIT")
        repository, revision = named[1], named[2] or "main"
        if not sha256 and not is_commit(revision):
            raise ModelError(
                f"{PREFIX}{repository}@{revision} may change: name a full commit hash instead of {revision}, or set "
                "model.base_sha256"
            )
        return cls(repository, revision, sha256.lower() if sha256 else None)

    @property
    def text(self) -> str:
        """What the setting says, in full."""
        return f"{PREFIX}{self.repository}@{self.revision}"

    @property
    def identity(self) -> str:
        """The commit; a name that moves is held by the checksum."""
        return self.text if is_commit(self.revision) else f"{self.text} {self.sha256}"

    @contextmanager
    def contents(self, cache: Path, progress: Progress) -> Iterator[Contents]:
        """Fetch it below `cache`. What has been used, or is wrong, is removed; what is incomplete is kept."""
        folder = cache / f"fetched-{self.repository}-{self.revision}".replace("/", "--")
        try:
            with said_of(self.text):
                found = _Fetch(self, folder, progress).contents()
            yield found
        except HubError:
            raise
        except ModelError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        shutil.rmtree(folder, ignore_errors=True)


class _Fetch:
    """One fetch of a repository's files into a folder: what cannot be used is found out before the weights come."""

    def __init__(self, model: HubModel, folder: Path, progress: Progress) -> None:
        self._library = hub_library()
        self._model = model
        self._folder = folder
        self._progress = progress
        self._endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/") or None
        self._progress(f"asking the hub for {model.repository}", 0.0)
        with in_one_line():
            api = self._library.HfApi(endpoint=self._endpoint)
            self._info = api.model_info(model.repository, revision=model.revision, files_metadata=True)
        if is_commit(model.revision) and self._info.sha != model.revision:
            raise HubError(f"the hub gives commit {self._info.sha!s:.40} instead")

    def contents(self) -> Contents:
        """Fetch the files, the small ones first, and read them."""
        self._fetch(CONFIG)
        architecture = read_architecture(self._folder)
        self._fetch(TOKENIZER)
        read_tokenizer(self._folder, architecture)
        listed = {one.rfilename for one in self._info.siblings or ()}
        if WEIGHTS not in listed and INDEX in listed:
            self._fetch(INDEX)
        for name in (files := weight_files(self._folder)):
            self._fetch(name)
        digests = {name: digest(self._folder / name) for name in (CONFIG, TOKENIZER, *files)}
        self._refuse_damaged(digests)
        return read_saved(self._folder, self._about(), digests)

    def _about(self) -> About:
        licence = getattr(self._info.card_data, "license", None)
        stated = f"{' '.join(str(licence).split()):.60}, as stated" if licence else "see its page"
        return About(self._model.text, f"{self._model.repository}@{self._info.sha}", stated)

    def _fetch(self, name: str) -> None:
        """Fetch one file at the commit, unless it is here whole."""
        with in_one_line():
            self._library.hf_hub_download(
                self._model.repository,
                name,
                revision=self._info.sha,
                local_dir=self._folder,
                endpoint=self._endpoint,
                tqdm_class=partial(Bar, partial(self._progress, f"fetching {name}")),
            )

    def _refuse_damaged(self, digests: Mapping[str, str]) -> None:
        """Compare with the digests that the hub lists, which it does for large files."""
        for one in self._info.siblings or ():
            listed = one.lfs and one.lfs.sha256
            found = digests.get(one.rfilename)
            if listed and found and found != listed:
                raise ModelError(f"{one.rfilename} has sha256 {found[:12]}…, the hub lists {listed[:12]}…: try again")


def is_commit(revision: str) -> bool:
    """Tell a full commit hash from a name that may move."""
    return _COMMIT.fullmatch(revision) is not None
