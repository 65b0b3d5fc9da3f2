"""A real broker with TLS, SCRAM, OAUTHBEARER, client certificates and ACLs, and a front that asks for an API key before the real
search server: what is wrong is named in a line, and the pipeline runs over it end to end."""

import asyncio
import base64
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from pipeline.broker.access import ROLES, WORKERS, missing, require
from pipeline.broker.admin import admin, check_layout, set_up
from pipeline.broker.connection import Connection
from pipeline.broker.probing import probe, probe_members
from pipeline.broker.producer import kafka_producer, post_producer
from pipeline.broker.reader import reader
from pipeline.broker.topics import Topics, specs
from pipeline.codec import encode
from pipeline.commands.connecting import kafka_connection
from pipeline.errors import BrokerUnavailable, ConfigurationError, FanalError
from pipeline.settings import ElasticsearchSettings, KafkaSettings, Settings
from tests.conftest import CACHE, NewSettings
from tests.connected.pipelines import ROOT, environment, opened, post, posts
from tests.connected.secured_broker import PASSWORD, Grant, Secured, secret, secured_broker
from tests.fakes_secured.certificates import Authority
from tests.fakes_secured.front import Front, fronting, server_context
from tests.fakes_secured.tokens import TokenServer, token_server

pytestmark = pytest.mark.connected

API_KEY = base64.b64encode(b"id-of-a-key:its-secret-part").decode()
KEY_PASSWORD = "the password of a key"


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    with secured_broker(tmp_path_factory.mktemp("secured"), CACHE) as broker:
        yield broker


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that the broker does not know, nor do we."""
    return Authority(tmp_path_factory.mktemp("strangers"), "a stranger")


@pytest.fixture(scope="module")
def tokens() -> Iterator[TokenServer]:
    with token_server() as server:
        yield server


@pytest.fixture(scope="module")
def front(secured: Secured, search_url: str) -> Iterator[Front]:
    allowed = {f"ApiKey {API_KEY}"}
    with fronting(search_url, server_context(secured.authority.sign("search")), allowed=allowed) as serving:
        yield serving


@pytest.fixture
def name() -> str:
    """A prefix of a test's own."""
    return f"s{uuid4().hex[:8]}"


def connected(kafka: KafkaSettings) -> Connection:
    return kafka_connection(kafka, str(kafka.bootstrap))


def by_token(tokens: TokenServer, **changes: Any) -> dict[str, Any]:
    """What changes for a client that logs in by tokens."""
    held = {"oauth_token_url": tokens.url, "oauth_client_id": "fanal", "oauth_client_secret": secret(tokens.secret)}
    return {"sasl_mechanism": "OAUTHBEARER", **held, **changes}


def complaint(kafka: KafkaSettings) -> str:
    """The one line of a probe that fails."""
    with pytest.raises(FanalError) as caught:
        probe(connected(kafka))
    said = str(caught.value)
    assert "\n" not in said
    assert PASSWORD not in said
    return said


