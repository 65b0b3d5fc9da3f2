"""Everything that the embedded stack needs from the network, fetched once into a cache and checked.

Each jar is downloaded into a scratch folder, compared with the committed sha256 and only then moved into `cache/jars`,
so a half download is never taken for a jar. A stamp of sizes and times makes the next start quick and offline; without
a fitting stamp every jar is read and compared again, and a damaged one is fetched anew.
"""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

from pipeline.errors import ConfigurationError, LocalStackError
from pipeline.local import jars
from pipeline.local.claim import waiting_claim
from pipeline.local.jars import Jar
from pipeline.local.report import Meter, Report, meter

DEFAULT_CACHE = Path("~/.cache/fanal")

_TIMEOUT_S = 60
_AT_ONCE = 4


class Source(Protocol):
    """Where a jar comes from."""

    def __call__(self, jar: Jar, folder: Path, advance: Callable[[int], None], /) -> Path:
        """Bring the jar into the folder and tell `advance` the bytes; `OSError` or `RuntimeError` where it cannot."""
        ...


def from_maven_central(jar: Jar, folder: Path, advance: Callable[[int], None], /) -> Path:
    """Download one jar by its coordinates; dependencies are not looked at, since the lock has them all."""
    from jgo.maven import MavenContext, PythonResolver

    @contextmanager
    def advancing(_name: str, _size: int) -> Iterator[Callable[[int], None]]:
        yield advance

    resolver = PythonResolver(progress_callback=advancing)
    context = MavenContext(resolver=resolver, repo_cache=folder, local_repos=[], timeout=_TIMEOUT_S)
    return Path(context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve())


def fetch(
    cache: Path, report: Report, wanted: Sequence[Jar] | None = None, source: Source = from_maven_central
) -> None:
    """Have the jars in the cache, checked: all of the lock, if no others are named.

    Says what it fetches, how much, and under which licence. Quick and without network when nothing is missing. Two
    processes may call it on one cache at the same time: the second waits. Raises `LocalStackError` when a jar cannot be
    fetched, or differs from the lock twice.
    """
    cache, wanted = cache.expanduser(), jars.locked() if wanted is None else wanted
    if stamped(cache, wanted):
        return
    with exclusive(cache, report):
        if stamped(cache, wanted):
            return
        missing = [jar for jar in wanted if not intact(cache, jar)]
        if missing:
            announce(cache, missing, report)
            download(cache, missing, report, source)
        write_stamp(cache, wanted)


@contextmanager
def exclusive(cache: Path, report: Report) -> Iterator[None]:
    """Hold the cache against other processes that would write to it."""
    with ExitStack() as held:
        try:
            jars.folder(cache).mkdir(parents=True, exist_ok=True)
            held.enter_context(
                waiting_claim(cache / "lock", lambda: report(f"another process is filling {cache}: waiting for it"))
            )
        except OSError as failure:
            reason = failure.strerror
            raise ConfigurationError(
                f"cannot write to the cache {cache}: {reason}; choose another with --cache"
            ) from None
        yield


def stamped(cache: Path, wanted: Iterable[Jar]) -> bool:
    """Whether the stamp says that this very set of jars was checked, and no file has changed since."""
    try:
        return bool(json.loads(_stamp(cache).read_text(encoding="utf-8")) == _state(cache, wanted))
    except (OSError, ValueError):
        return False


def write_stamp(cache: Path, wanted: Iterable[Jar]) -> None:
    """Record that every jar of the lock was compared with its sha256."""
    unfinished = cache / "jars.stamp.new"
    unfinished.write_text(json.dumps(_state(cache, wanted)), encoding="utf-8")
    unfinished.replace(_stamp(cache))


def intact(cache: Path, jar: Jar) -> bool:
    """Whether the jar is in the cache and is, byte for byte, the one that the lock names."""
    path = jars.folder(cache) / jar.name
    try:
        return path.stat().st_size == jar.size and jars.sha256_of(path) == jar.sha256
    except OSError:
        return False


def announce(cache: Path, missing: Sequence[Jar], report: Report) -> None:
    """Say how much will be fetched from where, and under which licences this machine then holds it."""
    report(f"Fetching {len(missing)} jars, {_megabytes(missing)}, from Maven Central into {cache} (once)")
    for bundle, licence in jars.LICENCES.items():
        part = [jar for jar in missing if jar.bundle == bundle]
        if part:
            report(f"  {bundle}: {len(part)} jars, {_megabytes(part)}. {licence}")


def download(cache: Path, missing: Sequence[Jar], report: Report, source: Source) -> None:
    """Download, compare, move into place; a few at a time. The first that fails, or Ctrl-C, calls off the rest."""
    for left_behind in cache.glob("incoming-*"):
        shutil.rmtree(left_behind, ignore_errors=True)
    pool = ThreadPoolExecutor(_AT_ONCE)
    with meter(sum(jar.size for jar in missing), report) as shown:
        running = [pool.submit(_fetch_one, cache, jar, shown, source) for jar in missing]
        try:
            for done in as_completed(running):
                done.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _fetch_one(cache: Path, jar: Jar, shown: Meter, source: Source) -> None:
    """Twice at most: a download may be cut off or damaged once by chance, twice it is no chance."""
    fault = ""
    for _attempt in range(2):
        scratch = Path(tempfile.mkdtemp(prefix="incoming-", dir=cache))
        try:
            arrived = source(jar, scratch, shown.advance)
            if jars.sha256_of(arrived) == jar.sha256:
                arrived.replace(jars.folder(cache) / jar.name)
                shown.finished(f"  {jar.name} ({jar.size / 1e6:.1f} MB)")
                return
            fault = "what arrived is not what jars.lock names"
        except (OSError, RuntimeError) as failure:
            fault = " ".join(str(failure).split())[:200]
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    raise LocalStackError(f"cannot fetch {jar.coordinates}: {fault}; check the network, then start again")


def _state(cache: Path, wanted: Iterable[Jar]) -> dict[str, list[object]]:
    """What a stamp says: each jar's sha256 as locked, with the size and time of its file."""
    found: dict[str, list[object]] = {}
    for jar in wanted:
        status = (jars.folder(cache) / jar.name).stat()
        found[jar.name] = [jar.sha256, status.st_size, status.st_mtime_ns]
    return found


def _stamp(cache: Path) -> Path:
    return cache / "jars.stamp"


def _megabytes(wanted: Iterable[Jar]) -> str:
    return f"{sum(jar.size for jar in wanted) / 1e6:.0f} MB"
