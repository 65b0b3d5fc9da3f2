"""When certificates end: read from a server of our own over TLS, and from files."""

import asyncio
import math
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from prometheus_client import REGISTRY

from pipeline.certificates import Target, ends_at, index_target, kafka_target, look

NOW = datetime.now(UTC).replace(microsecond=0)
NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "server.example")])


def certificate(folder: Path, name: str, ends: datetime) -> Path:
    """A certificate that signs itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateBuilder().subject_name(NAME).issuer_name(NAME).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    made = builder.not_valid_before(ends - timedelta(days=365)).not_valid_after(ends).sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / f"{name}.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return path


@asynccontextmanager
async def serving(pem: Path) -> AsyncIterator[int]:
    """A server over TLS on a free port of loopback."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize("days", [30, -2])
async def test_the_end_of_a_servers_certificate_is_read_even_after_it(tmp_path: Path, days: int) -> None:
    ends = NOW + timedelta(days=days)
    async with serving(certificate(tmp_path, "server", ends)) as port:
        found = await asyncio.to_thread(ends_at, Target("kafka", "127.0.0.1", port))
    assert found == ends.timestamp()


async def test_an_authority_that_ends_sooner_counts_and_of_two_the_later_one(tmp_path: Path) -> None:
    soon, later = (certificate(tmp_path, f"ca-{days}", NOW + timedelta(days=days)) for days in (3, 9))
    both = tmp_path / "both.pem"
    both.write_bytes(soon.read_bytes() + later.read_bytes())
    async with serving(certificate(tmp_path, "server", NOW + timedelta(days=30))) as port:
        one = await asyncio.to_thread(ends_at, Target("kafka", "127.0.0.1", port, (soon,)))
        two = await asyncio.to_thread(ends_at, Target("kafka", "127.0.0.1", port, (both,)))
    assert [one, two] == [(NOW + timedelta(days=days)).timestamp() for days in (3, 9)]


def test_an_end_that_cannot_be_read_is_no_number(caplog: pytest.LogCaptureFixture) -> None:
    look([Target("elasticsearch", "127.0.0.1", 1)])
    shown = REGISTRY.get_sample_value("fanal_certificate_expiry_timestamp_seconds", {"target": "elasticsearch"})
    assert shown is not None
    assert math.isnan(shown)
    assert [record.message for record in caplog.records] == ["a certificate cannot be read"]


def test_an_end_that_is_read_is_shown() -> None:
    look([Target("kafka", "broker.example", 9093)], lambda _: 1.8e9)
    shown = REGISTRY.get_sample_value("fanal_certificate_expiry_timestamp_seconds", {"target": "kafka"})
    assert shown == 1.8e9


def test_only_servers_that_are_spoken_to_over_tls_are_looked_at() -> None:
    ca = Path("ca.pem")
    assert kafka_target("one.example:9092", "SASL_PLAINTEXT", ca) is None
    assert kafka_target("one.example:9093, two.example:9093", "SASL_SSL", ca) == Target(
        "kafka", "one.example", 9093, (ca,)
    )
    assert kafka_target("[::1]:9093", "SSL", None) == Target("kafka", "::1", 9093)
    assert index_target("http://127.0.0.1:9200", ca) is None
    assert index_target("https://search.example", None) == Target("elasticsearch", "search.example", 443)
