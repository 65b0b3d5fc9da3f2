"""compose.yaml: the real `docker compose` reads it, nothing is unpinned, nothing listens beyond this host, and everything that runs
has a health check, a limit and no more rights than it needs."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.fernet import Fernet

from pipeline.commands.check import WORKERS
from pipeline.index.probing import PRIVILEGES
from pipeline.settings import Settings
from pipeline.version import VERSION
from tests.tools.compose import compose_program, resolved, services
from tests.tools.debian import Unobtainable

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "compose.yaml"
FOLDER = ROOT / "config" / "compose"
DIGEST = "sha256:" + "0" * 64
ONCE = {"setup", "logins"}
OURS = {"setup", "screening", "indexing", "erasing", "trends", "collecting", "desk"}


def variables() -> dict[str, str]:
    """Every variable of the example that has no default, filled in."""
    example = (FOLDER / "env.example").read_text(encoding="utf-8")
    names = re.findall(r"^([A-Z_]+)=$", example, re.MULTILINE)
    return {name: "1000" if name == "FANAL_UID" else DIGEST for name in names}


@pytest.fixture(scope="module", params=["as written", pytest.param("as resolved", marks=pytest.mark.connected)])
def found(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The services, from the file itself and from the real program."""
    if request.param == "as written":
        text = FILE.read_text(encoding="utf-8")
        filled = re.sub(r"\$\{([A-Z_]+)(?::[-?]([^}]*))?\}", lambda hit: variables().get(hit[1], hit[2] or ""), text)
        read: dict[str, Any] = yaml.safe_load(filled)["services"]
        return read
    available()
    return services(resolved(FILE, variables(), "--profile", "*"))


def available() -> None:
    """Skip, and say why, where the program cannot be had."""
    try:
        compose_program()
    except Unobtainable as why:
        pytest.skip(f"docker-compose: {why}")


def test_every_image_is_pinned_by_tag_and_digest_or_built_on_one_that_is(found: dict[str, Any]) -> None:
    pinned = re.compile(r"[a-z/-]+:v?\d+(\.\d+)+[a-z0-9.-]*@sha256:[0-9a-f]{64}")
    for name, service in found.items():
        if name in OURS:
            assert pinned.fullmatch(service["build"]["args"]["PYTHON_IMAGE"].replace("-slim", "")), name
            assert service["image"] == f"fanal:{VERSION}"
        else:
            assert pinned.fullmatch(service["image"]), name


def test_nothing_listens_beyond_this_host(found: dict[str, Any]) -> None:
    published = [port for service in found.values() for port in service.get("ports", [])]
    assert len(published) == 7
    for port in published:
        assert (port["host_ip"] if isinstance(port, dict) else port.split(":")[0]) == "127.0.0.1"
    assert not [name for name, service in found.items() if service.get("network_mode") or service.get("privileged")]


def test_everything_that_runs_has_a_health_check_a_limit_and_a_restart(found: dict[str, Any]) -> None:
    for name, service in found.items():
        assert service["deploy"]["resources"]["limits"]["memory"], name
        if name in ONCE:
            assert service["restart"] == "no"
            continue
        assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}, name
        assert service["restart"] == "unless-stopped"


def test_nothing_has_more_rights_than_it_needs(found: dict[str, Any]) -> None:
    for name, service in found.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        if name in OURS:
            assert service["read_only"] is True
            assert service["user"] == "1000:0"


def test_only_what_is_reached_from_outside_leaves_the_inner_network(found: dict[str, Any]) -> None:
    outside = {name for name, service in found.items() if "edge" in service["networks"]}
    assert outside == {name for name, service in found.items() if service.get("ports")} | {"collecting"}


def test_every_role_runs_and_waits_for_what_it_needs(found: dict[str, Any]) -> None:
    for role in WORKERS:
        assert found[role]["command"] == ["work", role]
        assert found[role]["depends_on"]["setup"]["condition"] == "service_completed_successfully"
    for name, service in found.items():
        for other, how in service.get("depends_on", {}).items():
            wanted = "service_completed_successfully" if other in ONCE else "service_healthy"
            assert how["condition"] == wanted, (name, other)


