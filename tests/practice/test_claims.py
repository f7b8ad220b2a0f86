"""What an id_token says."""

import jwt
import pytest
from flask import Flask

from lti_tool.practice import jose, people
from lti_tool.practice.activities import Activity, LineItem, add_line_item
from lti_tool.practice.browserless import Browserless
from lti_tool.practice.lms import Practice
from lti_tool.practice.seed import add_activity, register_tool
from lti_tool.practice.tools import Tool
from lti_tool.practice.vocabulary import AGS_CLAIM, CLAIM, DL_CLAIM, NRPS_CLAIM, SCORE
from tests.practice.conftest import ISSUER, TOOL


def test_the_token_is_signed_by_a_published_key_and_lives_a_minute(
    app: Flask, browser: Browserless, activity: Activity, tool: Tool
) -> None:
    browser.sign_in("karlis")
    launch = browser.launch(activity.id)
    token = launch.form_post.fields["id_token"]
    kid = jose.read_kid(token)
    key = jose.find_key(app.test_client().get("/jwks").get_json(), kid)
    assert key is not None
    claims = jose.verify(token, key)
    assert jwt.get_unverified_header(token)["alg"] == "RS256"
    assert claims["exp"] - claims["iat"] == 60
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (ISSUER, tool.client_id, "nonce-1")
    assert claims["sub"] == launch.initiation.fields["login_hint"]
    assert claims[CLAIM + "version"] == "1.3.0"
    assert claims[CLAIM + "deployment_id"] == tool.deployment_id


def test_the_rest_of_a_launch(browser: Browserless, activity: Activity, tool: Tool) -> None:
    browser.sign_in("karlis")
    claims = browser.launch(activity.id).claims
    assert claims[CLAIM + "roles"] == ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"]
    assert claims[CLAIM + "context"]["id"] == "1"
    assert claims[CLAIM + "context"]["type"] == ["CourseSection"]
    assert claims[CLAIM + "resource_link"] == {"id": str(activity.id), "title": "Digital safety", "description": ""}
    assert claims[CLAIM + "launch_presentation"]["locale"] == "lv"
    assert claims[CLAIM + "launch_presentation"]["return_url"].startswith(f"{ISSUER}/courses/1/return?sesskey=")
    assert claims[CLAIM + "tool_platform"]["product_family_code"] == "lti-tool-practice"
    assert claims[AGS_CLAIM]["lineitems"] == f"{ISSUER}/services/1/lineitems?type_id={tool.id}"
    assert claims[AGS_CLAIM]["lineitem"] == f"{ISSUER}/services/1/lineitems/1/lineitem?type_id={tool.id}"
    assert claims[NRPS_CLAIM]["context_memberships_url"].startswith(f"{ISSUER}/services/CourseSection/1/")


def test_a_teacher_is_instructor(browser: Browserless, activity: Activity) -> None:
    browser.sign_in("teacher")
    roles = browser.launch(activity.id).claims[CLAIM + "roles"]
    assert roles == ["http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor"]


@pytest.mark.parametrize(
    ("login", "name"), [("karlis", "Kārlis Ģēķis-Čaks"), ("elena", "Елена Димитрова"), ("nikos", "Νίκος Παπαδόπουλος")]
)
def test_names_in_every_script(browser: Browserless, activity: Activity, login: str, name: str) -> None:
    browser.sign_in(login)
    claims = browser.launch(activity.id).claims
    assert (claims["name"], claims["email"]) == (name, f"{login}@example.org")


def test_a_person_who_is_not_released_has_neither_name_nor_mail(browser: Browserless, activity: Activity) -> None:
    browser.sign_in("anna")
    claims = browser.launch(activity.id).claims
    assert not {"name", "given_name", "family_name", "email"} & claims.keys()


def test_a_tool_that_did_not_ask_gets_neither_name_nor_mail(lms: Practice, browser: Browserless) -> None:
    quiet = register_tool(lms, TOOL, claims=("sub", "iss"), scopes=())
    browser.sign_in("karlis")
    claims = browser.launch(add_activity(lms, quiet, "Reading").id).claims
    assert not {"name", "given_name", "family_name", "email", AGS_CLAIM, NRPS_CLAIM} & claims.keys()


