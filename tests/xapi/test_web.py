"""The LRS over HTTP: statements, headers, and what it says when something is wrong."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from tests.conftest import Clock
from tests.xapi.builders import (
    MODULE,
    REGISTRATION,
    an_id,
    full_statement,
    group,
    learner,
    reference,
    statement,
    voiding,
)
from tests.xapi.conftest import LRS, make_lrs
from xapi import VERBS, Busy, Writer


def ids(answer: TestResponse) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [int(one["id"][-12:]) for one in answer.json["statements"]]


def test_put_and_get(lrs: LRS) -> None:
    put = lrs("PUT", "statements", full_statement(), statementId=an_id(7).upper())
    assert (put.status_code, put.data) == (204, b"")
    got = lrs("GET", "statements", statementId=an_id(7))
    assert got.status_code == 200
    assert got.content_type == "application/json"
    assert got.json["object"] == full_statement()["object"]
    assert got.json["authority"]["account"]["name"] == "credential:all"
    assert got.headers["Last-Modified"] == "Thu, 13 Oct 2022 09:30:00 GMT"
    head = lrs("HEAD", "statements", statementId=an_id(7))
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == str(len(got.data))
    assert lrs.told == [an_id(7)]


def test_put_without_an_id_takes_that_of_the_address(sqlite_lrs: LRS) -> None:
    assert sqlite_lrs("PUT", "statements", statement(), statementId=an_id(1)).status_code == 204
    assert ids(sqlite_lrs("GET", "statements")) == [1]


def test_post_answers_the_ids_in_order(lrs: LRS) -> None:
    many = lrs("POST", "statements", [statement(id=2), statement(id=1)])
    assert (many.status_code, many.json) == (200, [an_id(2), an_id(1)])
    one = lrs("POST", "statements", statement())
    assert len(one.json) == 1
    assert lrs("POST", "statements", []).json == []


def test_batches_are_all_or_nothing(lrs: LRS) -> None:
    bad = lrs("POST", "statements", [statement(id=1), {"actor": 1}])
    assert bad.status_code == 400
    assert bad.json["path"] == "$[1]"
    assert lrs("POST", "statements", [statement(id=1), statement("passed", id=1)]).status_code == 400
    assert lrs("POST", "statements", statement(id=3)).status_code == 200
    assert lrs("POST", "statements", [statement(id=4), statement("passed", id=3)]).status_code == 409
    assert ids(lrs("GET", "statements")) == [3]
    assert lrs.told == [an_id(3)]


def test_the_same_again_is_welcome_and_another_is_not(lrs: LRS) -> None:
    for _ in range(2):
        assert lrs("PUT", "statements", statement(id=1), statementId=an_id(1)).status_code == 204
    other = lrs("PUT", "statements", statement("passed", id=1), statementId=an_id(1))
    assert (other.status_code, other.json["code"], other.json["rule"]) == (409, "XAPI-CONFLICT", "id-taken")
    assert lrs("GET", "statements", statementId=an_id(1)).json["verb"]["id"] == VERBS["completed"]


BAD: dict[str, tuple[tuple[Any, ...], dict[str, Any], int]] = {
    "no statementId": (("PUT", "statements", statement()), {}, 400),
    "another id": (("PUT", "statements", statement(id=1)), {"statementId": an_id(2)}, 400),
    "an id that is a number": (("PUT", "statements", {**statement(), "id": 1}), {"statementId": an_id(2)}, 400),
    "a list": (("PUT", "statements", [statement()]), {"statementId": an_id(2)}, 400),
    "no JSON": (("POST", "statements", b"{"), {}, 400),
    "no body": (("POST", "statements", b""), {}, 400),
    "not UTF-8": (("POST", "statements", b'"\xff"'), {}, 400),
    "NaN": (("POST", "statements", b"NaN"), {}, 400),
    "deep": (("POST", "statements", b"[" * 5000), {}, 400),
    "a text": (("POST", "statements", b'"x"'), {}, 400),
    "statementId with POST": (("POST", "statements", statement()), {"statementId": an_id(2)}, 400),
    "another content type": (("POST", "statements", statement()), {"headers": {"Content-Type": "text/plain"}}, 400),
    "multipart": (("POST", "statements", b""), {"headers": {"Content-Type": "multipart/mixed; boundary=x"}}, 501),
    "unknown parameter": (("GET", "statements"), {"foo": "1"}, 400),
    "wrong case": (("GET", "statements"), {"statementid": an_id(1)}, 400),
    "method in 2.0": (("POST", "statements?method=PUT", statement()), {}, 400),
    "parameter twice": (("GET", "statements?verb=a:b&verb=a:c"), {}, 400),
    "statementId no UUID": (("GET", "statements"), {"statementId": "x"}, 400),
    "both ids": (("GET", "statements"), {"statementId": an_id(1), "voidedStatementId": an_id(1)}, 400),
    "id and filter": (("GET", "statements"), {"statementId": an_id(1), "verb": "a:b"}, 400),
    "no such": (("GET", "statements"), {"statementId": an_id(1)}, 404),
    "agent no JSON": (("GET", "statements"), {"agent": "{"}, 400),
    "agent invalid": (("GET", "statements"), {"agent": {"name": "x"}}, 400),
    "agent anonymous": (("GET", "statements"), {"agent": group("anna")}, 400),
    "verb no IRI": (("GET", "statements"), {"verb": "completed"}, 400),
    "activity no IRI": (("GET", "statements"), {"activity": "M01"}, 400),
    "a NUL": (("GET", "statements"), {"activity": "a:\x00"}, 400),
    "registration": (("GET", "statements"), {"registration": "1"}, 400),
    "since": (("GET", "statements"), {"since": "yesterday"}, 400),
    "limit": (("GET", "statements"), {"limit": "-1"}, 400),
    "ascending": (("GET", "statements"), {"ascending": "True"}, 400),
    "format": (("GET", "statements"), {"format": "Exact"}, 400),
    "attachments": (("GET", "statements"), {"attachments": "yes"}, 400),
    "attachments asked for": (("GET", "statements"), {"attachments": "true"}, 501),
    "DELETE": (("DELETE", "statements"), {}, 405),
    "PATCH": (("PATCH", "statements"), {}, 405),
    "no such resource": (("GET", "nothing"), {}, 404),
    "activity missing": (("GET", "activities"), {}, 400),
    "agent missing": (("GET", "agents"), {}, 400),
    "POST to agents": (("POST", "agents", {}), {"agent": learner()}, 405),
    "POST to about": (("POST", "about", {}), {}, 405),
    "too large": (("POST", "statements", b" " * 100_001), {}, 413),
    "unknown version": (("GET", "statements"), {"version": "3.0.0"}, 400),
    "nonsense version": (("GET", "statements"), {"version": "2.0.x"}, 400),
    "no version": (("GET", "statements"), {"version": None}, 400),
    "stranger": (("GET", "statements"), {"who": "stranger"}, 401),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_told_with_every_header(sqlite_lrs: LRS, name: str) -> None:
    what, how, status = BAD[name]
    answer = sqlite_lrs(*what, **how)
    assert answer.status_code == status, answer.text
    assert answer.json["code"].startswith("XAPI-")
    assert answer.json["message"]
    assert answer.headers["X-Experience-API-Version"] == "2.0.0"
    assert answer.headers["X-Experience-API-Consistent-Through"] == "2022-10-13T09:30:00.000000Z"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_attachments_without_data_say_where_it_is(sqlite_lrs: LRS) -> None:
    given = full_statement()
    assert sqlite_lrs("POST", "statements", given).status_code == 200
    signed = full_statement(id=an_id(8))
    signed["attachments"][0]["usageType"] = "http://adlnet.gov/expapi/attachments/signature"
    assert sqlite_lrs("POST", "statements", signed).json["rule"] == "attachment-data"
    del given["attachments"][0]["fileUrl"]
    inner = statement(object={**statement(), "objectType": "SubStatement", "attachments": given["attachments"]})
    assert sqlite_lrs("POST", "statements", inner).json["path"] == "$.object.attachments[0]"


@pytest.mark.parametrize(
    ("mount", "asked", "answered", "status"),
    [
        ("/xapi", "2.0.0", "2.0.0", 200),
        ("/xapi", "1.0.3", "1.0.3", 200),
        ("/xapi", "1.0", "1.0.3", 200),
        ("/xapi/1.0.3", "2.0.0", "2.0.0", 200),
        ("/xapi/1.0.3", "1.0.9", "1.0.3", 200),
        ("/xapi", None, "2.0.0", 400),
        ("/xapi/1.0.3", None, "1.0.3", 400),
        ("/xapi/1.0.3", "0.95", "1.0.3", 400),
    ],
)
def test_the_header_decides_the_version(
    sqlite_lrs: LRS, mount: str, asked: str | None, answered: str, status: int
) -> None:
    answer = sqlite_lrs("GET", "statements", mount=mount, version=asked)
    assert (answer.status_code, answer.headers["X-Experience-API-Version"]) == (status, answered)


def test_both_mounts_have_one_store(lrs: LRS) -> None:
    lrs("POST", "statements", statement(id=1), mount="/xapi/1.0.3", version="1.0.3")
    assert lrs("GET", "statements", statementId=an_id(1)).json["version"] == "1.0.0"


def test_about_asks_for_nothing(sqlite_lrs: LRS) -> None:
    answer = sqlite_lrs("GET", "about", who="", version=None)
    assert answer.json == {"version": ["1.0.3", "2.0.0"], "extensions": {}}


def test_a_browser_may_ask_from_anywhere(sqlite_lrs: LRS) -> None:
    answer = sqlite_lrs(
        "OPTIONS",
        "activities/state",
        who="",
        version=None,
        headers={"Origin": "https://content.example", "Access-Control-Request-Method": "PUT"},
    )
    assert answer.status_code == 204
    assert "PUT" in answer.headers["Access-Control-Allow-Methods"]
    for name in ("Authorization", "Content-Type", "If-Match", "X-Experience-API-Version"):
        assert name in answer.headers["Access-Control-Allow-Headers"]
    assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(("sent", "challenge"), [("Bearer x", "Bearer"), ("Basic x", "Basic"), ("", "Basic")])
def test_401_names_the_way_in_and_asks_no_password_of_learners(sqlite_lrs: LRS, sent: str, challenge: str) -> None:
    answer = sqlite_lrs("GET", "statements", headers={"Authorization": sent})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith(challenge)


def test_busy_says_when_to_come_again(sqlite_lrs: LRS, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: Writer, _work: object) -> None:
        raise Busy

    monkeypatch.setattr(Writer, "run", refuse)
    answer = sqlite_lrs("POST", "statements", statement())
    assert (answer.status_code, answer.json["code"]) == (503, "XAPI-BUSY")
    assert int(answer.headers["Retry-After"]) > 0


def test_pages_follow_more_to_the_end(lrs: LRS) -> None:
    lrs("POST", "statements", [statement(id=number) for number in range(1, 8)])
    answer = lrs("GET", "statements", agent=learner(), limit="3", since="2022-10-13T11:30:00+02:00")
    seen = ids(answer)
    while answer.json["more"]:
        assert answer.json["more"].startswith("/xapi/statements?")
        lrs("POST", "statements", statement())
        answer = lrs("GET", answer.json["more"].removeprefix("/xapi/"))
        seen += ids(answer)
    assert seen == [7, 6, 5, 4, 3, 2]
    assert ids(lrs("GET", "statements", agent=learner(), until="2022-10-13T09:30:00Z")) == [1]


def test_more_knows_where_the_app_is_mounted(sqlite_lrs: LRS) -> None:
    sqlite_lrs("POST", "statements", [statement(id=1), statement(id=2)])
    client = sqlite_lrs.client
    answer = client.get(
        "/xapi/statements?limit=1",
        headers={"Authorization": "Bearer all", "X-Experience-API-Version": "2.0.0"},
        environ_overrides={"SCRIPT_NAME": "/s/key"},
    )
    assert answer.json["more"].startswith("/s/key/xapi/statements?limit=1&cursor=")


def test_filters_by_address(lrs: LRS) -> None:
    lrs(
        "POST",
        "statements",
        [
            statement(id=1, context={"registration": REGISTRATION}),
            statement(
                "passed", id=2, who="boris", context={"contextActivities": {"parent": {"id": MODULE}}}, what="a:b"
            ),
        ],
    )
    assert ids(lrs("GET", "statements", agent=learner())) == [1]
    assert ids(lrs("GET", "statements", verb=VERBS["passed"])) == [2]
    assert ids(lrs("GET", "statements", activity=MODULE)) == [1]
    assert ids(lrs("GET", "statements", activity=MODULE, related_activities="true", ascending="true")) == [1, 2]
    assert ids(lrs("GET", "statements", registration=REGISTRATION, related_agents="false")) == [1]
    assert ids(lrs("GET", "statements", verb=VERBS["failed"])) == []


def test_voiding_by_address(lrs: LRS) -> None:
    lrs("POST", "statements", [statement(id=1), voiding(1, id=2)])
    assert lrs("GET", "statements", statementId=an_id(1)).status_code == 404
    assert lrs("GET", "statements", voidedStatementId=an_id(1)).json["id"] == an_id(1)
    assert lrs("GET", "statements", voidedStatementId=an_id(2)).status_code == 404
    assert ids(lrs("GET", "statements")) == [2]


def test_format_ids(sqlite_lrs: LRS) -> None:
    given = full_statement(object={"objectType": "SubStatement", **statement()})
    del given["context"]["revision"], given["context"]["platform"]
    assert sqlite_lrs("POST", "statements", given).status_code == 200
    [found] = sqlite_lrs("GET", "statements", format="ids").json["statements"]
    assert found["actor"] == learner()
    assert found["verb"] == {"id": VERBS["answered"]}
    assert found["object"]["object"] == {"id": MODULE}
    assert found["context"]["team"]["member"] == [learner("anna"), learner("boris")]
    assert found["context"]["contextAgents"][0]["agent"] == learner("mentor")
    assert found["result"] == full_statement()["result"]


@pytest.mark.parametrize(
    ("accept", "name"),
    [
        ("lv", {"lv": "Meklēšana"}),
        ("fr, en-GB;q=0.5, lv;q=0.4", {"en": "Searching"}),
        ("de", {"de-AT": "Suche"}),
        ("lv;q=0, de-AT;q=x, en;q=0.1", {"en": "Searching"}),
        ("*", {"en": "Searching"}),
        ("", {"en": "Searching"}),
    ],
)
def test_format_canonical(sqlite_lrs: LRS, accept: str, name: dict[str, str]) -> None:
    early = {"id": MODULE, "definition": {"name": {"en": "Searching"}}}
    late = {"id": MODULE, "definition": {"name": {"lv": "Meklēšana", "de-AT": "Suche"}, "type": "a:module"}}
    sqlite_lrs("POST", "statements", [statement(id=1, object=early), statement(id=2, object=late)])
    answer = sqlite_lrs(
        "GET", "statements", statementId=an_id(1), format="canonical", headers={"Accept-Language": accept}
    )
    assert answer.json["object"]["definition"] == {"name": name, "type": "a:module"}
    exact = sqlite_lrs("GET", "statements", statementId=an_id(1))
    assert exact.json["object"] == early


def test_activities_and_agents(lrs: LRS) -> None:
    thing = {"id": MODULE, "definition": {"name": {"en": "Searching"}}}
    lrs("POST", "statements", statement(object=thing, actor={**learner(), "name": "Anna"}))
    assert lrs("GET", "activities", activityId=MODULE).json == {"objectType": "Activity", **thing}
    assert lrs("GET", "activities", activityId="a:b").json == {"objectType": "Activity", "id": "a:b"}
    person = lrs("GET", "agents", agent=learner()).json
    assert person == {"objectType": "Person", "name": ["Anna"], "account": [learner()["account"]]}
    assert lrs("GET", "agents", agent={"mbox": "mailto:x@y.example"}).json["mbox"] == ["mailto:x@y.example"]


def test_the_alternate_syntax_of_1_0_3(sqlite_lrs: LRS) -> None:
    form = {
        "statementId": an_id(1),
        "content": '{"actor":{"mbox":"mailto:a@b.example"},"verb":{"id":"a:b"},"object":{"id":"a:ā"}}',
        "Authorization": "Bearer all",
        "X-Experience-API-Version": "1.0.3",
    }
    client = sqlite_lrs.client
    sent = {"data": urlencode(form), "content_type": "application/x-www-form-urlencoded"}
    assert client.post("/xapi/1.0.3/statements?method=PUT", **sent).status_code == 204
    form.pop("content")
    sent["data"] = urlencode(form)
    assert client.post("/xapi/statements?method=GET", **sent).json["object"]["id"] == "a:ā"
    assert client.post("/xapi/statements?method=GET&x=1", **sent).status_code == 400
    sent["data"] = urlencode({**form, "X-Experience-API-Version": "2.0.0"})
    assert client.post("/xapi/statements?method=GET", **sent).status_code == 400


def test_who_may_write_and_read(sqlite_lrs: LRS) -> None:
    lrs = sqlite_lrs
    assert lrs("POST", "statements", statement(), who="reader").status_code == 403
    assert lrs("POST", "statements", statement(), who="nothing").status_code == 403
    assert lrs("GET", "statements", who="nothing").status_code == 403
    assert lrs("GET", "agents", agent=learner(), who="nothing").status_code == 403
    lrs("POST", "statements", statement(id=1))
    lrs("POST", "statements", statement(id=2), who="other")
    assert ids(lrs("GET", "statements", who="other")) == [2]
    assert lrs("GET", "statements", statementId=an_id(1), who="other").status_code == 404
    assert ids(lrs("GET", "statements", who="reader")) == [2, 1]
    assert lrs("POST", "statements", voiding(1), who="other").status_code == 403


ABOUT = {"registration": REGISTRATION}
ALLOWED = [
    statement("answered", what=MODULE, context=ABOUT),
    statement("answered", what=f"{MODULE}/p1", context=ABOUT),
    statement("answered", what=f"{MODULE}#q1", context={"registration": REGISTRATION.upper()}),
    statement("answered", what="a:q", context={**ABOUT, "contextActivities": {"parent": {"id": MODULE}}}),
    statement("answered", what="a:q", context={**ABOUT, "contextActivities": {"grouping": [{"id": MODULE}]}}),
]
FORBIDDEN = [
    statement("passed", what=MODULE, context=ABOUT),
    statement("answered", who="boris", context=ABOUT),
    statement("answered", actor=group("anna"), context=ABOUT),
    statement("answered", what=f"{MODULE}0", context=ABOUT),
    statement("answered", what="a:q", context=ABOUT),
    statement("answered", what="a:q", context={**ABOUT, "contextActivities": {"other": {"id": MODULE}}}),
    statement("answered", what=MODULE),
    statement("answered", what=MODULE, context={"registration": an_id(1)}),
    statement("answered", object=learner(), context=ABOUT),
    statement("answered", object=reference(1), context=ABOUT),
    voiding(1, actor=learner(), context=ABOUT),
]


@pytest.mark.parametrize("given", ALLOWED)
def test_a_page_writes_of_its_own(sqlite_lrs: LRS, given: dict[str, Any]) -> None:
    answer = sqlite_lrs("POST", "statements", given, who="page")
    assert answer.status_code == 200, answer.text
    found = sqlite_lrs("GET", "statements", statementId=answer.json[0], who="page")
    assert found.json["authority"]["account"]["name"] == "page"
    assert sqlite_lrs("GET", "statements", statementId=answer.json[0], who="page of boris").status_code == 404


@pytest.mark.parametrize("given", FORBIDDEN)
def test_a_page_writes_of_nothing_else(sqlite_lrs: LRS, given: dict[str, Any]) -> None:
    answer = sqlite_lrs("POST", "statements", [ALLOWED[0], given], who="page")
    assert (answer.status_code, answer.json["code"]) == (403, "XAPI-FORBIDDEN")
    assert answer.json["path"].startswith("$[1]")
    assert ids(sqlite_lrs("GET", "statements")) == []


def test_an_error_of_ours_has_the_headers_too(
    sqlite_engine: Engine, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    lrs = make_lrs(sqlite_engine, clock)
    monkeypatch.setattr("xapi.web._RESOURCES", {"statements": lambda *_: 1 / 0})
    answer = lrs("GET", "statements")
    assert answer.status_code == 500
    assert answer.headers["X-Experience-API-Version"] == "2.0.0"
