"""Logins and certificates without a broker: what does not fit together is said in a line, tokens are kept and renewed, what is
wrong with a search server is named, and no secret shows anywhere."""

import base64
import logging
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import create_server
from typing import Any

import pytest
from pydantic import SecretStr

from pipeline.app import AppSettings, create_app
from pipeline.broker.connection import Connection
from pipeline.broker.probing import addresses, probe
from pipeline.broker.tokens import RENEWED_AT, AsyncTokens, BlockingTokens, TokenEndpoint, Tokens
from pipeline.broker.topics import Topics
from pipeline.commands.connecting import kafka_connection
from pipeline.errors import BrokerUnavailable, ConfigurationError, FanalError, IndexUnavailable
from pipeline.index.client import open_client
from pipeline.index.probing import probe as probe_search
from pipeline.settings import ElasticsearchSettings, KafkaSettings
from pipeline.tls import Trust, context
from tests.fakes_secured.certificates import Authority
from tests.fakes_secured.front import Front, fronting, server_context
from tests.fakes_secured.tokens import TokenServer, token_server

SECRET = "a secret that must not show"
API_KEY = base64.b64encode(b"id-of-a-key:its-secret-part").decode()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def held(path: Path, text: str = SECRET, mode: int = 0o600) -> Path:
    """A file of a secret."""
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def settings(**given: Any) -> KafkaSettings:
    return KafkaSettings(**{"security_protocol": "SASL_SSL", "sasl_mechanism": "SCRAM-SHA-512", **given})


def refused(kafka: KafkaSettings) -> str:
    """The one line of settings that do not fit together."""
    with pytest.raises(ConfigurationError) as caught:
        kafka_connection(kafka, "broker.example:9092").ssl_context()
    assert "\n" not in str(caught.value)
    return str(caught.value)


# -- settings that do not fit together


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sasl_mechanism": None}, "set FANAL_KAFKA_SASL_MECHANISM"),
        ({"security_protocol": "SSL"}, "set FANAL_KAFKA_SECURITY_PROTOCOL=SASL_SSL"),
        ({}, "needs FANAL_KAFKA_SASL_USERNAME and FANAL_KAFKA_SASL_PASSWORD_FILE"),
        ({"sasl_username": "fanal"}, "FANAL_KAFKA_SASL_PASSWORD_FILE"),
        ({"sasl_mechanism": "OAUTHBEARER"}, "needs FANAL_KAFKA_OAUTH_TOKEN_URL"),
        ({"sasl_mechanism": None, "security_protocol": "PLAINTEXT", "ca_file": "ca.pem"}, "PLAINTEXT is no TLS"),
        ({"sasl_mechanism": None, "security_protocol": "SSL", "ca_file": "none.pem"}, "none.pem: cannot be read"),
        (
            {"sasl_mechanism": None, "security_protocol": "SSL", "client_key_file": "a.key"},
            "without FANAL_KAFKA_CLIENT_CERT",
        ),
        ({"sasl_mechanism": None, "security_protocol": "SSL", "client_cert_file": "a.pem"}, "a.pem: cannot be read"),
        ({"sasl_username": "fanal", "sasl_password_file": "none"}, "none: the password cannot be read"),
    ],
)
def test_a_login_that_is_not_whole_is_said_in_a_line(given: dict[str, Any], said: str) -> None:
    assert said in refused(settings(**given))


@pytest.mark.parametrize(
    "url",
    [
        "login.example/token",
        "ftp://login.example",
        "https://",
        "https://u:p@login.example",
        "https://[",
        "https://a:0/",
    ],
)
def test_an_address_of_tokens_that_is_none_is_said_in_a_line(url: str) -> None:
    given = {"sasl_mechanism": "OAUTHBEARER", "oauth_client_id": "fanal", "oauth_client_secret": SecretStr(SECRET)}
    assert "FANAL_KAFKA_OAUTH_TOKEN_URL is no address" in refused(settings(oauth_token_url=url, **given))


def test_a_secret_is_read_from_its_file_without_the_line_break(tmp_path: Path) -> None:
    made = kafka_connection(
        settings(sasl_username="fanal", sasl_password_file=held(tmp_path / "p", f"{SECRET}\n")), "b:1"
    )
    assert made.login is not None
    assert made.login.password == SECRET


