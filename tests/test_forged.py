"""Forged statements, forged roles, borrowed tokens: each way in is tried, and nothing comes of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from json import dumps
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest

from lti_tool.db import reading
from lti_tool.launch.session import PageSession, Tokens, XapiGrant
from lti_tool.people.roles import Grant
from lti_tool.play import statements as own
from lti_tool.play.statements import registration_of
from lti_tool.practice.browserless import Answer, Step, resign
from tests.conftest import Clock
from tests.practice_server import TOOL_URL
from tests.world import Person, World, tree, world
from xapi.personas import find_persona
from xapi.statement import actor_key
from xapi.vocabulary import VERBS

IRI = "tag:biblio-project.eu,2022:"
M01, M02 = f"{IRI}module/M01", f"{IRI}module/M02"
ROLES = "https://purl.imsglobal.org/spec/lti/claim/roles"
CUSTOM = "https://purl.imsglobal.org/spec/lti/claim/custom"
NOW = datetime(2022, 10, 13, 9, 30, tzinfo=UTC)


@pytest.fixture
def course(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[World]:
    """On both databases: a course with M01 and M02, in which nobody has done anything."""
    with world(database_url, tmp_path, clock) as made:
        assert made.register().status == 200
        made.add("CECO/module/M01", "CECO/module/M02")
        yield made


@pytest.fixture(scope="module")
def shared_clock() -> Clock:
    return Clock(NOW)


@pytest.fixture(scope="module")
def seen(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, shared_clock: Clock) -> Iterator[World]:
    """One course for all that is refused and so changes nothing: karlis, elena and the teacher are in M01."""
    folder = tmp_path_factory.mktemp("forged")
    (folder / "test.sqlite3").write_bytes(_sqlite_template.read_bytes())
    with world(f"sqlite:///{folder}/test.sqlite3", folder, shared_clock) as made:
        assert made.register().status == 200
        made.add("CECO/module/M01", "CECO/module/M02")
        for login in ("karlis", "elena", "teacher"):
            made.person(login).open(made.activities()["module/M01"]["id"])
        yield made
        # Whatever was tried: what the store says is what the two learners' own launches led to.
        for login in ("karlis", "elena"):
            verbs = {one["verb"]["id"] for one in made.statements(login)}
            assert verbs <= {VERBS["initialized"], VERBS["experienced"]}
        made.deliver()
        assert made.grade("karlis", "module/M01") is made.grade("elena", "module/M01") is None


def said(world: World, login: str, verb: str, activity: str = M01, **more: Any) -> dict[str, Any]:
    """A statement as the page of this learner's module would write it."""
    actor = world.actor(login)
    return {
        "id": str(uuid4()),
        "actor": actor,
        "verb": {"id": VERBS[verb]},
        "object": {"objectType": "Activity", "id": activity},
        "context": {"registration": registration_of(actor_key(actor), activity)},
        **more,
    }


def bearer(world: World, login: str) -> str:
    return f"Bearer {world.person(login).token()}"


def status(person: Person, method: str, path: str, **fields: str) -> int:
    """What the tool answers to this person, below the prefix of their session."""
    return person.browser.tool(Step(method, f"{TOOL_URL}{person.root}{path}", fields)).status


# --- forged statements ---


def test_what_a_page_may_say_is_taken(seen: World) -> None:
    """Else every refusal below would prove nothing."""
    answer = seen.lrs("POST", "statements", bearer(seen, "karlis"), said(seen, "karlis", "experienced"))
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    "verb", ["passed", "completed", "failed", "voided", "mastered", "scored", "satisfied", "attended", "waived"]
)
def test_a_page_may_not_say_what_counts(seen: World, verb: str) -> None:
    forged = said(seen, "karlis", verb)
    if verb == "voided":
        forged["object"] = {"objectType": "StatementRef", "id": seen.statements("elena")[0]["id"]}
    assert seen.lrs("POST", "statements", bearer(seen, "karlis"), forged).status_code == 403
    put = seen.lrs("PUT", "statements", bearer(seen, "karlis"), forged, statementId=forged["id"])
    assert put.status_code == 403


