"""A real broker with the listeners of a secured cluster, its users and its ACLs.

`secure`: SASL_SSL with SCRAM and PLAIN. `tokens`: SASL_SSL with OAUTHBEARER. `mutual`: TLS that asks for our certificate.
`expired` and `elsewhere`: TLS with a certificate that is too old, or for another host. Its own listener, without TLS, is for
those who set it up.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from pipeline.broker.admin import admin
from pipeline.broker.connection import Connection
from pipeline.local import broker, folder, java, ports
from pipeline.local.build import build
from pipeline.local.claim import claim
from pipeline.local.report import to_nobody
from pipeline.settings import KafkaSettings
from tests.connected.own_broker import OwnBroker
from tests.fakes_secured.certificates import Authority, Signed

SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
PLAIN = 'org.apache.kafka.common.security.plain.PlainLoginModule required user_fanal="{password}";'
OAUTH = (
    "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=fanal;"
)
LISTENERS = {"secure": "SASL_SSL", "tokens": "SASL_SSL", "mutual": "SSL", "expired": "SSL", "elsewhere": "SSL"}
PASSWORD = "the password of fanal, 7 seas"


@dataclass(frozen=True)
class Grant:
    """Operations on all topics or groups whose names begin so, or on the one of this name."""

    kind: str
    name: str
    operations: Sequence[str]
    prefixed: bool = True

    def rules(self, user: str) -> list[Any]:
        """As ACLs of a user."""
        from kafka.admin import (
            ACL,
            ACLOperation,
            ACLPermissionType,
            ACLResourcePatternType,
            ResourcePattern,
            ResourceType,
        )

        how = ACLResourcePatternType.PREFIXED if self.prefixed else ACLResourcePatternType.LITERAL
        pattern = ResourcePattern(ResourceType[self.kind], self.name, how)
        may = ACLPermissionType.ALLOW
        return [ACL(f"User:{user}", "*", ACLOperation[name], may, pattern) for name in self.operations]


@dataclass(frozen=True)
class Secured:
    """A broker that runs, the ports of its listeners, and what its clients hold."""

    ports: Mapping[str, int]
    authority: Authority
    ours: Signed
    folder: Path

    def at(self, listener: str) -> str:
        """The address of a listener."""
        return f"127.0.0.1:{self.ports[listener]}"

    @property
    def plainly(self) -> Connection:
        """As those connect who set it up."""
        return Connection(self.at("plain"))

    def settings(self, listener: str = "secure", **changes: Any) -> KafkaSettings:
        """The settings of a client, by default the one that logs in by SCRAM-SHA-512 with a password in a file."""
        password = self.folder / "password"
        password.write_text(f"{PASSWORD}\n", encoding="utf-8")
        password.chmod(0o600)
        return KafkaSettings(
            **{
                "bootstrap": self.at(listener),
                "partitions": 3,
                "session_timeout_s": 6,
                "security_protocol": LISTENERS.get(listener, "PLAINTEXT"),
                "sasl_mechanism": "SCRAM-SHA-512",
                "sasl_username": "fanal",
                "sasl_password_file": password,
                "ca_file": self.authority.file,
                **changes,
            }
        )

    def add_user(self, name: str, password: str = PASSWORD) -> None:
        """A user of both kinds of SCRAM."""
        from kafka.admin import UserScramCredentialUpsertion

        with admin(self.plainly) as client:
            for kind in ("SCRAM-SHA-256", "SCRAM-SHA-512"):
                faults = client.alter_user_scram_credentials([UserScramCredentialUpsertion(name, kind, password)])
                assert not any(faults.values()), faults

    def allow(self, user: str, *grants: Grant) -> None:
        """ACLs for a user."""
        with admin(self.plainly) as client:
            assert not client.create_acls([rule for grant in grants for rule in grant.rules(user)])["failed"]


def secret(value: str) -> SecretStr:
    """A secret of the settings."""
    return SecretStr(value)


@contextmanager
def secured_broker(data: Path, cache: Path) -> Iterator[Secured]:
    """A secured broker with its data under `data`, running; `fanal` is a user without ACLs."""
    folder.prepare(data)
    held = claim(data)
    chosen, runtime = ports.choose(data, to_nobody), java.find()
    authority = Authority(data)
    certificates = {
        "secure": authority.sign("secure"),
        "expired": authority.sign("expired", days=(-9, -2)),
        "elsewhere": authority.sign("elsewhere", hosts=("broker.example.org",)),
    }
    numbers = _ports([chosen.kafka, chosen.controller, chosen.search, chosen.transport]) | {"plain": chosen.kafka}
    recipe = broker.recipe(data, cache, build(cache, runtime, to_nobody), runtime, chosen)
    with (data / "kafka" / "server.properties").open("a", encoding="utf-8") as written:
        written.write(_settings(numbers, chosen.controller, authority, certificates))
    made = OwnBroker(recipe, f"127.0.0.1:{chosen.kafka}", held.descriptor)
    found = Secured(numbers, authority, authority.sign("fanal"), data)
    try:
        made.start()
        found.add_user("fanal")
        yield found
    finally:
        made.kill()
        held.release()


def _ports(taken: list[int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for listener in LISTENERS:
        found[listener] = ports.new_port([*taken, *found.values()])
    return found


def _settings(
    numbers: Mapping[str, int], controller: int, authority: Authority, certificates: Mapping[str, Signed]
) -> str:
    """What stands after Fanal's own settings of the embedded broker, and wins over them."""
    listeners = [f"{name.upper()}://127.0.0.1:{numbers[name]}" for name in ("plain", *LISTENERS)]
    protocols = {"CONTROLLER": "PLAINTEXT", "PLAIN": "PLAINTEXT"} | {
        name.upper(): protocol for name, protocol in LISTENERS.items()
    }
    lines = {
        "listeners": ",".join([*listeners, f"CONTROLLER://127.0.0.1:{controller}"]),
        "advertised.listeners": ",".join(listeners),
        "inter.broker.listener.name": "PLAIN",
        "listener.security.protocol.map": ",".join(f"{name}:{protocol}" for name, protocol in protocols.items()),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
        "ssl.principal.mapping.rules": "RULE:^CN=(.*?)$/$1/,DEFAULT",
        "listener.name.secure.sasl.enabled.mechanisms": "SCRAM-SHA-512,SCRAM-SHA-256,PLAIN",
        "listener.name.secure.scram-sha-512.sasl.jaas.config": SCRAM,
        "listener.name.secure.scram-sha-256.sasl.jaas.config": SCRAM,
        "listener.name.secure.plain.sasl.jaas.config": PLAIN.format(password=PASSWORD),
        "listener.name.tokens.sasl.enabled.mechanisms": "OAUTHBEARER",
        "listener.name.tokens.oauthbearer.sasl.jaas.config": OAUTH,
        "listener.name.mutual.ssl.client.auth": "required",
    }
    for name in LISTENERS:
        signed = certificates.get(name, certificates["secure"])
        lines |= {
            f"listener.name.{name}.ssl.keystore.type": "PEM",
            f"listener.name.{name}.ssl.keystore.location": str(signed.both),
            f"listener.name.{name}.ssl.truststore.type": "PEM",
            f"listener.name.{name}.ssl.truststore.location": str(authority.file),
        }
    return "".join(f"{name}={value}\n" for name, value in lines.items())