@pytest.mark.parametrize(
    ("text", "mode", "said"),
    [(SECRET, 0o644, "others may read this password"), (" \n", 0o600, "password file is empty")],
)
def test_a_file_of_a_secret_that_is_open_to_all_or_empty_is_refused(
    text: str, mode: int, said: str, tmp_path: Path
) -> None:
    assert said in refused(settings(sasl_username="fanal", sasl_password_file=held(tmp_path / "p", text, mode)))


def test_files_that_are_no_certificates_are_named(tmp_path: Path, authority: Authority) -> None:
    junk = held(tmp_path / "junk.pem", "no certificate")
    signed, other = authority.sign("one"), authority.sign("two")
    sealed = authority.sign("three", password=b"its password")
    for trust, said in [
        (Trust("FANAL_KAFKA", junk), "no PEM file of certificates"),
        (Trust("FANAL_KAFKA", None, junk, signed.key), "no certificate and key in PEM"),
        (Trust("FANAL_KAFKA", None, signed.cert, other.key), "not the key of the certificate"),
        (Trust("FANAL_KAFKA", None, sealed.cert, sealed.key), "the key's password does not fit"),
        (Trust("FANAL_KAFKA", None, sealed.cert, sealed.key, "another"), "the key's password does not fit"),
    ]:
        with pytest.raises(ConfigurationError, match=said):
            context(trust)
    assert context(Trust("FANAL_KAFKA", None, sealed.cert, sealed.key, "its password")).check_hostname


@pytest.mark.parametrize(
    ("bootstrap", "found"),
    [
        ("a:1,b", [("a", 1), ("b", 9092)]),
        ("[::1]:9093, [::2]", [("::1", 9093), ("::2", 9092)]),
    ],
)
def test_brokers_are_read_from_a_list(bootstrap: str, found: list[tuple[str, int]]) -> None:
    assert addresses(bootstrap) == found


@pytest.mark.parametrize("bootstrap", ["a:port", "a:0", "a:70000", ",", "a:-1"])
def test_an_address_that_is_none_is_named(bootstrap: str) -> None:
    with pytest.raises(ConfigurationError, match="FANAL_KAFKA_BOOTSTRAP"):
        addresses(bootstrap)


# -- nothing shows


def test_no_text_form_of_a_login_shows_its_secret(tmp_path: Path, authority: Authority) -> None:
    sealed = authority.sign("mine", password=SECRET.encode())
    by_password = kafka_connection(
        settings(
            sasl_username="fanal",
            sasl_password=SecretStr(SECRET),
            client_cert_file=sealed.cert,
            client_key_file=sealed.key,
            client_key_password_file=held(tmp_path / "key"),
        ),
        "b:1",
    )
    endpoint = TokenEndpoint("https://login.example/t", "fanal", SECRET, None, Trust("FANAL_KAFKA_OAUTH"))
    search = ElasticsearchSettings(url="http://a:9200", api_key=SecretStr(SECRET), password=SecretStr(SECRET))
    app = AppSettings("screening", by_password, Topics(), tmp_path, 10)
    shown = [
        by_password,
        by_password.login,
        by_password.trust,
        endpoint,
        Tokens(endpoint),
        search,
        app,
        create_app(app).conf,
    ]
    assert not [type(one) for one in shown if SECRET in f"{one!r} {one} {[one]}"]


def test_no_error_or_log_line_shows_a_secret(caplog: pytest.LogCaptureFixture, authority: Authority) -> None:
    caplog.set_level(logging.DEBUG)
    given = {"sasl_mechanism": "OAUTHBEARER", "oauth_client_id": "fanal", "security_protocol": "SASL_PLAINTEXT"}
    with token_server(secret=SECRET, status=500, body=SECRET.encode()) as server, deaf() as port:
        tried: list[Any] = [
            lambda: probe(
                kafka_connection(settings(sasl_username="f", sasl_password=SecretStr(SECRET)), f"127.0.0.1:{port}")
            ),
            lambda: Tokens(endpoint(server)).token(),
            lambda: BlockingTokens(Tokens(endpoint(server))).token(),
            lambda: probe_search(
                f"http://127.0.0.1:{port}", ElasticsearchSettings(username="f", password=SecretStr(SECRET))
            ),
            lambda: open_client("http://a:9200", ElasticsearchSettings(api_key=SecretStr(f"{SECRET}\n"))),
            lambda: kafka_connection(settings(oauth_client_secret=SecretStr(SECRET), **given), "b:1"),
        ]
        for attempt in tried:
            with pytest.raises((FanalError, OSError)) as caught:
                attempt()
            assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert SECRET not in caplog.text


