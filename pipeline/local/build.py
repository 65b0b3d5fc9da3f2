"""Compile our few Java classes at first start, and lay out the folder that the search server loads its modules from."""

import hashlib
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from pipeline.errors import LocalStackError
from pipeline.local import jars
from pipeline.local.fetch import exclusive
from pipeline.local.java import environment
from pipeline.local.report import Report

_PLUGIN = """\
name=fanal
description=GET /, language analyzers and token filters for the embedded server core
version={version}
elasticsearch.version={version}
java.version=21
classname=fanal.plugin.FanalPlugin
"""

_TRANSPORT_DESCRIPTOR = "META-INF/es-plugins/transport-netty4/plugin-descriptor.properties"


@dataclass(frozen=True, slots=True)
class Built:
    """What compiling left in the cache: `classes` with the main classes, `home` with `modules/` and `plugins/`."""

    classes: Path
    home: Path


def build(cache: Path, java: Path, report: Report) -> Built:
    """Have the compiled classes and the server's home in the cache; nothing is done when these very sources were built.

    Raises `LocalStackError` when the compiler fails, which means that sources and locked versions do not fit.
    """
    with as_file(files("pipeline.local") / "java") as sources:
        place = cache / f"built-{fingerprint(sources)}"
        if not place.is_dir():
            with exclusive(cache, report):
                if not place.is_dir():
                    report("Compiling the servers' start classes (once)")
                    _build_in(cache, place, java, sources)
    return Built(place / "classes", place / "home")


def fingerprint(sources: Path) -> str:
    """A short name for these sources with the locked versions and this layout."""
    digest = hashlib.sha256(jars.lock_digest().encode() + Path(__file__).read_bytes())
    for source in sorted(sources.rglob("*.java")):
        digest.update(source.relative_to(sources).as_posix().encode() + source.read_bytes())
    return digest.hexdigest()[:16]


def _build_in(cache: Path, place: Path, java: Path, sources: Path) -> None:
    """Build aside and rename, so that a broken-off build is never used."""
    scratch = Path(tempfile.mkdtemp(prefix="building-", dir=cache))
    try:
        _compile(cache, java, sources, scratch / "compiled")
        shutil.copytree(scratch / "compiled" / "fanal" / "server", scratch / "classes" / "fanal" / "server")
        _lay_out_plugin(scratch / "compiled", scratch / "home" / "plugins" / "fanal")
        _lay_out_transport(cache, scratch / "home" / "modules" / "transport-netty4")
        shutil.rmtree(scratch / "compiled")
        scratch.chmod(0o755)
        scratch.rename(place)
    except OSError as failure:
        raise LocalStackError(f"cannot lay out the servers in {cache}: {failure}") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _compile(cache: Path, java: Path, sources: Path, output: Path) -> None:
    """`-21` and not `--release 21`: the runtime that comes with the package has no description of older releases."""
    (compiler,) = jars.paths(cache, "compiler")
    class_path = os.pathsep.join(map(str, jars.paths(cache, "search", "kafka")))
    options = ["-21", "-proc:none", "-nowarn", "-encoding", "UTF-8", "-cp", class_path, "-d", str(output)]
    command = [str(java), "-jar", str(compiler), *options, str(sources)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
    if done.returncode != 0:
        said = " ".join((done.stdout + done.stderr).split())[:300]
        raise LocalStackError(f"the servers' start classes do not compile: {said}")


def _lay_out_plugin(compiled: Path, folder: Path) -> None:
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "fanal.jar", "w", zipfile.ZIP_DEFLATED) as jar:
        for path, name in _classes(compiled, "fanal/plugin"):
            jar.write(path, name)
    descriptor = _PLUGIN.format(version=jars.version_of("elasticsearch"))
    (folder / "plugin-descriptor.properties").write_text(descriptor, encoding="utf-8")


def _lay_out_transport(cache: Path, folder: Path) -> None:
    """The published descriptor less its `modulename`, since that module needs others that are not published."""
    folder.mkdir(parents=True)
    for jar in jars.paths(cache, "transport"):
        link(jar, folder / jar.name)
        if jar.name.startswith("transport-netty4"):
            with zipfile.ZipFile(jar) as archive:
                lines = archive.read(_TRANSPORT_DESCRIPTOR).decode().splitlines()
    kept = [line for line in lines if not line.startswith("modulename=")]
    (folder / "plugin-descriptor.properties").write_text("\n".join(kept) + "\n", encoding="utf-8")


def link(target: Path, place: Path) -> None:
    """A relative link, so that a jar that is fetched anew is renewed here too; a copy where links cannot be made."""
    try:
        place.symlink_to(os.path.relpath(target, place.parent))
    except OSError:
        shutil.copyfile(target, place)


def _classes(compiled: Path, package: str) -> Iterator[tuple[Path, str]]:
    for path in sorted((compiled / package).rglob("*.class")):
        yield path, path.relative_to(compiled).as_posix()
