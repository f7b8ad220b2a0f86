"""The roster."""

from typing import Any

import pytest

from lti_tool.practice import people
from lti_tool.practice.activities import Activity
from lti_tool.practice.browserless import Browserless
from lti_tool.practice.lms import Practice
from lti_tool.practice.seed import add_activity, register_tool
from lti_tool.practice.vocabulary import CLAIM, MEMBERS_TYPE
from tests.practice.conftest import ISSUER, TOOL, ServiceClient

PATH = "/services/CourseSection/1/bindings/1/memberships"


def members(client: ServiceClient, query: str = "") -> Any:
    return client.call("GET", PATH + query, Accept=MEMBERS_TYPE)


def test_everybody_with_the_short_name_of_the_role(client: ServiceClient) -> None:
    answer = members(client)
    assert (answer.status_code, answer.content_type) == (200, MEMBERS_TYPE)
    told = answer.get_json()
    assert told["id"] == ISSUER + PATH
    assert told["context"]["id"] == "1"
    assert [member["roles"] for member in told["members"]] == [["Instructor"], *[["Learner"]] * 4]
    assert told["members"][1] == {
        "status": "Active",
        "roles": ["Learner"],
        "user_id": "3",
        "name": "Kārlis Ģēķis-Čaks",
        "given_name": "Kārlis",
        "family_name": "Ģēķis-Čaks",
        "email": "karlis@example.org",
    }
    assert told["members"][4] == {"status": "Active", "roles": ["Learner"], "user_id": "6"}


def test_no_names_for_a_tool_that_did_not_ask(lms: Practice, client: ServiceClient) -> None:
    quiet = ServiceClient(client.app, client.fake_tool, register_tool(lms, TOOL, claims=()))
    found = quiet.call("GET", PATH.replace("bindings/1", "bindings/2")).get_json()["members"]
    assert {name for member in found for name in member} == {"status", "roles", "user_id"}


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        (None, 200),
        ("*/*", 200),
        (MEMBERS_TYPE, 200),
        (f"application/json, {MEMBERS_TYPE};q=0.5", 200),
        ("application/json", 400),
    ],
)
def test_accept(client: ServiceClient, accept: str | None, status: int) -> None:
    headers = {} if accept is None else {"Accept": accept}
    assert client.call("GET", PATH, **headers).status_code == status


def test_pages_follow_each_other_and_keep_the_role(client: ServiceClient) -> None:
    answer, seen = members(client, "?limit=3&role=Learner"), []
    for _ in range(2):
        seen.append([member["user_id"] for member in answer.get_json()["members"]])
        if "Link" in answer.headers:
            address = answer.headers["Link"].partition(">")[0][1:]
            answer = client.call("GET", address.removeprefix(ISSUER))
    assert seen == [["3", "4", "5"], ["6"]]
    assert "Link" not in answer.headers


@pytest.mark.parametrize(
    ("role", "count"),
    [
        ("Learner", 4),
        ("Instructor", 1),
        ("http%3A%2F%2Fpurl.imsglobal.org%2Fvocab%2Flis%2Fv2%2Fmembership%23Instructor", 1),
        ("Mentor", 5),
    ],
)
def test_role_filter(client: ServiceClient, role: str, count: int) -> None:
    assert len(members(client, f"?role={role}").get_json()["members"]) == count


def test_who_is_suspended_vanishes(client: ServiceClient, browser: Browserless) -> None:
    browser.sign_in("teacher")
    assert browser.press("/courses/1/people", "/courses/1/people/4").status == 303
    assert "4" not in [member["user_id"] for member in members(client).get_json()["members"]]
    assert "suspended" in browser.open("/courses/1/people").text
    assert browser.press("/courses/1/people", "/courses/1/people/4").status == 303
    assert "4" in [member["user_id"] for member in members(client).get_json()["members"]]


def test_for_a_link(lms: Practice, client: ServiceClient, activity: Activity) -> None:
    found = members(client, f"?rlid={activity.id}").get_json()["members"]
    assert found[0]["message"] == [{CLAIM + "message_type": "LtiResourceLinkRequest"}]
    elsewhere = add_activity(lms, client.tool, "Elsewhere", course_id=2)
    for link in (str(elsewhere.id), "999", "x"):
        assert members(client, f"?rlid={link}").status_code == 404


def test_other_addresses(lms: Practice, client: ServiceClient) -> None:
    assert client.call("GET", "/services/CourseSection/9/bindings/1/memberships").status_code == 404
    assert client.call("GET", "/services/CourseSection/1/bindings/2/memberships").status_code == 404


def test_a_copy_without_learners(lms: Practice, client: ServiceClient) -> None:
    with lms.store.transaction() as db:
        course = people.add_course(db, "NEW", "New")
    path = PATH.replace("CourseSection/1", f"CourseSection/{course}")
    assert client.call("GET", path).get_json()["members"] == []
