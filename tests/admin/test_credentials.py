"""Who may use the record store: by key and secret, by a page's token, and nobody else."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask, Request
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

import lti_tool.db
from lti_tool.admin import credentials as store
from lti_tool.admin.cli import lrs
from lti_tool.launch.session import PAGE_VERBS, Tokens, XapiGrant
from lti_tool.settings import Settings
from lti_tool.wiring import Wiring
from tests.admin.conftest import SECRET
from tests.conftest import Clock
from xapi.access import Principal
from xapi.database import reading, writing
from xapi.errors import Unauthorised
from xapi.statement import validate
from xapi.writer import Writer

TOKENS = Tokens(SECRET)


def asks(authorization: str | None) -> Request:
    headers = {} if authorization is None else {"Authorization": authorization}
    request: Request = Flask("asks").test_request_context(headers=headers).request
    return request


def basic(key: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()


def issue(wiring: Wiring, *scopes: str) -> store.Issued:
    with writing(wiring.engine) as conn:
        return store.issue(conn, "Moodle logs", scopes or store.USUAL, SECRET, wiring.clock())


def ask(wiring: Wiring, authorization: str | None) -> Principal:
    return store.authenticator(wiring, TOKENS)(asks(authorization))


def refuse(wiring: Wiring, authorization: str | None) -> None:
    with pytest.raises(Unauthorised):
        ask(wiring, authorization)


def test_a_client_is_known_by_key_and_secret(wiring: Wiring) -> None:
    issued = issue(wiring, "statements/write", "state")
    found = ask(wiring, basic(issued.credential.key, issued.secret))
    assert found.scopes == {"statements/write", "state"}
    assert found.actor is None
    account = {"homePage": "http://127.0.0.1:8000", "name": f"credential:{issued.credential.key}"}
    assert found.authority == {"objectType": "Agent", "account": account}
    verb = {"id": "http://adlnet.gov/expapi/verbs/experienced"}
    validate({"actor": found.authority, "verb": verb, "object": {"id": "http://example.org/a"}})


def test_what_is_wrong_opens_nothing(wiring: Wiring) -> None:
    one, other = issue(wiring), issue(wiring)
    key, secret = one.credential.key, one.secret
    for wrong in (
        None,
        "",
        "Basic",
        "Basic !!!",
        f"Basic {key}:{secret}",
        "Digest username=x",
        basic(key, ""),
        basic(key, secret + "x"),
        basic(key, secret[:-1]),
        basic(key, other.secret),
        basic("", secret),
        basic("unknown", secret),
        basic(key.upper(), secret) if key.upper() != key else None,
        basic(f"{key}\0", secret),
        basic("ж" * 8, secret),
        "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode(),
        f"Bearer {secret}",
    ):
        refuse(wiring, wrong)


def test_a_revoked_client_is_out_at_once(wiring: Wiring, clock: Clock) -> None:
    issued = issue(wiring)
    authorization = basic(issued.credential.key, issued.secret)
    authenticate = store.authenticator(wiring, TOKENS)
    authenticate(asks(authorization))
    with writing(wiring.engine) as conn:
        assert store.revoke(conn, issued.credential.key, clock())
        assert not store.revoke(conn, issued.credential.key, clock())
    with pytest.raises(Unauthorised):
        authenticate(asks(authorization))


def test_the_secret_is_nowhere_in_the_database(wiring: Wiring) -> None:
    issued = issue(wiring)
    with reading(wiring.engine) as conn:
        [row] = conn.execute(store.credentials.select())
    assert issued.secret not in repr(tuple(row))


def test_a_row_planted_with_another_hash_opens_nothing(wiring: Wiring) -> None:
    issued = issue(wiring)
    other = replace(wiring, settings=Settings(secret_key="another secret of thirty-two letters"))
    refuse(other, basic(issued.credential.key, issued.secret))


def test_the_last_use_is_noted_now_and_then(wiring: Wiring, clock: Clock) -> None:
    issued = issue(wiring)
    authorization = basic(issued.credential.key, issued.secret)

    def used() -> Any:
        with reading(wiring.engine) as conn:
            return store.listed(conn)[0].used_at

    assert used() is None
    refuse(wiring, basic(issued.credential.key, "wrong"))
    assert used() is None
    ask(wiring, authorization)
    first = clock()
    assert used() == first
    clock.forward(minutes=9)
    ask(wiring, authorization)
    assert used() == first
    clock.forward(minutes=1)
    ask(wiring, authorization)
    assert used() == clock()


def test_a_page_is_known_by_its_token_until_that_ends(wiring: Wiring, clock: Clock) -> None:
    actor = {"objectType": "Agent", "account": {"homePage": "https://lms.example.org", "name": "4"}}
    ends = clock.now.replace(hour=17)
    grant = XapiGrant("sid", actor, "tag:x:module/M01", "0f5c", PAGE_VERBS, ends)
    token = TOKENS.mint_xapi(grant)
    found = ask(wiring, f"Bearer {token}")
    assert (found.actor, found.activity, found.registration) == (actor, "tag:x:module/M01", "0f5c")
    assert "all" not in found.scopes
    refuse(wiring, f"Bearer {token[:-2]}aa")
    refuse(wiring, basic("page", token))
    clock.forward(hours=8)
    refuse(wiring, f"Bearer {token}")


def test_a_scope_that_the_store_does_not_know_is_refused(wiring: Wiring) -> None:
    with pytest.raises(ValueError, match="statements/everything"):
        issue(wiring, "statements/everything")


@given(st.text(max_size=80), st.text(max_size=80), st.text(max_size=80), st.text(max_size=80))
def test_no_other_pair_has_the_same_hash(key: str, secret: str, other_key: str, other: str) -> None:
    # Keys have no colon: the authenticator takes letters and digits alone.
    key, other_key = key.replace(":", ""), other_key.replace(":", "")
    same = store.hash_of(SECRET, key, secret) == store.hash_of(SECRET, other_key, other)
    assert same == ((key, secret) == (other_key, other))


@given(st.text(max_size=60))
def test_any_header_is_answered(sqlite_engine_once: Engine, header: str) -> None:
    wiring = Wiring(Settings(secret_key=SECRET), sqlite_engine_once, Writer(sqlite_engine_once))
    text = header.encode("latin-1", "replace").decode("latin-1").replace("\r", "").replace("\n", "")
    for authorization in (text, f"Basic {text}", f"Bearer {text}", basic(text, text)):
        refuse(wiring, authorization)


@pytest.fixture(scope="module")
def sqlite_engine_once(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    url = f"sqlite:///{tmp_path_factory.mktemp('once') / 'x.sqlite3'}"
    lti_tool.db.upgrade(url)
    return lti_tool.db.open_engine(url)


def run(database_url: str, *arguments: str) -> Any:
    settings = Settings(secret_key=SECRET, database_url=database_url)
    return CliRunner().invoke(lrs, ["credentials", *arguments], obj=settings)


def test_the_commands_make_list_and_end_clients(database_url: str) -> None:
    made = run(database_url, "new", "Žurnāls", "--scope", "all", "--json")
    assert made.exit_code == 0
    told = json.loads(made.stdout)
    assert set(told) == {"key", "secret"}
    wiring = Wiring.open(Settings(secret_key=SECRET, database_url=database_url))
    assert ask(wiring, basic(told["key"], told["secret"])).scopes == {"all"}
    [row] = json.loads(run(database_url, "list", "--json").stdout)
    assert (row["key"], row["name"], row["scopes"], row["revoked"]) == (told["key"], "Žurnāls", ["all"], None)
    assert "secret" not in row
    assert run(database_url, "revoke", told["key"]).exit_code == 0
    refuse(wiring, basic(told["key"], told["secret"]))
    assert json.loads(run(database_url, "list", "--json").stdout)[0]["revoked"]
    assert run(database_url, "revoke", told["key"]).exit_code != 0
    wiring.engine.dispose()


def test_without_scope_a_client_writes_and_reads_its_own(database_url: str) -> None:
    made = run(database_url, "new", "probe")
    assert "not shown again" in made.stderr
    listed = json.loads(run(database_url, "list", "--json").stdout)
    assert listed[0]["scopes"] == sorted(store.USUAL)
    assert "all" not in listed[0]["scopes"]


def test_a_scope_that_is_none_is_wrong_usage(database_url: str) -> None:
    assert run(database_url, "new", "probe", "--scope", "everything").exit_code == 2