Change = Callable[[Secured, Authority, TokenServer], KafkaSettings]
FAULTS: Mapping[str, tuple[Change, str, str]] = {
    "a wrong password": (
        lambda at, _, __: at.settings(sasl_password=secret("another")),
        "wrong user or password for SCRAM-SHA-512",
        "FANAL_KAFKA_SASL_PASSWORD_FILE",
    ),
    "a wrong password over PLAIN": (
        lambda at, _, __: at.settings(sasl_mechanism="PLAIN", sasl_password=secret("another")),
        "wrong user or password for PLAIN",
        "FANAL_KAFKA_SASL_PASSWORD_FILE",
    ),
    "a user who is not there": (
        lambda at, _, __: at.settings(sasl_username="nobody"),
        "wrong user or password",
        "FANAL_KAFKA_SASL_USERNAME",
    ),
    "an authority that is not trusted": (
        lambda at, strangers, _: at.settings(ca_file=strangers.file),
        "not trusted here",
        "FANAL_KAFKA_CA_FILE",
    ),
    "no authority": (lambda at, _, __: at.settings(ca_file=None), "not trusted here", "FANAL_KAFKA_CA_FILE"),
    "a plain client at a TLS port": (
        lambda at, _, __: at.settings(security_protocol="SASL_PLAINTEXT", ca_file=None),
        "this port speaks TLS",
        "FANAL_KAFKA_SECURITY_PROTOCOL=SASL_SSL",
    ),
    "a plain client without login at a TLS port": (
        lambda at, _, __: KafkaSettings(bootstrap=at.at("secure")),
        "this port speaks TLS",
        "FANAL_KAFKA_SECURITY_PROTOCOL=SSL",
    ),
    "a TLS client at a plain port": (
        lambda at, _, __: at.settings("plain", security_protocol="SASL_SSL"),
        "this port speaks no TLS",
        "FANAL_KAFKA_SECURITY_PROTOCOL=SASL_PLAINTEXT",
    ),
    "a login where none is asked for": (
        lambda at, _, __: at.settings("plain", security_protocol="SASL_PLAINTEXT", ca_file=None),
        "asks for no login",
        "FANAL_KAFKA_SECURITY_PROTOCOL=PLAINTEXT",
    ),
    "no login where one is asked for": (
        lambda at, _, __: at.settings(security_protocol="SSL", sasl_mechanism=None),
        "asks for a login (PLAIN, SCRAM-SHA-256, SCRAM-SHA-512)",
        "FANAL_KAFKA_SECURITY_PROTOCOL=SASL_SSL",
    ),
    "a mechanism that the listener has not": (
        lambda at, _, __: at.settings("tokens"),
        "does not take SCRAM-SHA-512",
        "to one of OAUTHBEARER",
    ),
    "a certificate that has expired": (
        lambda at, _, __: at.settings("expired", sasl_mechanism=None),
        "its certificate expired (20",
        "renewed",
    ),
    "a certificate for another host": (
        lambda at, _, __: at.settings("elsewhere", sasl_mechanism=None),
        "is for broker.example.org, not for 127.0.0.1",
        "use that name",
    ),
    "no certificate of ours": (
        lambda at, _, __: at.settings("mutual", sasl_mechanism=None),
        "asks for a client certificate",
        "FANAL_KAFKA_CLIENT_CERT_FILE",
    ),
    "a certificate of ours that nobody knows": (
        lambda at, strangers, _: at.settings("mutual", sasl_mechanism=None, **own(strangers)),
        "does not accept our certificate",
        "authority unknown there",
    ),
    "a token endpoint that is away": (
        lambda at, _, tokens: at.settings("tokens", **by_token(tokens, oauth_token_url="http://127.0.0.1:9/token")),
        "token endpoint at 127.0.0.1:9 does not answer",
        "FANAL_KAFKA_OAUTH_TOKEN_URL",
    ),
    "a client that the endpoint does not know": (
        lambda at, _, tokens: at.settings("tokens", **by_token(tokens, oauth_client_secret=secret("another"))),
        "refuses the client (401 invalid_client)",
        "FANAL_KAFKA_OAUTH_CLIENT_SECRET_FILE",
    ),
    "a port where nobody listens": (
        lambda at, _, __: at.settings(bootstrap="127.0.0.1:9"),
        "nobody listens there",
        "is the port right",
    ),
}


def own(authority: Authority) -> dict[str, Path]:
    signed = authority.sign("fanal")
    return {"client_cert_file": signed.cert, "client_key_file": signed.key}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_with_a_connection_is_named_in_a_line(
    fault: str, secured: Secured, strangers: Authority, tokens: TokenServer
) -> None:
    change, what, remedy = FAULTS[fault]
    said = complaint(change(secured, strangers, tokens))
    assert what in said
    assert remedy in said


def test_a_token_that_the_broker_does_not_accept_is_named(secured: Secured) -> None:
    with token_server(lives_s=-60) as stale:
        assert "does not accept the token" in complaint(secured.settings("tokens", **by_token(stale)))


@pytest.mark.parametrize(
    "mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER", "mutual", "sealed key"]
)
def test_every_way_to_log_in_works_for_both_clients(mechanism: str, secured: Secured, tokens: TokenServer) -> None:
    for user in ("fanal", "sealed"):
        secured.allow(
            user, Grant("TOPIC", "any", ["WRITE"])
        )  # a producer asks for its id, which those who write may have
    connection = connected(way(secured, tokens, mechanism))
    probe(connection)
    with admin(connection) as client:
        members = client.describe_cluster()["brokers"]
    probe_members(connection, members)

    async def ask() -> None:
        async with kafka_producer(connection) as producer:
            await producer.client.fetch_all_metadata()

    asyncio.run(ask())


def way(secured: Secured, tokens: TokenServer, mechanism: str) -> KafkaSettings:
    """The settings of a client that logs in so."""
    if mechanism == "OAUTHBEARER":
        return secured.settings("tokens", **by_token(tokens))
    if mechanism == "mutual":
        return secured.settings(
            "mutual", sasl_mechanism=None, client_cert_file=secured.ours.cert, client_key_file=secured.ours.key
        )
    if mechanism == "sealed key":
        signed = secured.authority.sign("sealed", password=KEY_PASSWORD.encode())
        held = {
            "client_cert_file": signed.cert,
            "client_key_file": signed.key,
            "client_key_password": secret(KEY_PASSWORD),
        }
        return secured.settings("mutual", sasl_mechanism=None, **held)
    return secured.settings(sasl_mechanism=mechanism)


