"""From settings to a connection to the broker: secrets are read from their files, and what does not fit together is said."""

from urllib.parse import urlsplit

from pipeline.broker.connection import Connection, Login
from pipeline.broker.tokens import TokenEndpoint, Tokens
from pipeline.errors import ConfigurationError
from pipeline.keys import secret
from pipeline.settings import KafkaSettings
from pipeline.tls import Trust


def kafka_connection(kafka: KafkaSettings, bootstrap: str) -> Connection:
    """How to reach the broker.

    Raises:
        ConfigurationError: a part of the login is missing or does not fit the others, or its file cannot be read.
    """
    with_login = kafka.security_protocol.startswith("SASL")
    if with_login and kafka.sasl_mechanism is None:
        raise ConfigurationError(f"{kafka.security_protocol} asks for a login: set FANAL_KAFKA_SASL_MECHANISM")
    if kafka.sasl_mechanism and not with_login:
        raise ConfigurationError(
            f"FANAL_KAFKA_SASL_MECHANISM is set, but {kafka.security_protocol} logs nobody in: "
            "set FANAL_KAFKA_SECURITY_PROTOCOL=SASL_SSL"
        )
    return Connection(bootstrap, kafka.security_protocol, _login(kafka), _trust(kafka))


def _trust(kafka: KafkaSettings) -> Trust:
    if "SSL" not in kafka.security_protocol and (kafka.ca_file or kafka.client_cert_file):
        raise ConfigurationError(
            f"certificates are set, but {kafka.security_protocol} is no TLS: "
            "set FANAL_KAFKA_SECURITY_PROTOCOL=SASL_SSL (or SSL)"
        )
    return Trust(
        "FANAL_KAFKA",
        kafka.ca_file,
        kafka.client_cert_file,
        kafka.client_key_file,
        secret(kafka.client_key_password, kafka.client_key_password_file, "key's password"),
    )


def _login(kafka: KafkaSettings) -> Login | None:
    if kafka.sasl_mechanism is None:
        return None
    if kafka.sasl_mechanism == "OAUTHBEARER":
        return Login(kafka.sasl_mechanism, tokens=Tokens(_endpoint(kafka)))
    password = secret(kafka.sasl_password, kafka.sasl_password_file, "password")
    if not kafka.sasl_username or not password:
        raise ConfigurationError(
            f"{kafka.sasl_mechanism} needs FANAL_KAFKA_SASL_USERNAME and FANAL_KAFKA_SASL_PASSWORD_FILE (or _PASSWORD)"
        )
    return Login(kafka.sasl_mechanism, kafka.sasl_username, password)


def _endpoint(kafka: KafkaSettings) -> TokenEndpoint:
    held = secret(kafka.oauth_client_secret, kafka.oauth_client_secret_file, "client's secret")
    if not (kafka.oauth_token_url and kafka.oauth_client_id and held):
        raise ConfigurationError(
            "OAUTHBEARER needs FANAL_KAFKA_OAUTH_TOKEN_URL, FANAL_KAFKA_OAUTH_CLIENT_ID and "
            "FANAL_KAFKA_OAUTH_CLIENT_SECRET_FILE (or _CLIENT_SECRET)"
        )
    try:
        parts = urlsplit(kafka.oauth_token_url)
        fits = (
            parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
        )
    except ValueError:
        fits = False
    if not fits:
        raise ConfigurationError("FANAL_KAFKA_OAUTH_TOKEN_URL is no address of the form https://HOST/PATH")
    trust = Trust("FANAL_KAFKA_OAUTH", kafka.oauth_ca_file)
    return TokenEndpoint(kafka.oauth_token_url, kafka.oauth_client_id, held, kafka.oauth_scope, trust)
