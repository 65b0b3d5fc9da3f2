"""Ports: free, kept over restarts, replaced when taken."""

import socket
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

import pytest

from pipeline.errors import ConfigurationError
from pipeline.local import ports
from pipeline.local.report import to_nobody


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as other:
        other.bind((ports.HOST, ports.new_port(())))
        other.listen()
        yield other.getsockname()[1]


def test_four_different_free_ports_are_chosen(tmp_path: Path) -> None:
    chosen = astuple(ports.choose(tmp_path, to_nobody))
    assert len(set(chosen)) == 4
    assert all(ports.is_free(port) for port in chosen)


def test_ports_are_below_those_of_outgoing_connections() -> None:
    assert all(20_000 <= ports.new_port(()) < 32_000 for _ in range(50))


def test_the_second_start_keeps_the_ports(tmp_path: Path) -> None:
    first = ports.choose(tmp_path, to_nobody)
    assert ports.choose(tmp_path, to_nobody) == first


def test_a_kept_port_that_is_taken_is_replaced_and_said(tmp_path: Path) -> None:
    said: list[str] = []
    first = ports.choose(tmp_path, said.append)
    with socket.socket() as other:
        other.bind((ports.HOST, first.kafka))
        other.listen()
        second = ports.choose(tmp_path, said.append)
    assert second.kafka != first.kafka
    assert (second.search, second.controller) == (first.search, first.controller)
    assert len(said) == 1
    assert str(first.kafka) in said[0]


def test_a_fixed_port_is_used(tmp_path: Path) -> None:
    port = ports.new_port(())
    assert ports.choose(tmp_path, to_nobody, search=port).search == port


def test_a_fixed_port_that_is_taken_is_refused_in_one_line(tmp_path: Path, taken: int) -> None:
    with pytest.raises(ConfigurationError, match=f"port {taken} for Kafka is taken") as refusal:
        ports.choose(tmp_path, to_nobody, kafka=taken)
    assert "\n" not in str(refusal.value)


def test_a_damaged_record_of_ports_is_as_none(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text('{"kafka": "x"', encoding="utf-8")
    assert ports.is_free(ports.choose(tmp_path, to_nobody).kafka)


def test_listening_is_told_from_silence(taken: int) -> None:
    assert ports.listens(taken)
    assert not ports.listens(ports.new_port((taken,)))
