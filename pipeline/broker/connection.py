"""How to reach the broker, once, for the three clients that Fanal uses: kafka-python, aiokafka, and Faust over aiokafka."""

import ssl
from dataclasses import dataclass, field
from typing import Any

from pipeline.broker.tokens import AsyncTokens, BlockingTokens, Tokens
from pipeline.tls import Trust, context


@dataclass(frozen=True, slots=True)
class Login:
    """Who we are by SASL: a name and a password, or tokens (`OAUTHBEARER`). The password never shows."""

    mechanism: str
    username: str = ""
    password: str = ""
    tokens: Tokens | None = None

    def __repr__(self) -> str:
        return f"Login({self.mechanism})"


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the broker is and how to log in. `security_protocol` says TLS if and only if it holds `SSL`, and a login if and
    only if it begins with `SASL`."""

    bootstrap: str
    security_protocol: str = "PLAINTEXT"
    login: Login | None = None
    trust: Trust = field(default_factory=lambda: Trust("FANAL_KAFKA"))

    def __repr__(self) -> str:
        return f"Connection({self.bootstrap!r}, {self.security_protocol})"

    def ssl_context(self) -> ssl.SSLContext | None:
        """The TLS context, where the protocol asks for one.

        Raises:
            ConfigurationError: a file of certificates or keys cannot be used.
        """
        return context(self.trust) if "SSL" in self.security_protocol else None

    def aiokafka(self) -> dict[str, Any]:
        """Arguments of aiokafka's clients. Raises as `ssl_context`."""
        return self._arguments(AsyncTokens)

    def kafka_python(self) -> dict[str, Any]:
        """Arguments of kafka-python's clients. Raises as `ssl_context`."""
        return {key: value for key, value in self._arguments(BlockingTokens).items() if value is not None}

    def _arguments(self, provider: Any) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap,
            "security_protocol": self.security_protocol,
            "ssl_context": self.ssl_context(),
        }
        if self.login and self.login.tokens:
            arguments |= {
                "sasl_mechanism": self.login.mechanism,
                "sasl_oauth_token_provider": provider(self.login.tokens),
            }
        elif self.login:
            arguments |= {
                "sasl_mechanism": self.login.mechanism,
                "sasl_plain_username": self.login.username,
                "sasl_plain_password": self.login.password,
            }
        return arguments