TOPICS = ("posts", "hits", "screened", "rejected", "erasures", "sightings", "trends", "alerts", "cursors")


def granted(secured: Secured, user: str, prefix: str, *, but: str = "") -> Topics:
    """All that the workers need under a prefix, but the topic or group of this name."""
    topics = Topics(f"{prefix}.")
    groups = [Grant("GROUP", topics.group(role), ["READ"], prefixed=False) for role in WORKERS if role != but]
    named = [getattr(topics, topic) for topic in TOPICS if topic != but]
    secured.allow(user, *groups, *(Grant("TOPIC", name, ["READ", "WRITE"], prefixed=False) for name in named))
    return topics


def laid_out(secured: Secured, topics: Topics) -> None:
    set_up(secured.plainly, specs(topics, partitions=3, replication=1, retention_hours=1))


@pytest.mark.parametrize(
    ("but", "lacks"),
    [
        ("hits", "Read, Write on topic {}.hits (for indexing, screening, trends)"),
        ("screening", "Read on group {}.fanal-screening (for screening)"),
        ("cursors", "Describe on topic {}.cursors (for erasing, indexing, screening, trends)"),
    ],
)
def test_an_acl_that_is_missing_is_named(but: str, lacks: str, secured: Secured, name: str) -> None:
    secured.add_user(name)
    topics = granted(secured, name, name, but=but)
    laid_out(secured, topics)
    connection = connected(secured.settings(sasl_username=name))
    assert missing(connection, topics, WORKERS) == [lacks.format(name)]
    with pytest.raises(ConfigurationError, match="this login lacks an ACL"):
        require(connection, topics, WORKERS)
    granted(secured, name, name)
    assert missing(connection, topics, WORKERS) == []
    laying_out = missing(connection, topics, ["setup"])
    assert len(laying_out) == 9
    assert f"AlterConfigs, DescribeConfigs on topic {name}.hits (for setup)" in laying_out


def test_a_broker_without_acls_forbids_nothing(kafka_bootstrap: str) -> None:
    assert missing(Connection(kafka_bootstrap), Topics("none."), list(ROLES)) == []


def test_what_may_not_be_seen_created_or_written_is_said_as_such(secured: Secured, name: str) -> None:
    secured.add_user(name)
    topics, connection = Topics(f"{name}."), connected(secured.settings(sasl_username=name))
    wanted = specs(topics, partitions=3, replication=1, retention_hours=1)
    with pytest.raises(ConfigurationError, match=f"may not see topic {name}"):
        set_up(connection, wanted)
    laid_out(secured, topics)
    with pytest.raises(ConfigurationError, match=f"may not see topic {name}"):
        check_layout(connection, wanted)
    secured.allow(name, Grant("TOPIC", topics.posts[:6], ["DESCRIBE"]))
    check_layout(connection, wanted)
    assert f"Write on topic {topics.posts} (for replay)" in missing(connection, topics, ["replay"])
    with pytest.raises(ConfigurationError, match="DescribeConfigs and AlterConfigs"):
        set_up(connection, wanted)

    async def send() -> None:
        async with post_producer(connection, topics.posts) as into:
            await into.add(post(1))
            await into.flush()

    async def read() -> None:
        async with reader(connection) as of:
            _ = [record async for record in of.records(topics.posts, 0, 0, 1)]

    with pytest.raises(ConfigurationError, match="may write to no topic"):
        asyncio.run(send())
    secured.allow(name, Grant("TOPIC", topics.hits, ["WRITE"], prefixed=False))
    with pytest.raises(ConfigurationError, match="lacks the ACL Write"):
        asyncio.run(send())
    with pytest.raises(ConfigurationError, match="lacks an ACL"):
        asyncio.run(read())


def test_topics_that_may_not_be_created_are_said_as_such(secured: Secured, name: str) -> None:
    secured.add_user(name)
    secured.allow(name, Grant("TOPIC", name, ["DESCRIBE"]))
    wanted = specs(Topics(f"{name}."), partitions=3, replication=1, retention_hours=1)
    with pytest.raises(ConfigurationError, match=r"may not create topic .* lacks the ACL Create"):
        set_up(connected(secured.settings(sasl_username=name)), wanted)


@pytest.fixture
def whole(new_settings: NewSettings, secured: Secured, front: Front, tmp_path: Path) -> Callable[..., Settings]:
    """Settings of a pipeline over TLS everywhere, whose Kafka login is changed as asked; `fanal` may do there what it must."""

    def make(kafka: KafkaSettings) -> Settings:
        plain = new_settings(tmp_path)
        prefix = plain.kafka.prefix
        rights = ("READ", "WRITE", "CREATE", "DESCRIBE_CONFIGS", "ALTER_CONFIGS")
        secured.allow("fanal", Grant("TOPIC", prefix, rights), Grant("GROUP", prefix, ["READ"]))
        search = ElasticsearchSettings(
            url=f"https://127.0.0.1:{front.port}",
            prefix=plain.elasticsearch.prefix,
            api_key=secret(API_KEY),
            ca_file=secured.authority.file,
        )
        return plain.model_copy(update={"kafka": kafka.model_copy(update={"prefix": prefix}), "elasticsearch": search})

    return make


