"""The real servers: started, written to, killed, started again, and gone with their parent."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import ConfigurationError, LocalStackError
from pipeline.local.fetch import DEFAULT_CACHE
from pipeline.local.report import to_nobody
from pipeline.local.stack import LocalStack, read_endpoints
from tests.test_local_server import ended, wait_until

# kafka-python 3.0.12 reads its own files by a deprecated function when it is imported, so it is imported inside.
pytestmark = [
    pytest.mark.connected,
    pytest.mark.filterwarnings("ignore:(read|open)_text is deprecated:DeprecationWarning"),
]

CACHE = Path(os.environ.get("FANAL_CACHE", str(DEFAULT_CACHE))).expanduser()

# fmt: off
PROMISED = [
    "arabic", "bengali", "bulgarian", "cjk", "dutch", "english", "french", "german", "greek", "hindi", "hungarian",
    "indonesian", "italian", "persian", "portuguese", "romanian", "russian", "sorani", "spanish", "turkish",
]
# fmt: on


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with LocalStack(tmp_path_factory.mktemp("stack"), CACHE, to_nobody) as running:
        yield running


def ask(stack: LocalStack, method: str, path: str, body: Any = None) -> Any:
    text = body if isinstance(body, str) else json.dumps(body)
    kind = "application/x-ndjson" if isinstance(body, str) else "application/json"
    data = None if body is None else text.encode()
    url = stack.endpoints.elasticsearch + path
    request = urllib.request.Request(url, data, {"content-type": kind}, method=method)  # noqa: S310  # our own url
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        return json.loads(answer.read() or "null")


def create_topic(stack: LocalStack, topic: str) -> None:
    from kafka import KafkaAdminClient
    from kafka.admin import NewTopic

    admin = KafkaAdminClient(bootstrap_servers=stack.endpoints.kafka)
    admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    admin.close()


def write_acknowledged(stack: LocalStack, topic: str, count: int) -> None:
    from kafka import KafkaProducer

    producer = KafkaProducer(bootstrap_servers=stack.endpoints.kafka, acks="all")
    for sent in [producer.send(topic, str(number).encode()) for number in range(count)]:
        sent.get(timeout=30)
    producer.close()


def read_all(stack: LocalStack, topic: str) -> list[bytes]:
    from kafka import KafkaConsumer, TopicPartition

    consumer = KafkaConsumer(bootstrap_servers=stack.endpoints.kafka, consumer_timeout_ms=2000)
    partition = TopicPartition(topic, 0)
    consumer.assign([partition])
    consumer.seek_to_beginning(partition)
    values = [record.value for record in consumer]
    consumer.close()
    return values


def bulk(index: str, count: int) -> str:
    pair = '{"index":{"_index":"%s","_id":"%d"}}\n{"n":%d}\n'
    return "".join(pair % (index, number, number) for number in range(count))


def test_both_servers_answer_where_the_endpoints_say(stack: LocalStack) -> None:
    assert ask(stack, "GET", "/")["version"]["number"].startswith("9.")
    assert set(stack.pids()) == set(stack.memory()) == {"kafka", "search"}
    assert all(150e6 < used < 700e6 for used in stack.memory().values())


def test_only_loopback_is_listened_on(stack: LocalStack) -> None:
    for pid in stack.pids().values():
        hosts = listening_hosts(pid)
        assert hosts
        assert hosts <= {"0100007F", "0000000000000000FFFF00000100007F"}


def listening_hosts(pid: int) -> set[str]:
    """Local addresses, as Linux writes them, of the sockets on which a process listens."""
    inodes = {link.readlink().name for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()}
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if state == "0A" and f"socket:[{rest[5]}]" in inodes:
                found.add(local.partition(":")[0])
    return found


def test_other_processes_find_the_running_stack(stack: LocalStack) -> None:
    code = (
        "import sys; from pathlib import Path; from pipeline.local.stack import read_endpoints\n"
        "found = read_endpoints(Path(sys.argv[1])); print(found and found.kafka)"
    )
    command = [sys.executable, "-c", code, str(stack.data)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == stack.endpoints.kafka


def test_a_second_start_is_refused_and_does_the_first_no_harm(stack: LocalStack) -> None:
    with pytest.raises(LocalStackError, match=f"already running.*pid {os.getpid()}"):
        LocalStack(stack.data, CACHE, to_nobody).start()
    create_topic(stack, "unharmed")
    write_acknowledged(stack, "unharmed", 10)
    assert len(read_all(stack, "unharmed")) == 10


@pytest.mark.parametrize(
    ("analyzer", "text", "tokens"),
    [
        ("arabic", "والكتب", ["كتب"]),
        ("french", "les travailleuses", ["travaileu"]),
        ("english", "the passages", ["passag"]),
        ("spanish", "los trabajadores", ["trabajador"]),
        ("german", "die Häuser", ["haus"]),
        ("persian", "کتاب‌ها", ["\u0643تاب"]),
        ("cjk", "東京都", ["東京", "京都"]),
    ],
)
def test_language_analyzers_have_the_names_of_a_full_server(
    stack: LocalStack, analyzer: str, text: str, tokens: list[str]
) -> None:
    answer = ask(stack, "POST", "/_analyze", {"analyzer": analyzer, "text": text})
    assert [token["token"] for token in answer["tokens"]] == tokens


def test_all_promised_analyzers_can_be_named_in_a_mapping(stack: LocalStack) -> None:
    fields = {name: {"type": "text", "analyzer": name} for name in PROMISED}
    assert ask(stack, "PUT", "/languages", {"mappings": {"properties": fields}})["acknowledged"]


def test_filters_take_the_parameters_of_a_full_server(stack: LocalStack) -> None:
    analysis = {
        "filter": {"edge": {"type": "edge_ngram", "min_gram": 2, "max_gram": 3}},
        "analyzer": {"prefix": {"tokenizer": "standard", "filter": ["lowercase", "asciifolding", "edge"]}},
        "normalizer": {"folded": {"type": "custom", "filter": ["lowercase", "asciifolding"]}},
    }
    ask(stack, "PUT", "/prefixes", {"settings": {"analysis": analysis}})
    prefixes = ask(stack, "POST", "/prefixes/_analyze", {"analyzer": "prefix", "text": "Élan"})
    folded = ask(stack, "POST", "/prefixes/_analyze", {"normalizer": "folded", "text": "Élan"})
    assert [token["token"] for token in prefixes["tokens"]] == ["el", "ela"]
    assert [token["token"] for token in folded["tokens"]] == ["elan"]


def kill_and_wait(stack: LocalStack, name: str) -> None:
    """Kill one server as the system would, and wait until the watch has it running again."""
    watch = threading.Thread(target=until_revived, args=(stack, name))
    killed = stack.pids()[name]
    os.kill(killed, signal.SIGKILL)
    watch.start()
    watch.join(timeout=90)
    assert stack.pids()[name] != killed


def until_revived(stack: LocalStack, name: str) -> None:
    wait_until(lambda: name in stack.check(), seconds=80)


def test_what_kafka_acknowledged_survives_a_kill_on_the_same_port(stack: LocalStack) -> None:
    create_topic(stack, "kept")
    write_acknowledged(stack, "kept", 1000)
    before = stack.endpoints
    kill_and_wait(stack, "kafka")
    assert stack.endpoints == before == read_endpoints(stack.data)
    assert read_all(stack, "kept") == [str(number).encode() for number in range(1000)]


def test_what_elasticsearch_acknowledged_survives_a_kill_on_the_same_port(stack: LocalStack) -> None:
    ask(stack, "PUT", "/kept", {"settings": {"number_of_replicas": 0}})
    assert ask(stack, "POST", "/_bulk", bulk("kept", 1000))["errors"] is False
    before = stack.endpoints
    kill_and_wait(stack, "search")
    assert stack.endpoints == before
    ask(stack, "POST", "/kept/_refresh")
    assert ask(stack, "GET", "/kept/_count")["count"] == 1000


def start_elsewhere(data: Path, then: str) -> tuple[subprocess.Popen[str], dict[str, int]]:
    """A stack in a process of its own, which then does what `then` says; its servers' pids."""
    code = (
        "import json, os, sys, time; from pathlib import Path\n"
        "from pipeline.local.stack import LocalStack\n"
        "stack = LocalStack(Path(sys.argv[1]), Path(sys.argv[2])); stack.start()\n"
        f"print(json.dumps(stack.pids()), flush=True); {then}"
    )
    command = [sys.executable, "-c", code, str(data), str(CACHE)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    pids = json.loads(process.stdout.readline())
    process.stdout.close()
    return process, pids


@pytest.mark.parametrize("then", ["time.sleep(600)", "raise SystemExit", "os._exit(3)"])
def test_the_servers_end_with_their_parent_however_it_ends(tmp_path: Path, then: str) -> None:
    process, pids = start_elsewhere(tmp_path, then)
    if "sleep" in then:
        process.kill()
    process.wait(timeout=60)
    assert wait_until(lambda: all(ended(pid) for pid in pids.values()), seconds=30)
    assert wait_until(lambda: read_endpoints(tmp_path) is None)
    with LocalStack(tmp_path, CACHE, to_nobody) as again:
        assert set(again.pids()) == {"kafka", "search"}


def run_command(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipeline.commands.local", *arguments, "--data", str(data)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)


def test_the_commands_start_show_and_stop_a_detached_stack(tmp_path: Path) -> None:
    up = run_command(tmp_path, "up", "--detach", "--json", "--cache", str(CACHE))
    assert up.returncode == 0, up.stderr
    facts = json.loads(up.stdout)
    try:
        assert json.loads(run_command(tmp_path, "status", "--json").stdout)["kafka"] == facts["kafka"]
        said = (tmp_path / "logs" / "stack.log").read_text(encoding="utf-8")
        again = run_command(tmp_path, "up", "--detach", "--cache", str(CACHE))
        assert (again.returncode, again.stderr.count("already running")) == (1, 1)
        assert (tmp_path / "logs" / "stack.log").read_text(encoding="utf-8") == said
        assert run_command(tmp_path, "reset", "--yes").returncode == 1
    finally:
        assert run_command(tmp_path, "down").returncode == 0
    assert all(ended(server["pid"]) for server in facts["servers"].values())
    assert run_command(tmp_path, "reset", "--yes").returncode == 0


def test_ctrl_c_stops_the_servers_in_order(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pipeline.commands.local", "up", "--json"]
    command += ["--data", str(tmp_path), "--cache", str(CACHE)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    facts = json.loads(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert said.rstrip().endswith("stopped")
    assert all(ended(server["pid"]) for server in facts["servers"].values())


def test_a_fixed_port_that_is_taken_starts_nothing(tmp_path: Path, stack: LocalStack) -> None:
    port = int(stack.endpoints.kafka.rpartition(":")[2])
    other = LocalStack(tmp_path, CACHE, to_nobody, kafka_port=port)
    with pytest.raises(ConfigurationError, match=f"port {port} for Kafka is taken"):
        other.start()
    assert other.pids() == {}
    assert read_endpoints(tmp_path) is None


def test_a_detached_start_that_fails_says_why_in_one_line(tmp_path: Path, stack: LocalStack) -> None:
    port = stack.endpoints.kafka.rpartition(":")[2]
    done = run_command(tmp_path, "up", "--detach", "--cache", str(CACHE), "--kafka-port", port)
    assert done.returncode == 2
    assert done.stderr == f"fanal: port {port} for Kafka is taken by another program: choose another, or none\n"


def timed(action: Callable[[], object]) -> float:
    begin = time.monotonic()
    action()
    return time.monotonic() - begin


def test_a_second_fetch_is_quick_and_needs_no_network() -> None:
    from pipeline.local.fetch import fetch

    def unreachable(*_anything: object) -> Path:
        raise AssertionError("the network was asked")

    fetch(CACHE, to_nobody)
    assert timed(lambda: fetch(CACHE, to_nobody, None, unreachable)) < 1
