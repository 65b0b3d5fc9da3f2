"""How to reach the broker, once, for the two clients that Fanal uses."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the broker is and how to log in. The password never shows."""

    bootstrap: str
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str | None = None
    username: str | None = None
    password: str | None = None
    ca_file: Path | None = None

    def __repr__(self) -> str:
        return f"Connection({self.bootstrap!r}, {self.security_protocol})"

    def ssl_context(self) -> ssl.SSLContext | None:
        """The TLS context, where the protocol asks for one."""
        if "SSL" not in self.security_protocol:
            return None
        return ssl.create_default_context(cafile=str(self.ca_file) if self.ca_file else None)

    def aiokafka(self) -> dict[str, Any]:
        """Arguments of aiokafka's clients."""
        arguments: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap,
            "security_protocol": self.security_protocol,
            "ssl_context": self.ssl_context(),
        }
        if self.sasl_mechanism:
            arguments |= {
                "sasl_mechanism": self.sasl_mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        return arguments

    def kafka_python(self) -> dict[str, Any]:
        """Arguments of kafka-python's clients."""
        return {key: value for key, value in self.aiokafka().items() if value is not None}