def test_what_fanal_is_set_to_are_settings_that_it_has(found: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in found["screening"]["environment"].items():
        monkeypatch.setenv(name, str(value))
    read = Settings.read()
    assert (read.kafka.bootstrap, read.elasticsearch.url) == ("kafka:9092", "http://elasticsearch:9200")
    secrets = {secret["source"] if isinstance(secret, dict) else secret for secret in found["screening"]["secrets"]}
    files = {read.elasticsearch.password_file, read.privacy.pseudonym_key_file, read.privacy.evidence_key_file}
    assert {str(file) for file in files} == {f"/run/secrets/{name}" for name in secrets}


def test_no_secret_stands_in_a_variable_or_an_argument(found: dict[str, Any]) -> None:
    for service in found.values():
        for name, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET|_KEY", name):
                assert str(value).startswith("/run/secrets/"), name


def test_what_is_mounted_from_here_is_ours_or_made_by_the_operator(found: dict[str, Any]) -> None:
    sources: set[Path] = set()
    for service in found.values():
        for volume in service.get("volumes", []):
            source = volume["source"] if isinstance(volume, dict) else volume.split(":")[0]
            if source.startswith((".", "/")):
                sources.add((ROOT / source).resolve())
    theirs = {ROOT / "config" / "sources.toml", ROOT / "config" / "licence.toml", ROOT / "secrets" / "alertmanager"}
    committed = {
        ROOT / "config" / "compose" / "logins.sh",
        ROOT / "config" / "compose" / "prometheus.yml",
        ROOT / "config" / "prometheus" / "rules",
        ROOT / "config" / "alertmanager" / "alertmanager.yml",
        ROOT / "grafana" / "provisioning",
        ROOT / "grafana" / "dashboards",
    }
    assert sources == theirs | committed


@pytest.mark.connected
@pytest.mark.parametrize("name", sorted(variables()))
def test_a_variable_that_is_not_set_is_refused_and_says_where_to_look(name: str) -> None:
    available()
    done = resolved(FILE, {key: value for key, value in variables().items() if key != name}, "--profile", "*")
    assert done.returncode != 0
    assert name in done.stderr
    assert "env.example" in done.stderr or "id -u" in done.stderr


@pytest.mark.connected
def test_a_key_that_is_misspelt_is_refused(tmp_path: Path) -> None:
    available()
    wrong = tmp_path / "compose.yaml"
    wrong.write_text(
        FILE.read_text(encoding="utf-8").replace("stop_grace_period: 40s", "stop_grace: 40s"), encoding="utf-8"
    )
    done = resolved(wrong, variables())
    assert done.returncode != 0
    assert "stop_grace" in done.stderr


def test_prometheus_asks_every_service_that_has_metrics() -> None:
    read = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))
    asked = {name for job in read["scrape_configs"] for of in job["dns_sd_configs"] for name in of["names"]}
    assert asked == {*WORKERS, "collecting"}


def test_the_secrets_are_made_once_and_are_keys_that_fanal_takes(tmp_path: Path) -> None:
    script = str(FOLDER / "make-secrets")
    done = subprocess.run([script], cwd=tmp_path, capture_output=True, text=True, check=False)
    if "not as root" in done.stderr:
        assert done.returncode == 2
        assert not (tmp_path / "secrets").exists()
        stripped = tmp_path / "make-secrets"
        text = Path(script).read_text(encoding="utf-8").replace('"$(id -u)" = 0', '"$(id -u)" = none')
        stripped.write_text(text, encoding="utf-8")
        stripped.chmod(0o700)
        script = str(stripped)
        subprocess.run([script], cwd=tmp_path, check=True, capture_output=True)
    made = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "secrets").iterdir() if path.is_file()}
    named = yaml.safe_load(FILE.read_text(encoding="utf-8"))["secrets"]
    assert made.keys() == named.keys()
    assert len(set(made.values())) == len(made)
    assert all(len(value) >= 32 for value in made.values())
    assert Fernet(made["evidence_key"].encode())
    assert not [path for path in (tmp_path / "secrets").iterdir() if path.is_file() and path.stat().st_mode & 0o077]
    subprocess.run([script], cwd=tmp_path, check=True, capture_output=True)
    assert made == {
        path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "secrets").iterdir() if path.is_file()
    }


def test_the_role_in_the_index_may_do_what_is_asked_of_it() -> None:
    text = (FOLDER / "logins.sh").read_text(encoding="utf-8")
    role = json.loads(text.split("<< 'ROLE'\n")[1].split("\nROLE\n")[0])
    [indices] = role["indices"]
    assert indices["names"] == ["fanal-*"]
    assert set(PRIVILEGES) <= set(indices["privileges"])
    assert "monitor" in role["cluster"]
