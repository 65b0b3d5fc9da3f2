"""The committed list of jars, and how it is read."""

import pytest

from pipeline.errors import ConfigurationError
from pipeline.local import jars

LINE = f"kafka org.example:broker_2.13:4.3.1 1234 {'a' * 64}"


def test_a_line_of_the_lock_is_read_and_written_back() -> None:
    jar = jars.parse_line(LINE)
    assert (jar.bundle, jar.coordinates, jar.size) == ("kafka", "org.example:broker_2.13:4.3.1", 1234)
    assert jar.name == "broker_2.13-4.3.1.jar"
    assert jar.line() == LINE


@pytest.mark.parametrize(
    "line",
    [
        "",
        "kafka org.example:broker:1 1234",
        f"unknown org.example:broker:1 1234 {'a' * 64}",
        f"kafka org.example:broker 1234 {'a' * 64}",
        f"kafka org.example:broker:1 many {'a' * 64}",
        f"kafka org.example:broker:1 0 {'a' * 64}",
        "kafka org.example:broker:1 1234 abc",
    ],
)
def test_a_malformed_line_is_refused_in_one_line(line: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot read") as refusal:
        jars.parse_line(line)
    assert "\n" not in str(refusal.value)


def test_comments_and_empty_lines_do_not_count() -> None:
    assert len(jars.parse(f"# a remark\n\n{LINE}\n")) == 1


def test_two_jars_with_one_file_name_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="share a file name"):
        jars.parse(f"{LINE}\n{LINE.replace('org.example', 'org.other')}\n")


def test_the_committed_lock_has_both_servers_their_transport_and_the_compiler() -> None:
    found = {jar.artifact: jar for jar in jars.locked()}
    assert found["kafka_2.13"].bundle == "kafka"
    assert found["elasticsearch"].bundle == "search"
    assert found["transport-netty4"].bundle == found["netty-common"].bundle == "transport"
    assert found["ecj"].bundle == "compiler"
    assert found["elasticsearch"].version == found["transport-netty4"].version == jars.version_of("elasticsearch")


def test_the_committed_lock_names_coordinates_and_no_host() -> None:
    assert "//" not in jars.lock_text()
    assert all(jar.sha256 == jar.sha256.lower() for jar in jars.locked())


def test_every_bundle_has_a_licence_to_say() -> None:
    assert {jar.bundle for jar in jars.locked()} == set(jars.LICENCES)