def test_one_forged_statement_takes_the_whole_batch_with_it(seen: World) -> None:
    before = len(seen.statements("karlis"))
    batch = [said(seen, "karlis", "experienced"), said(seen, "karlis", "passed")]
    assert seen.lrs("POST", "statements", bearer(seen, "karlis"), batch).status_code == 403
    assert len(seen.statements("karlis")) == before


@pytest.mark.parametrize("change", ["actor", "group", "activity", "registration", "no registration"])
def test_a_page_speaks_of_its_own_learner_module_and_registration_alone(seen: World, change: str) -> None:
    forged = said(seen, "karlis", "experienced")
    if change == "actor":
        forged["actor"] = seen.actor("elena")
    elif change == "group":
        forged["actor"] = {"objectType": "Group", "member": [seen.actor("karlis"), seen.actor("elena")]}
    elif change == "activity":
        forged["object"]["id"] = M02
    elif change == "registration":
        forged["context"]["registration"] = registration_of(actor_key(seen.actor("elena")), M01)
    else:
        del forged["context"]
    assert seen.lrs("POST", "statements", bearer(seen, "karlis"), forged).status_code == 403


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
@pytest.mark.parametrize("change", ["agent", "activity", "registration"])
def test_the_state_of_another_is_out_of_reach(seen: World, method: str, change: str) -> None:
    karlis = seen.actor("karlis")
    query = {
        "activityId": M01,
        "agent": dumps(karlis),
        "stateId": "bookmark",
        "registration": registration_of(actor_key(karlis), M01),
    }
    body = {"page": 1} if method in ("PUT", "POST") else None
    if method == "PUT":
        allowed = seen.lrs("POST", "activities/state", bearer(seen, "karlis"), body, **query)
        assert allowed.status_code == 204, allowed.text
    query |= {
        "agent": {"agent": dumps(seen.actor("elena"))},
        "activity": {"activityId": M02},
        "registration": {"registration": str(uuid4())},
    }[change]
    assert seen.lrs(method, "activities/state", bearer(seen, "karlis"), body, **query).status_code == 403


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("activities/profile", {"activityId": M01, "profileId": "p"}),
        ("agents/profile", {"agent": "elena", "profileId": "p"}),
        ("agents/profile", {"agent": "karlis", "profileId": "p"}),
    ],
)
def test_a_page_writes_no_profiles(seen: World, path: str, query: dict[str, str]) -> None:
    if "agent" in query:
        query = {**query, "agent": dumps(seen.actor(query["agent"]))}
    assert seen.lrs("POST", path, bearer(seen, "karlis"), {"a": 1}, **query).status_code == 403


def test_a_page_reads_nothing_of_another_learner(seen: World) -> None:
    theirs = seen.statements("elena")
    assert theirs
    token = bearer(seen, "karlis")
    for query in ({}, {"agent": dumps(seen.actor("elena"))}, {"activity": M01, "related_agents": "true"}):
        answer = seen.lrs("GET", "statements", token, **query)
        assert answer.status_code in (200, 403)
        assert seen.lms.user_id("elena") not in {
            one["actor"]["account"]["name"] for one in (answer.json or {}).get("statements", [])
        }
    assert seen.lrs("GET", "statements", token, statementId=theirs[0]["id"]).status_code in (403, 404)


def test_a_client_that_claims_our_authority_changes_no_state_and_no_grade(course: World, clock: Clock) -> None:
    karlis = course.person("karlis")
    karlis.open(course.activities()["module/M01"]["id"])
    before = _unit(karlis)
    ours = {"objectType": "Agent", "account": {"homePage": TOOL_URL, "name": "lti-tool"}}
    client = course.credential("statements/write", "statements/read/mine", "define")
    forged = [
        said(course, "karlis", verb, authority=ours, result={"success": True, "score": {"scaled": 1}})
        for verb in ("passed", "completed", "mastered")
    ]
    assert course.lrs("POST", "statements", client, forged).status_code == 200
    stored = {one["id"]: one["authority"] for one in course.statements("karlis")}
    for one in forged:
        assert stored[one["id"]]["account"]["name"].startswith("credential:")
    clock.forward(minutes=1)
    course.deliver()
    assert course.grade("karlis", "module/M01") is None
    after = _unit(karlis)
    assert "does not come from a source this programme trusts" in after, "the learner is told why nothing came of it"
    assert re.sub(r"\.There is a result for M01[^.]*trusts(?=\.)", "", after) == before
    assert "100%" not in after