def fanal(settings: Settings, *arguments: str, **given: str) -> subprocess.CompletedProcess[str]:
    """`fanal ARGUMENTS` as an operator runs it."""
    command = [sys.executable, "-m", "pipeline", *arguments]
    found = (
        environment(settings) | {"FANAL_MODEL_BASE": "none.bin"} | given
    )  # no need to load the model for what is asked
    return subprocess.run(command, cwd=ROOT, env=found, capture_output=True, text=True, timeout=120, check=False)


def findings(settings: Settings, **given: str) -> dict[str, tuple[bool, str]]:
    """What `fanal check` finds, by part."""
    done = fanal(settings, "check", "--json", **given)
    assert "Traceback" not in done.stderr
    return {one["what"]: (one["well"], one["says"]) for one in json.loads(done.stdout)["findings"]}


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "OAUTHBEARER", "mutual"])
async def test_setup_replay_workers_and_account_run_over_it_end_to_end(
    mechanism: str, secured: Secured, front: Front, whole: Callable[..., Settings], tmp_path: Path
) -> None:
    with token_server(lives_s=8) as tokens:  # tokens are renewed while the workers run
        settings = whole(way(secured, tokens, mechanism))
        assert fanal(settings, "setup").returncode == 0
        passed = front.passed
        async with opened(settings) as pipeline:
            for role in WORKERS:
                await pipeline.start(role).ready()
            file = tmp_path / "posts.ndjson"
            file.write_bytes(b"\n".join(encode(one) for one in posts(range(120))))
            sent = fanal(settings, "replay", str(file))
            assert sent.stdout.startswith("120 posts sent"), sent.stderr
            found = await pipeline.balanced()
            assert (found.came_in, found.hits, found.indexed, found.benign) == (120, 60, 60, 60)
            account = fanal(settings, "account", "--json")
            assert (account.returncode, json.loads(account.stdout)["indexed"]) == (0, 60)
            found_well = findings(settings)
            assert [found_well[part][0] for part in ("kafka", "topics", "access", "elasticsearch")] == [True] * 4
            logs = pipeline.logs() + sent.stdout + sent.stderr + account.stdout + account.stderr
        assert front.passed > passed
        assert (len(tokens.asked) > 0) is (mechanism == "OAUTHBEARER")
        assert not [held for held in (PASSWORD, API_KEY, tokens.secret, "its-secret-part") if held in logs]


def test_the_command_names_what_is_wrong_and_ends_with_two(
    secured: Secured, strangers: Authority, whole: Callable[..., Settings]
) -> None:
    settings = whole(secured.settings())
    wrong = {"FANAL_KAFKA_SASL_PASSWORD": "another password"}
    well, says = findings(settings, **wrong)["kafka"]
    assert (well, "wrong user or password" in says) == (False, True)
    assert "not trusted here" in findings(settings, FANAL_KAFKA_CA_FILE=str(strangers.file))["kafka"][1]
    for command in (("setup",), ("work", "screening"), ("account",)):
        done = fanal(settings, *command, **wrong)
        assert done.returncode == 2
        last = done.stderr.strip().splitlines()[-1]
        assert last.startswith("fanal: Kafka: 127.0.0.1:")
        assert "wrong user or password" in last
        assert not [held for held in ("another password", API_KEY) if held in done.stdout + done.stderr]


def test_a_worker_whose_login_lacks_an_acl_says_so_and_does_not_start(
    secured: Secured, whole: Callable[..., Settings], name: str
) -> None:
    secured.add_user(name)
    settings = whole(secured.settings())
    assert fanal(settings, "setup").returncode == 0
    found = findings(settings, FANAL_KAFKA_SASL_USERNAME=name)
    assert found["kafka"][0]
    assert "may not see topic" in found["topics"][1]
    assert f"Read on topic {settings.kafka.prefix}posts (for screening)" in found["access"][1]
    done = fanal(settings, "work", "screening", FANAL_KAFKA_SASL_USERNAME=name)
    assert done.returncode == 2
    assert "it lacks an ACL" in done.stderr.strip().splitlines()[-1]


def test_brokers_that_make_themselves_known_by_an_address_that_fails_are_named(secured: Secured) -> None:
    gone = [{"broker_id": 7, "host": "127.0.0.1", "port": 9}]
    with pytest.raises(BrokerUnavailable, match=r"broker 7 makes itself known .* nobody listens"):
        probe_members(connected(secured.settings()), gone)