def test_custom_parameters(lms: Practice, browser: Browserless) -> None:
    tool = register_tool(lms, TOOL, custom={"level": "tool", "role": "$Membership.role"})
    custom = {
        "level": "item",
        "Module-ID": "M07",
        "history": "$Context.id.history",
        "link": "$ResourceLink.id",
        "unknown": "$ResourceLink.id.history",
        "name": "$Person.name.full",
    }
    activity = add_activity(lms, tool, "One", custom=custom)
    browser.sign_in("anna")
    assert browser.launch(activity.id).claims[CLAIM + "custom"] == {
        "level": "tool",
        "role": "Learner",
        "Module-ID": "M07",
        "module_id": "M07",
        "history": "",
        "link": str(activity.id),
        "unknown": "$ResourceLink.id.history",
        "name": "$Person.name.full",
    }


def test_an_activitys_own_address_is_the_target(lms: Practice, browser: Browserless, tool: Tool) -> None:
    activity = add_activity(lms, tool, "One", url=f"{TOOL}/lti/launch?m=1")
    browser.sign_in("karlis")
    launch = browser.launch(activity.id)
    assert launch.initiation.fields["target_link_uri"] == f"{TOOL}/lti/launch?m=1"
    assert launch.claims[CLAIM + "target_link_uri"] == f"{TOOL}/lti/launch?m=1"


def test_with_a_second_line_item_the_launch_names_none(
    lms: Practice, browser: Browserless, activity: Activity, tool: Tool
) -> None:
    with lms.store.transaction() as db:
        add_line_item(db, LineItem(0, 1, tool.id, activity.id, "Extra", 10))
    browser.sign_in("karlis")
    assert "lineitem" not in browser.launch(activity.id).claims[AGS_CLAIM]


def test_scopes_are_those_registered(lms: Practice, browser: Browserless) -> None:
    tool = register_tool(lms, TOOL, scopes=(SCORE,))
    browser.sign_in("karlis")
    assert browser.launch(add_activity(lms, tool, "One").id).claims[AGS_CLAIM]["scope"] == [SCORE]


def test_a_deep_linking_request(browser: Browserless, tool: Tool) -> None:
    browser.sign_in("teacher")
    claims = browser.choose(1, tool.id).claims
    settings = claims[DL_CLAIM + "deep_linking_settings"]
    assert settings["accept_types"] == ["ltiResourceLink"]
    assert settings["accept_multiple"] is True
    assert settings["deep_link_return_url"].startswith(f"{ISSUER}/choices/")
    assert CLAIM + "resource_link" not in claims
    assert "return_url" not in claims[CLAIM + "launch_presentation"]


def test_the_roster_is_named_once_the_course_has_an_activity_of_the_tool(
    lms: Practice, browser: Browserless, tool: Tool
) -> None:
    browser.sign_in("teacher")
    assert NRPS_CLAIM not in browser.choose(1, tool.id).claims
    add_activity(lms, tool, "One")
    assert NRPS_CLAIM in browser.choose(1, tool.id).claims


def test_a_duplicate_is_another_link_with_the_same_parameters(
    app: Flask, browser: Browserless, activity: Activity
) -> None:
    browser.sign_in("teacher")
    assert browser.press("/courses/1", f"/courses/1/activities/{activity.id}/duplicate").status == 303
    first, second = app.test_client().get("/state.json").get_json()["activities"]
    assert first["resource_link_id"] != second["resource_link_id"]
    assert first["custom"] == second["custom"]
    assert second["line_items"] != first["line_items"]
    items = app.test_client().get("/state.json").get_json()["line_items"]
    assert [item["resource_id"] for item in items] == ["M07", "M07"]
    assert [item["label"] for item in items] == ["Digital safety", "Digital safety (copy)"]


def test_a_copied_course_tells_where_it_came_from(lms: Practice, browser: Browserless, tool: Tool) -> None:
    add_activity(lms, tool, "One", custom={"history": "$Context.id.history"}, line_item={"scoreMaximum": 5})
    browser.sign_in("teacher")
    first = browser.press("/courses/1", "/courses/1/copy").location
    assert first == f"{ISSUER}/courses/3"
    assert browser.press("/courses/3", "/courses/3/copy", people="1").location == f"{ISSUER}/courses/4"
    claims = browser.launch(3).claims
    assert claims[CLAIM + "context"]["id"] == "4"
    assert claims[CLAIM + "custom"]["history"] == "3,1"
    with lms.store.transaction() as db:
        assert [member.role for member in people.list_members(db, 4)] == ["Instructor"]