def _unit(person: Person) -> str:
    """What the rule says of the unit, in the words of its page."""
    page = person.go(f"{person.root}/record/unit/BIB-U1?lang=en")
    assert page.status == 200
    return " ".join(tree(page).xpath("//main")[0].text_content().split()).partition("Evidence")[0]


def test_ids_that_were_used_up_in_advance_take_no_result_away(course: World) -> None:
    """The ids of our own statements can be foreseen; a client that writes them first must not silence ours."""
    elena = course.person("elena")
    activity = course.activities()["module/M02"]
    elena.open(activity["id"])
    elena.read()
    key = actor_key(course.actor("elena"))
    ids = [str(uuid5(own._NAMESPACE, "\n".join((key, M02, *parts)))) for parts in (("1", "passed"), ("completed",))]
    squat = [said(course, "karlis", "experienced", M02, id=id) for id in (*ids, *map(own.next_id, ids))]
    assert course.lrs("POST", "statements", course.credential("statements/write"), squat).status_code == 200
    assert elena.answer("M02").status == 200
    course.deliver()
    assert course.grade("elena", "module/M02") == 100
    assert {VERBS["passed"], VERBS["completed"]} <= {one["verb"]["id"] for one in course.statements("elena")}


def test_a_client_voids_nothing_of_ours(course: World) -> None:
    elena = course.person("elena")
    elena.open(course.activities()["module/M02"]["id"])
    elena.read()
    elena.answer("M02")
    passed = next(one for one in course.statements("elena") if one["verb"]["id"] == VERBS["passed"])
    voiding = {
        "actor": course.actor("elena"),
        "verb": {"id": VERBS["voided"]},
        "object": {"objectType": "StatementRef", "id": passed["id"]},
    }
    client = course.credential("statements/write", "statements/read/mine")
    assert course.lrs("POST", "statements", client, voiding).status_code in (200, 403)
    course.deliver()
    assert course.grade("elena", "module/M02") == 100
    assert passed["id"] in {one["id"] for one in course.statements("elena")}


# --- forged roles ---


# For learners, and (the schema) for everybody.
OPEN = ("/programme/choose", "/link", "/programme/schema.json")


def _places(world: World) -> list[tuple[str, str]]:
    """Every address of the pages for teachers, colleagues and administrators, filled in with what is there."""
    with reading(world.wiring.engine) as conn:
        person = find_persona(conn, world.actor("elena"))
    values = {
        "programme": "CECO",
        "person": person,
        "unit": "BIB-U1",
        "number": "1",
        "code": "M01",
        "key": "abc",
        "learner": person,
        "id": str(UUID(int=1)),
        "form": "transcript.pdf",
    }
    found = []
    for rule in world.app.url_map.iter_rules():
        theirs = rule.rule.startswith(("/course", "/to-do", "/insight", "/admin", "/programme", "/choose", "/link"))
        if not theirs or rule.rule in OPEN:
            continue
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda match: str(values[match[1]]), rule.rule)
        found += [(method, path) for method in sorted(set(rule.methods or ()) & {"GET", "POST"})]
    assert len(found) > 25, found
    return found


def test_a_learners_session_opens_no_page_of_teachers_colleagues_or_administrators(seen: World) -> None:
    karlis = seen.person("karlis")
    answers = {place: status(karlis, *place) for place in _places(seen)}
    assert {place: answer for place, answer in answers.items() if answer != 403} == {}


def test_a_person_without_any_role_opens_none_of_them_either(seen: World) -> None:
    nobody = seen.colleague("Nobody")
    answers = {place: status(nobody, *place) for place in _places(seen)}
    assert {place: answer for place, answer in answers.items() if answer != 403} == {}


def test_without_a_session_there_is_nothing(seen: World) -> None:
    """A key of a session without its cookie is no session."""
    root = seen.person("teacher").root
    client = seen.app.test_client()
    for prefix in ("", root):
        for method, path in [*_places(seen), ("GET", "/record"), ("GET", "/module/M01"), ("POST", "/module/M01/quiz")]:
            answer = client.open(prefix + path, method=method, base_url=TOOL_URL)
            assert answer.status_code == 401, (method, prefix + path, answer.status_code)