@contextmanager
def deaf() -> Iterator[int]:
    """A port that takes connections, and closes them without a word."""
    with create_server(("127.0.0.1", 0)) as listening:

        def close_all() -> None:
            while True:
                try:
                    listening.accept()[0].close()
                except OSError:
                    return

        thread = threading.Thread(target=close_all, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(2)
        thread.join()


def test_what_answers_in_another_protocol_is_no_broker() -> None:
    with fronting(None) as front, pytest.raises((ConfigurationError, BrokerUnavailable), match="no Kafka broker"):
        probe(Connection(f"127.0.0.1:{front.port}"))


# -- tokens


def endpoint(server: TokenServer, **changes: Any) -> TokenEndpoint:
    fields = {"url": server.url, "client_id": "fanal", "client_secret": server.secret, "scope": None}
    return TokenEndpoint(**{**fields, "trust": Trust("FANAL_KAFKA_OAUTH"), **changes})


async def test_a_token_is_kept_until_most_of_its_life_is_over_and_shared_by_all_clients() -> None:
    now = [0.0]
    with token_server(lives_s=100) as server:
        tokens = Tokens(endpoint(server, scope="kafka"), lambda: now[0])
        first = tokens.token()
        assert await AsyncTokens(tokens).token() == BlockingTokens(tokens).token() == first
        now[0] = 100 * RENEWED_AT - 1
        assert tokens.token() == first
        assert len(server.asked) == 1
        assert server.asked[0] == {
            "grant_type": ["client_credentials"],
            "client_id": ["fanal"],
            "client_secret": [server.secret],
            "scope": ["kafka"],
        }
        now[0] = 100 * RENEWED_AT + 1
        assert tokens.token() != first
        assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("status", "body", "error", "said"),
    [
        (400, b'{"error": "invalid_scope"}', ConfigurationError, r"refuses the client \(400 invalid_scope\)"),
        (401, b"<html>", ConfigurationError, r"refuses the client \(401\)"),
        (401, b'{"error": "Not a name\\n"}', ConfigurationError, r"refuses the client \(401\)"),
        (404, b"", ConfigurationError, "answers 404: is FANAL_KAFKA_OAUTH_TOKEN_URL right"),
        (302, b"", ConfigurationError, "answers 302"),
        (503, b"", BrokerUnavailable, "answers 503; trying again later may help"),
        (200, b"<html>", ConfigurationError, "gives no token"),
        (200, b'{"access_token": 7}', ConfigurationError, "gives no token"),
        (200, b'{"access_token": "a\\u0001b"}', ConfigurationError, "gives no token"),
    ],
)
def test_what_a_token_endpoint_answers_is_said(status: int, body: bytes, error: type[FanalError], said: str) -> None:
    with token_server(status=status, body=body) as server, pytest.raises(error, match=said):
        Tokens(endpoint(server)).token()


def test_a_token_endpoint_is_trusted_by_its_own_authority(authority: Authority) -> None:
    with token_server(server_context(authority.sign("login"))) as server:
        with pytest.raises(ConfigurationError, match="set FANAL_KAFKA_OAUTH_CA_FILE"):
            Tokens(endpoint(server)).token()
        assert Tokens(endpoint(server, trust=Trust("FANAL_KAFKA_OAUTH", authority.file))).token()


# -- Elasticsearch


@pytest.fixture(scope="module")
def front(authority: Authority) -> Iterator[Front]:
    login = base64.b64encode(b"fanal:right").decode()
    allowed = {f"ApiKey {API_KEY}", f"Basic {login}"}
    with fronting(None, server_context(authority.sign("search")), allowed=allowed) as serving:
        yield serving


def search(authority: Authority, **given: Any) -> ElasticsearchSettings:
    return ElasticsearchSettings(**{"ca_file": authority.file, **given})


