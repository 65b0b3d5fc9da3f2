"""The Elasticsearch core as an embedded server: one node, its settings, and when it is ready."""

import http.client
import json
from pathlib import Path

from pipeline.local import jars
from pipeline.local.build import Built
from pipeline.local.java import command
from pipeline.local.ports import HOST, Ports
from pipeline.local.server import Recipe, empty

CLUSTER = "fanal"

_LOGGING = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss} %-5p %c{1.} %m%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
"""


def settings(folder: Path, ports: Ports) -> str:
    """The text of `elasticsearch.yml`: each value in JSON, which YAML reads.

    The disk marks are absolute: the default is a share of the disk, at which a laptop's well filled disk would already
    make every index read-only.
    """
    chosen: dict[str, object] = {
        "cluster.name": CLUSTER,
        "node.name": "fanal",
        "network.host": HOST,
        "http.port": ports.search,
        "http.max_content_length": "100mb",
        "transport.port": ports.transport,
        "discovery.type": "single-node",
        "path.data": str(folder / "storage"),
        "path.logs": str(folder / "logs"),
        "path.repo": [str(folder / "snapshots")],
        "action.auto_create_index": False,
        "cluster.routing.allocation.disk.watermark.low": "1gb",
        "cluster.routing.allocation.disk.watermark.high": "500mb",
        "cluster.routing.allocation.disk.watermark.flood_stage": "250mb",
    }
    return "".join(f"{name}: {json.dumps(value)}\n" for name, value in chosen.items())


def recipe(data: Path, cache: Path, built: Built, java: Path, ports: Ports) -> Recipe:
    """Write the settings under `data/search/config` and say how to run the node."""
    folder = data / "search"
    config = folder / "config"
    empty(folder / "tmp")
    for needed in (config, folder / "snapshots"):
        needed.mkdir(parents=True, exist_ok=True)
    (config / "elasticsearch.yml").write_text(settings(folder, ports), encoding="utf-8")
    (config / "log4j2.properties").write_text(_LOGGING, encoding="utf-8")
    # TieredStopAtLevel=1 is the quick compiler alone: measured on two busy cores, half the CPU time until the node is
    # ready, and neither bulk requests nor searches were slower for it.
    options = [
        *("-Xms256m", "-Xmx512m", "-XX:+UseG1GC", "-XX:TieredStopAtLevel=1"),
        f"-Djava.io.tmpdir={folder / 'tmp'}",
        f"-Des.path.home={built.home}",
        "-Des.distribution.type=tar",
        "-Dlog4j2.disable.jmx=true",
    ]
    class_path = [built.classes, *jars.paths(cache, "search")]
    arguments = [str(built.home), str(config)]
    return Recipe(
        name="search",
        command=command(java, "fanal.server.Search", class_path, options, arguments),
        log=data / "logs" / "search.log",
        ready=lambda: healthy(ports.search),
    )


def healthy(port: int) -> bool:
    """Whether our node answers and every primary shard is up (yellow: a single node has no place for replicas)."""
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request("GET", "/_cluster/health?wait_for_status=yellow&timeout=2s")
        answer = connection.getresponse()
        health = json.loads(answer.read())
        return answer.status == 200 and health["cluster_name"] == CLUSTER and health["status"] in ("yellow", "green")
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return False
    finally:
        connection.close()