def test_a_teacher_decides_nothing_and_administers_nothing(seen: World) -> None:
    teacher = seen.person("teacher")
    theirs = ("/course", "/link/copy")  # what a teacher may do
    answers = {place: status(teacher, *place) for place in _places(seen) if not place[1].startswith(theirs)}
    assert {place: answer for place, answer in answers.items() if answer != 403} == {}


def test_a_teacher_sees_only_the_course_that_was_opened(seen: World) -> None:
    teacher = seen.person("teacher")
    assert status(teacher, "GET", "/course/1") == 200
    assert {status(teacher, *place) for place in (("GET", "/course/2"), ("GET", "/course/2.csv"))} == {404}


@pytest.mark.parametrize(
    "roles",
    [
        ["http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator"],
        ["http://purl.imsglobal.org/vocab/lis/v2/system/person#Administrator"],
        ["http://purl.imsglobal.org/vocab/lis/v2/system/person#SysAdmin"],
        ["http://purl.imsglobal.org/vocab/lis/v2/membership#Administrator"],
        ["http://purl.imsglobal.org/vocab/lis/v2/institution/person#Instructor"],
        ["http://purl.imsglobal.org/vocab/lis/v2/membership#Mentor"],
        ["Administrator"],
        [],
    ],
    ids=lambda roles: (roles or ["none"])[0].rpartition("/")[2],
)
def test_roles_outside_the_course_give_no_rights_here(seen: World, roles: list[str]) -> None:
    nikos = seen.person("nikos")
    answer = _launched_as(seen, nikos, {ROLES: roles})
    assert answer.status == 403, "neither learner nor teacher of this course"
    answers = {place: status(nikos, *place) for place in _places(seen)}
    assert {place: answer for place, answer in answers.items() if answer != 403} == {}
    assert seen.statements("nikos") == []


def test_a_learner_who_administers_the_lms_is_a_learner(seen: World) -> None:
    anna = seen.person("anna")
    membership = "http://purl.imsglobal.org/vocab/lis/v2/"
    roles = [f"{membership}membership#Learner", f"{membership}system/person#Administrator"]
    assert _launched_as(seen, anna, {ROLES: roles}).status == 200
    answers = {place: status(anna, *place) for place in _places(seen)}
    assert {place: answer for place, answer in answers.items() if answer != 403} == {}


def test_a_hand_made_parameter_gives_no_role_and_no_programme(seen: World) -> None:
    nikos = seen.person("nikos")
    custom = {"content": "module/M01", "programme": "NOT-THERE", "role": "instructor", "roles": "Instructor"}
    answer = _launched_as(seen, nikos, {CUSTOM: custom})
    assert answer.status == 200
    assert status(nikos, "GET", "/course") == 403


def _launched_as(world: World, person: Person, changes: dict[str, Any]) -> Answer:
    """The launch of M01 with claims that the LMS would have had to sign."""
    browser = person.browser
    step = browser.authorise(browser.login(browser.start(int(world.activities()["module/M01"]["id"]))))
    return person.follow(browser.post(resign(world.lms.lms, step, changes)))


def test_a_learner_who_asks_for_deep_linking_chooses_nothing(seen: World) -> None:
    nikos = seen.person("nikos")
    step = nikos.browser.authorise(nikos.browser.login(nikos.browser.start(_m01(seen))))
    claims = {
        "https://purl.imsglobal.org/spec/lti/claim/message_type": "LtiDeepLinkingRequest",
        "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings": {
            "deep_link_return_url": f"{seen.lms.url}/return",
            "accept_types": ["ltiResourceLink"],
            "accept_presentation_document_targets": ["iframe"],
        },
    }
    answer = nikos.follow(nikos.browser.post(resign(seen.lms.lms, step, claims)))
    assert answer.status == 403
    assert status(nikos, "POST", "/choose", pick="CECO/module/M01") == 403


def _m01(world: World) -> int:
    return int(world.activities()["module/M01"]["id"])


# --- borrowed tokens ---