def test_a_server_that_takes_our_login_is_well(front: Front, authority: Authority, tmp_path: Path) -> None:
    for given in (
        {"api_key_file": held(tmp_path / "key", f"{API_KEY}\n")},
        {"username": "fanal", "password_file": held(tmp_path / "password", "right")},
    ):
        probe_search(f"https://127.0.0.1:{front.port}", search(authority, **given))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"api_key": base64.b64encode(b"id:another")}, r"API key is not accepted \(401\)"),
        ({"api_key": "id:another"}, r"API key is malformed \(401\): .* base64 of ID:KEY"),
        (
            {"username": "fanal", "password": "wrong"},
            r"wrong user or password \(401\): check FANAL_ELASTICSEARCH_USERNAME",
        ),
        ({}, r"asks for a login \(401\): set FANAL_ELASTICSEARCH_API_KEY_FILE"),
        ({"api_key": API_KEY, "ca_file": None}, "not trusted here: set FANAL_ELASTICSEARCH_CA_FILE"),
        ({"api_key": "ApiKey x"}, "holds blanks or line breaks"),
        ({"username": "fanal"}, "belong together"),
    ],
)
def test_what_is_wrong_with_a_login_to_a_search_server_is_named(
    given: dict[str, Any], said: str, front: Front, authority: Authority
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        probe_search(f"https://127.0.0.1:{front.port}", search(authority, **given))


@pytest.mark.parametrize(
    ("how", "error", "said"),
    [
        ({"status": 403}, ConfigurationError, r"gives it nothing \(403\)"),
        ({"status": 503}, IndexUnavailable, r"not ready.*\(503\)"),
        ({"status": 404}, ConfigurationError, r"no Elasticsearch \(404\)"),
        (
            {"lacking": ["create_index", "write"]},
            ConfigurationError,
            r"lacks on fanal-\*: write, create_index \(403 later\)",
        ),
        ({"lacking": ["monitor"]}, ConfigurationError, "cluster privilege `monitor`"),
    ],
)
def test_what_a_search_server_withholds_is_named(how: dict[str, Any], error: type[FanalError], said: str) -> None:
    with fronting(None, **how) as serving, pytest.raises(error, match=said):
        probe_search(f"http://127.0.0.1:{serving.port}", ElasticsearchSettings(api_key=SecretStr(API_KEY)))


def test_the_wrong_scheme_for_a_port_is_named(front: Front, authority: Authority) -> None:
    with pytest.raises(ConfigurationError, match="speaks TLS: let FANAL_ELASTICSEARCH_URL begin with https://"):
        probe_search(f"http://127.0.0.1:{front.port}", ElasticsearchSettings())
    with fronting(None) as plain, pytest.raises(ConfigurationError, match=r"speaks no TLS: .* begin with http://"):
        probe_search(f"https://127.0.0.1:{plain.port}", search(authority))


@pytest.mark.parametrize("kind", ["expired", "elsewhere", "early"])
def test_a_certificate_that_does_not_fit_is_named(kind: str, authority: Authority) -> None:
    signed, said = {
        "expired": (authority.sign("expired", days=(-9, -2)), r"expired \(20"),
        "early": (authority.sign("early", days=(2, 9)), r"not valid yet \(20"),
        "elsewhere": (
            authority.sign("elsewhere", ["search.example.org"]),
            "is for search.example.org, not for 127.0.0.1",
        ),
    }[kind]
    with fronting(None, server_context(signed)) as serving, pytest.raises(ConfigurationError, match=said):
        probe_search(f"https://127.0.0.1:{serving.port}", search(authority))


@pytest.mark.parametrize(
    "url", ["search.example", "https://search.example", "ftp://search.example:9200", "https://[:1"]
)
def test_an_address_of_a_search_server_that_is_none_is_named(url: str) -> None:
    with pytest.raises(ConfigurationError, match="FANAL_ELASTICSEARCH_URL is no address"):
        probe_search(url, ElasticsearchSettings())


def test_an_authority_without_tls_is_refused(authority: Authority) -> None:
    with pytest.raises(ConfigurationError, match="does not begin with https"):
        open_client("http://127.0.0.1:9200", search(authority))


def test_a_search_server_that_is_away_is_not_a_fault_of_the_settings() -> None:
    with pytest.raises(IndexUnavailable, match="nobody listens there"):
        probe_search("http://127.0.0.1:9", ElasticsearchSettings())
    with deaf() as port, pytest.raises(IndexUnavailable, match="the connection ends"):
        probe_search(f"http://127.0.0.1:{port}", ElasticsearchSettings())
