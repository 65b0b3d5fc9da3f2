"""Lifecycle and roles: put where the server has them, brought up to date, never over what is newer or was changed by hand."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from pipeline.errors import ConfigurationError
from pipeline.index import server_side
from pipeline.index.store import Store, open_store
from pipeline.index.templates import Layout
from pipeline.resources import config_dir
from pipeline.settings import ElasticsearchSettings
from tests.fakes_search import FullServer

FOLDER = config_dir() / "elasticsearch"
LAYOUT = Layout("fanal", 1, 0)
ROLES = {f"role fanal-{name}" for name in ("analyst", "investigator", "auditor", "service")}


@pytest.fixture
async def server() -> AsyncIterator[FullServer]:
    made = FullServer()
    yield made
    await made.stop()


async def set_up(server: FullServer, force: bool = False, **changes: Any) -> list[str]:
    store = await opened(server, **changes)
    try:
        return await store.set_up(force=force)
    finally:
        await store.close()
        await server.stop()


async def opened(server: FullServer, **changes: Any) -> Store:
    return open_store(await server.start(), ElasticsearchSettings(**changes))


async def test_a_full_server_gets_the_policy_and_the_roles_once(server: FullServer) -> None:
    lines = await set_up(server)
    assert {f"created {one}" for one in ("lifecycle policy fanal-months", *ROLES)} < set(lines)
    assert await set_up(server) == []
    template = server.held["/_index_template/fanal-evidence"]["template"]["settings"]["index"]
    assert template["lifecycle"] == {"name": "fanal-months"}
    assert "lifecycle" not in server.held["/_index_template/fanal-tombstones"]["template"]["settings"]["index"]


async def test_a_core_server_gets_neither() -> None:
    server = FullServer(lacks=("/_ilm", "/_security"))
    lines = await set_up(server)
    assert {line.split()[1] for line in lines} == {"index"}
    assert "lifecycle" not in server.held["/_index_template/fanal-hits"]["template"]["settings"]["index"]


async def test_a_login_that_may_not_put_roles_is_said_and_all_else_is_done() -> None:
    server = FullServer(forbids=("/_security/role",))
    lines = await set_up(server)
    assert "role fanal-analyst is left as it is: this login may not put it (security_exception)" in lines
    assert "created index template fanal-hits" in lines


async def test_a_role_changed_by_hand_is_named_and_only_force_overwrites_it(server: FullServer) -> None:
    await set_up(server)
    path = "/_security/role/fanal-analyst"
    ours = server.held[path]
    wider = {"names": ["fanal-evidence-*"], "privileges": ["read"]}
    server.held[path] = {**ours, "indices": [*ours["indices"], wider]}
    with pytest.raises(ConfigurationError, match="role fanal-analyst was changed by hand: `fanal setup --force`"):
        await set_up(server)
    assert await set_up(server, force=True) == ["updated role fanal-analyst"]
    assert server.held[path] == ours


@pytest.mark.parametrize(
    ("path", "what"),
    [("/_security/role/fanal-service", "role fanal-service"), ("/_ilm/policy/fanal-months", "policy fanal-months")],
)
async def test_what_a_newer_fanal_put_is_left_alone_even_by_force(server: FullServer, path: str, what: str) -> None:
    await set_up(server)
    body = server.held[path]
    marked, name = (body["policy"], "_meta") if "policy" in body else (body, "metadata")
    marked[name] = {**marked[name], "fanal_version": 99}
    before = list(server.puts)
    with pytest.raises(ConfigurationError, match=f"{what} is a newer Fanal's"):
        await set_up(server, force=True)
    assert server.puts == before


async def test_a_policy_of_somebody_else_under_our_name_is_not_overwritten(server: FullServer) -> None:
    server.held["/_ilm/policy/fanal-months"] = {"policy": {"phases": {"delete": {"actions": {"delete": {}}}}}}
    with pytest.raises(ConfigurationError, match="policy fanal-months was changed by hand"):
        await set_up(server)
    assert server.puts == []


async def test_another_retention_updates_the_policy(server: FullServer) -> None:
    await set_up(server)
    assert await set_up(server, keep_months=6) == ["updated lifecycle policy fanal-months"]
    phases = server.held["/_ilm/policy/fanal-months"]["policy"]["phases"]
    assert phases["delete"]["min_age"] == "248d"


def test_the_server_drops_a_month_later_than_the_worker_and_makes_nothing_read_only() -> None:
    policy = server_side.policy(FOLDER, replace(LAYOUT, keep_months=1)).body["policy"]["phases"]
    assert int(policy["delete"]["min_age"].removesuffix("d")) > 31 + 31
    assert "delete" not in server_side.policy(FOLDER, LAYOUT).body["policy"]["phases"]
    # each of these makes an index read-only, and an erasure must reach it
    for action in ("forcemerge", "readonly", "shrink", "searchable_snapshot", "freeze", "downsample"):
        assert all(action not in phase["actions"] for phase in policy.values())


def test_roles_reach_what_they_are_for_and_nothing_else() -> None:
    allowed = {
        one.name.removeprefix("fanal-"): {
            name: set(entry["privileges"]) for entry in one.body["indices"] for name in entry["names"]
        }
        for one in server_side.roles(FOLDER, LAYOUT)
    }
    may_read = {role: {name for name, what in names.items() if "read" in what} for role, names in allowed.items()}
    assert may_read["analyst"] == {"fanal-hits", "fanal-hits-*"}
    assert may_read["investigator"] == may_read["analyst"] | {"fanal-evidence", "fanal-evidence-*"}
    assert may_read["auditor"] == {"fanal-tombstones"}
    writes = {"index", "write", "delete", "delete_index", "create_index", "manage", "all"}
    assert [role for role, names in allowed.items() if any(what & writes for what in names.values())] == ["service"]
    assert all(name.startswith("fanal-") for names in allowed.values() for name in names)
