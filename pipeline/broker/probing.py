"""What is wrong with a connection to the broker, in one line: the clients' own errors hide the reason."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from kafka.net.sasl import get_sasl_mechanism

from pipeline import reach
from pipeline.broker.connection import Connection, Login
from pipeline.broker.tokens import BlockingTokens
from pipeline.broker.wire import FAILED, ILLEGAL_STATE, NO_ERROR, UNSUPPORTED_MECHANISM, NotKafkaError, Wire
from pipeline.errors import BrokerUnavailable, ConfigurationError, FanalError
from pipeline.tls import alert_fault, certificate_fault, speaks_tls

PORT = 9092
PROTOCOL = "FANAL_KAFKA_SECURITY_PROTOCOL"
_NO_MECHANISM = "ASKING-WHICH"


def probe(connection: Connection) -> None:
    """Greet the first broker of the list that is there, and log in to it: milliseconds, five seconds a step at most.

    Raises:
        BrokerUnavailable: none is there.
        ConfigurationError: it is there, and something does not fit; the message says what, and what to change.
    """
    away: BrokerUnavailable | None = None
    for host, port in addresses(connection.bootstrap):
        try:
            _probe_one(connection, host, port)
        except BrokerUnavailable as error:
            away = away or error
        else:
            return
    if away:
        raise away


def probe_members(connection: Connection, members: Any) -> None:
    """The same for every broker as it makes itself known (`host`, `port`, `broker_id`): clients go to these addresses, and the
    first one serves for asking only. Raises as `probe`."""
    for member in members:
        where = f"{member['host']}:{member['port']}"
        try:
            probe(replace(connection, bootstrap=where))
        except (BrokerUnavailable, ConfigurationError) as error:
            kind = type(error)
            raise kind(f"broker {member['broker_id']} makes itself known by an address that fails: {error}") from None


def settled(connection: Connection) -> None:
    """`probe`, with a line that can stand alone. Raises as `probe`."""
    try:
        probe(connection)
    except BrokerUnavailable as found:
        raise BrokerUnavailable(f"no Kafka broker answers at {connection.bootstrap} ({found})") from None
    except ConfigurationError as found:
        raise ConfigurationError(f"Kafka: {found}") from None


def explain(connection: Connection, error: Exception) -> FanalError:
    """An error of a client as one of ours, by what the broker says when it is asked anew. Blocks as `probe`."""
    name = type(error).__name__
    if name == "ClusterAuthorizationFailedError":  # InitProducerId, which Write on any topic allows since Kafka 2.8
        return ConfigurationError("this login may write to no topic: it lacks the ACL Write, `fanal check` says where")
    if "AuthorizationFailed" in name:
        return ConfigurationError(f"the broker refuses ({name}): this login lacks an ACL, `fanal check` says which")
    try:
        settled(connection)
    except (BrokerUnavailable, ConfigurationError) as found:
        return found
    return BrokerUnavailable(
        f"no Kafka broker answers at {connection.bootstrap} ({name}); is it up, and the whole cluster?"
    )


def addresses(bootstrap: str) -> list[tuple[str, int]]:
    """The hosts and ports of a list such as `a:9092,b,[::1]:9093`.

    Raises:
        ConfigurationError: a port is no number.
    """
    found = []
    for one in filter(None, (part.strip() for part in bootstrap.split(","))):
        host, colon, port = one.rpartition(":") if not one.endswith("]") else (one, "", "")
        if colon and not (port.isdecimal() and 0 < int(port) < 65536):
            raise ConfigurationError(f"FANAL_KAFKA_BOOTSTRAP: {one} is no HOST:PORT")
        found.append(((host if colon else one).strip("[]"), int(port) if colon else PORT))
    if not found:
        raise ConfigurationError("FANAL_KAFKA_BOOTSTRAP names no broker")
    return found


def _probe_one(connection: Connection, host: str, port: int) -> None:
    try:
        with _greeted(connection, host, port) as wire:
            _log_in(wire, connection)
    except ConfigurationError as error:
        raise ConfigurationError(f"{host}:{port}: {error}") from None
    except (NotKafkaError, OSError) as error:
        raise BrokerUnavailable(
            f"{host}:{port}: the connection ends during the login ({type(error).__name__})"
        ) from None


@contextmanager
def _greeted(connection: Connection, host: str, port: int) -> Iterator[Wire]:
    """A connection on which the broker has answered to our protocol."""
    context = connection.ssl_context()
    with (
        reach.opened(host, port, BrokerUnavailable) as plain,
        _wrapped(plain, context, connection, (host, port)) as used,
    ):
        wire = Wire(used)
        try:
            wire.greet()
        except (NotKafkaError, OSError) as error:
            raise _no_greeting(error, connection, host, port) from None
        yield wire


@contextmanager
def _wrapped(plain: Any, context: ssl.SSLContext | None, connection: Connection, at: tuple[str, int]) -> Iterator[Any]:
    if context is None:
        yield plain
        return
    try:
        wrapped = context.wrap_socket(plain, server_hostname=at[0])
    except ssl.SSLCertVerificationError as error:
        raise ConfigurationError(certificate_fault(error, connection.trust, *at)) from None
    except OSError as error:
        raise _no_handshake(error, connection, *at) from None
    with wrapped:
        yield wrapped


def _no_handshake(error: OSError, connection: Connection, host: str, port: int) -> ConfigurationError:
    if _answers_plainly(host, port):
        other = "SASL_PLAINTEXT" if connection.login else "PLAINTEXT"
        return ConfigurationError(
            f"this port speaks no TLS: give the port of the TLS listener in FANAL_KAFKA_BOOTSTRAP, or set {PROTOCOL}={other}"
        )
    refused = alert_fault(error, connection.trust)
    return ConfigurationError(refused or f"the TLS handshake fails ({_reason(error)}): is a Kafka broker there?")


def _no_greeting(error: Exception, connection: Connection, host: str, port: int) -> ConfigurationError:
    with_tls = "SSL" in connection.security_protocol
    if not with_tls and speaks_tls(host, port):
        other = "SASL_SSL" if connection.login else "SSL"
        return ConfigurationError(
            f"this port speaks TLS: set {PROTOCOL}={other} (and FANAL_KAFKA_CA_FILE), or give another port"
        )
    refused = alert_fault(error, connection.trust) if isinstance(error, OSError) else None
    return ConfigurationError(refused or "what answers is no Kafka broker: is the port right?")


def _answers_plainly(host: str, port: int) -> bool:
    try:
        with reach.opened(host, port, BrokerUnavailable) as plain:
            Wire(plain).greet()
    except (BrokerUnavailable, NotKafkaError, OSError):
        return False
    return True


def _log_in(wire: Wire, connection: Connection) -> None:
    login = connection.login
    code, offered = wire.offered(login.mechanism if login else _NO_MECHANISM)
    has = ", ".join(sorted(offered)) or "none that it names"
    if login is None:
        if code == UNSUPPORTED_MECHANISM:
            with_tls = "SASL_SSL" if connection.security_protocol == "SSL" else "SASL_PLAINTEXT"
            raise ConfigurationError(
                f"it asks for a login ({has}): set {PROTOCOL}={with_tls} and FANAL_KAFKA_SASL_MECHANISM"
            )
        return
    if code == ILLEGAL_STATE:
        without = connection.security_protocol.removeprefix("SASL_")
        raise ConfigurationError(f"this port asks for no login: set {PROTOCOL}={without}, or give the port that does")
    if code != NO_ERROR:
        raise ConfigurationError(f"it does not take {login.mechanism}: set FANAL_KAFKA_SASL_MECHANISM to one of {has}")
    _authenticate(wire, login)


def _authenticate(wire: Wire, login: Login) -> None:
    mechanism = get_sasl_mechanism(login.mechanism)(
        sasl_mechanism=login.mechanism,
        sasl_plain_username=login.username,
        sasl_plain_password=login.password,
        **({"sasl_oauth_token_provider": BlockingTokens(login.tokens)} if login.tokens else {}),
    )
    if login.tokens:
        login.tokens.token()  # its faults are said as they are
    while not mechanism.is_done():
        answer = wire.authenticate(mechanism.auth_bytes())
        if answer.code == FAILED:
            raise ConfigurationError(_refused(login))
        if answer.code != NO_ERROR:
            raise ConfigurationError(f"it refuses the login (Kafka's error {answer.code})")
        try:
            mechanism.receive(answer.token)
        except ValueError:
            raise ConfigurationError("it does not know our password: what answers is not our broker") from None


def _refused(login: Login) -> str:
    if login.tokens:
        return (
            "it does not accept the token: do issuer, audience and scope (FANAL_KAFKA_OAUTH_SCOPE) fit the broker's, "
            "and are both clocks right?"
        )
    return (
        f"wrong user or password for {login.mechanism}: check FANAL_KAFKA_SASL_USERNAME and FANAL_KAFKA_SASL_PASSWORD_FILE, "
        f"and that the user exists for {login.mechanism}"
    )


def _reason(error: OSError) -> str:
    return getattr(error, "reason", None) or type(error).__name__