def test_a_token_is_good_for_its_own_purpose_alone(seen: World) -> None:
    karlis = seen.person("karlis")
    tokens = Tokens(seen.wiring.settings.secret_key)
    page, xapi = tokens.mint(_session(seen, "karlis")), karlis.token()
    ticket = tokens.register.dumps(["anything"])
    client = seen.app.test_client()

    def opens(key: str | bytes) -> int:
        text = key if isinstance(key, str) else key.decode()
        return client.get(f"/s/{text}/record", base_url=TOOL_URL).status_code

    def writes(token: str | bytes) -> int:
        text = token if isinstance(token, str) else token.decode()
        answer = seen.lrs("POST", "statements", f"Bearer {text}", said(seen, "karlis", "experienced"))
        return answer.status_code

    assert (opens(page), writes(xapi)) == (200, 200)
    assert (opens(xapi), opens(ticket), writes(page), writes(ticket)) == (401, 401, 401, 401)
    assert seen.lrs("GET", "statements", f"Basic {xapi}").status_code == 401


def _session(world: World, login: str) -> PageSession:
    """The session of a learner's launch, as its token in an address holds it where the browser keeps no cookies."""
    tokens = Tokens(world.wiring.settings.secret_key)
    grant = tokens.read_xapi(world.person(login).token(), world.clock())
    assert grant is not None
    with reading(world.wiring.engine) as conn:
        person = find_persona(conn, grant.actor)
    return PageSession(
        sid=grant.sid,
        person=str(person),
        actor=grant.actor,
        role="learner",
        platform=1,
        deployment="1",
        course=1,
        link=None,
        module="M01",
        programme="CECO",
        message="resource",
        locale="en",
        exp=grant.exp,
    )


@pytest.mark.parametrize("change", ["signature", "payload", "other secret", "cut", "empty"])
def test_a_token_that_was_changed_opens_nothing(seen: World, change: str) -> None:
    token = seen.person("karlis").token()
    body, _dot, signature = token.rpartition(".")
    other = Tokens("another secret of at least thirty-two characters")
    elena = seen.actor("elena")
    grant = XapiGrant("sid", elena, M01, registration_of(actor_key(elena), M01), frozenset(VERBS.values()), NOW)
    forged = {
        "signature": f"{body}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}",
        "payload": f"{body[:-2]}AA.{signature}",
        "other secret": other.mint_xapi(grant),
        "cut": body,
        "empty": "",
    }[change]
    assert seen.lrs("GET", "statements", f"Bearer {forged}").status_code == 401
    assert seen.app.test_client().get(f"/s/{forged}./record", base_url=TOOL_URL).status_code == 401


def test_tokens_end_with_their_session(course: World, clock: Clock) -> None:
    karlis = course.person("karlis")
    karlis.open(course.activities()["module/M01"]["id"])
    token = karlis.token()
    clock.forward(hours=7, minutes=59)
    assert status(karlis, "GET", "/record") == 200
    statement = said(course, "karlis", "experienced")
    assert course.lrs("POST", "statements", f"Bearer {token}", statement).status_code == 200
    clock.forward(minutes=1)
    assert status(karlis, "GET", "/record") == 401
    later = said(course, "karlis", "experienced")
    assert course.lrs("POST", "statements", f"Bearer {token}", later).status_code == 401
    assert status(karlis, "POST", "/module/M01/quiz", attempt="1", anyway="yes") == 401
    assert VERBS["failed"] not in {one["verb"]["id"] for one in course.statements("karlis")}


def test_a_borrowed_session_key_opens_nothing_in_another_browser(seen: World) -> None:
    """Elena, signed in herself, tries the address of the teacher's page."""
    teacher, elena = seen.person("teacher"), seen.person("elena")
    assert elena.browser.tool(Step("GET", f"{TOOL_URL}{teacher.root}/course")).status == 401
    assert elena.browser.tool(Step("POST", f"{TOOL_URL}{seen.person('karlis').root}/module/M01/quiz")).status == 401


def test_a_one_time_link_opens_once(seen: World) -> None:
    mentor = seen.colleague("Mentor", Grant("mentor", None, "CECO"))
    assert status(mentor, "GET", "/to-do") == 200
    client = seen.app.test_client()
    assert client.get(mentor.came_by, base_url=TOOL_URL).status_code == 404
    assert client.post(mentor.came_by, base_url=TOOL_URL).status_code == 404
    assert client.get("/to-do", base_url=TOOL_URL).status_code == 401
