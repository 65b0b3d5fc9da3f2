"""For maintainers: `python -m pipeline.local.lock` resolves the jars anew and writes `jars.lock`.

Run it after changing a version below, read the difference, commit it. It needs the network; nobody else does more than
fetch exactly what the lock lists.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from jgo.maven import MavenContext, PythonResolver
from jgo.parse import Coordinate

from pipeline.local.jars import Bundle, Jar, sha256_of

ROOTS: dict[Bundle, tuple[str, ...]] = {
    "kafka": ("org.apache.kafka:kafka_2.13:4.3.1", "org.slf4j:slf4j-simple:1.7.36"),
    "search": ("org.elasticsearch:elasticsearch:9.5.3", "org.elasticsearch.plugin:transport-netty4:9.5.3"),
    "compiler": ("org.eclipse.jdt:ecj:3.40.0",),
}

HEADER = """\
# The jars of the embedded servers: bundle, Maven coordinates, size in bytes, sha256.
# Written by python -m pipeline.local.lock; do not edit.
"""


def resolve(context: MavenContext, bundle: Bundle) -> Iterator[Jar]:
    """Resolve one bundle's roots and everything they need at run time."""
    roots = [context.create_dependency(Coordinate.parse(root)) for root in ROOTS[bundle]]
    inputs, transitive = context.resolver.resolve(roots)
    for dependency in [*inputs, *(found for found in transitive if found.scope in ("compile", "runtime"))]:
        artifact = dependency.artifact
        path = Path(artifact.resolve())
        owner: Bundle = "transport" if bundle == "search" and in_transport(artifact.artifactId) else bundle
        yield Jar(owner, artifact.groupId, artifact.artifactId, artifact.version, path.stat().st_size, sha256_of(path))


def in_transport(artifact: str) -> bool:
    """Whether the search server loads this jar from its transport module's folder and not from the class path."""
    return artifact == "transport-netty4" or artifact.startswith("netty-")


def main() -> None:
    """Resolve every bundle in a fresh folder and write the lock next to this module."""
    with tempfile.TemporaryDirectory() as scratch:
        context = MavenContext(resolver=PythonResolver(), repo_cache=Path(scratch), local_repos=[], timeout=60)
        jars = [jar for bundle in ROOTS for jar in resolve(context, bundle)]
    lines = sorted(jar.line() for jar in jars)
    Path(__file__).with_name("jars.lock").write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(jars)} jars, {sum(jar.size for jar in jars) / 1e6:.0f} MB", file=sys.stderr)


if __name__ == "__main__":
    main()
