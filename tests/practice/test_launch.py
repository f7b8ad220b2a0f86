"""Login initiation and authorisation: every check, and what a refusal looks like."""

import json
from typing import Any

import pytest
from flask import Flask

from lti_tool.practice import people, tools
from lti_tool.practice.activities import Activity
from lti_tool.practice.browserless import Browserless, Step, StepFailed, by_flask, read_claims, resign
from lti_tool.practice.lms import Practice
from lti_tool.practice.seed import add_activity, register_tool
from lti_tool.practice.tools import Tool
from lti_tool.practice.vocabulary import CLAIM, DEEP_LINKING, REVIEW
from tests.practice.conftest import ISSUER, TOOL, FakeTool


def test_the_initiation_is_a_posted_form_with_all_it_needs(
    browser: Browserless, activity: Activity, tool: Tool
) -> None:
    browser.sign_in("karlis")
    step = browser.start(activity.id, storage=True)
    assert (step.method, step.url) == ("POST", f"{TOOL}/lti/login")
    assert step.fields["iss"] == ISSUER
    assert step.fields["target_link_uri"] == f"{TOOL}/lti/launch"
    assert step.fields["client_id"] == tool.client_id
    assert step.fields["lti_deployment_id"] == tool.deployment_id
    assert step.fields["lti_storage_target"] == "_parent"
    assert json.loads(step.fields["lti_message_hint"])["cmid"] == activity.id


def test_the_initiation_may_be_a_get(app: Flask, browser: Browserless, activity: Activity) -> None:
    browser.sign_in("karlis")
    assert browser.start(activity.id, by="get").method == "GET"
    app.test_client().post("/switches.json", json={"login_by_get": True})
    step = browser.start(activity.id)
    assert (step.method, step.url) == ("GET", f"{TOOL}/lti/login")
    assert browser.finish(step).answer.status == 200


def test_without_platform_storage_it_is_not_mentioned(app: Flask, browser: Browserless, activity: Activity) -> None:
    browser.sign_in("karlis")
    launch = browser.launch(activity.id, storage=True)
    assert launch.form_post.fields["lti_storage_target"] == "_parent"
    app.test_client().post("/switches.json", json={"platform_storage": False})
    launch = browser.launch(activity.id, storage=True)
    assert "lti_storage_target" not in launch.initiation.fields
    assert "lti_storage_target" not in launch.form_post.fields
    assert 'data-storage="off"' in browser.open(f"/courses/1/activities/{activity.id}").text


def test_the_form_post_has_token_and_state(browser: Browserless, activity: Activity) -> None:
    browser.sign_in("karlis")
    launch = browser.launch(activity.id)
    assert (launch.form_post.method, launch.form_post.url) == ("POST", f"{TOOL}/lti/launch")
    assert launch.form_post.fields["state"] == "state-1"
    assert launch.answer.json()["id_token"] == launch.form_post.fields["id_token"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scope": "openid profile"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"response_type": "code"}, "unsupported_response_type"),
        ({"response_mode": "query"}, "invalid_request"),
        ({"response_mode": None}, "invalid_request"),
        ({"prompt": "login"}, "invalid_request"),
        ({"prompt": None}, "invalid_request"),
        ({"nonce": None}, "invalid_request"),
        ({"nonce": ""}, "invalid_request"),
        ({"login_hint": None}, "invalid_request"),
        ({"login_hint": "2"}, "access_denied"),
    ],
)
def test_a_wrong_request_goes_back_to_the_tool_as_error(
    browser: Browserless, activity: Activity, changes: dict[str, str | None], error: str
) -> None:
    browser.sign_in("karlis")
    step = browser.login(browser.start(activity.id))
    answer = browser.authorise(step.having(**changes))
    assert answer.url == f"{TOOL}/lti/launch"
    assert answer.fields["error"] == error
    assert answer.fields["state"] == "state-1"
    assert "id_token" not in answer.fields


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "nobody"},
        {"client_id": None},
        {"redirect_uri": None},
        {"redirect_uri": f"{TOOL}/lti/launch/"},
        {"redirect_uri": f"{TOOL}/lti/launch?x=1"},
        {"redirect_uri": "http://evil.example/lti/launch"},
    ],
)
def test_nothing_goes_to_an_address_that_is_not_the_tools(
    browser: Browserless, activity: Activity, changes: dict[str, str | None]
) -> None:
    browser.sign_in("karlis")
    step = browser.login(browser.start(activity.id)).having(**changes)
    answer = browser.practice(step)
    assert answer.status == 400
    assert "id_token" not in answer.text
    assert answer.forms() == [form for form in answer.forms() if form.url.startswith(ISSUER)]


@pytest.mark.parametrize("hint", [None, "", "x", "[]", '{"launchid": "launch0"}', '{"cmid": 1}'])
def test_a_wrong_hint_ends_on_our_page(browser: Browserless, activity: Activity, hint: str | None) -> None:
    browser.sign_in("karlis")
    step = browser.login(browser.start(activity.id))
    assert browser.practice(step.having(lti_message_hint=hint)).status == 404


def test_a_hint_is_good_once(browser: Browserless, activity: Activity) -> None:
    browser.sign_in("karlis")
    step = browser.login(browser.start(activity.id))
    browser.authorise(step)
    with pytest.raises(StepFailed, match="404"):
        browser.authorise(step)


def test_a_hint_is_good_in_its_own_session_only(app: Flask, browser: Browserless, activity: Activity) -> None:
    browser.sign_in("karlis")
    step = browser.login(browser.start(activity.id))
    other = Browserless(by_flask(app, ISSUER), browser.tool, ISSUER)
    other.sign_in("karlis")
    with pytest.raises(StepFailed, match="404"):
        other.authorise(step)


def test_a_hint_of_another_tool_is_no_hint(lms: Practice, browser: Browserless, activity: Activity) -> None:
    other = register_tool(lms, TOOL)
    browser.sign_in("karlis")
    step = browser.login(browser.start(activity.id))
    assert browser.practice(step.having(client_id=other.client_id)).status == 404


def test_authorisation_by_post_works_too(browser: Browserless, activity: Activity) -> None:
    browser.sign_in("karlis")
    step = browser.login(browser.start(activity.id))
    assert "id_token" in browser.authorise(Step("POST", step.url, step.fields)).fields


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_without_our_cookie_the_request_is_repeated_from_our_page(
    app: Flask, browser: Browserless, activity: Activity, method: str
) -> None:
    browser.sign_in("karlis")
    step = browser.login(browser.start(activity.id))
    stranger = by_flask(app, ISSUER)
    (again,) = stranger(Step(method, step.url, step.fields)).forms()
    assert (again.method, again.url) == ("POST", f"{ISSUER}/auth")
    (error,) = stranger(again).forms()
    assert error.fields["error"] == "login_required"
    assert "id_token" in browser.authorise(again).fields


def test_the_cookie_is_lax(app: Flask) -> None:
    answer = app.test_client().post("/sign-in", data={"login": "karlis", "password": "practice"})
    cookie = answer.headers["Set-Cookie"]
    assert "SameSite=Lax" in cookie
    assert "HttpOnly" in cookie


def test_only_people_of_the_course_open_its_activities(lms: Practice, browser: Browserless, activity: Activity) -> None:
    browser.sign_in("admin")
    assert browser.open(f"/launch/{activity.id}").status == 403
    browser.sign_in("karlis")
    step = browser.login(browser.start(activity.id))
    with lms.store.transaction() as db:
        karlis = people.find_by_login(db, "karlis")
        assert karlis
        people.suspend(db, 1, karlis.id, suspended=True)
    assert browser.open(f"/launch/{activity.id}").status == 403
    assert browser.practice(step).status == 403


def test_a_pending_tool_opens_nothing(lms: Practice, browser: Browserless, activity: Activity, tool: Tool) -> None:
    browser.sign_in("karlis")
    step = browser.login(browser.start(activity.id))
    with lms.store.transaction() as db:
        tools.activate(db, tool.id, active=False)
    assert browser.open(f"/launch/{activity.id}").status == 403
    assert browser.practice(step).status == 400
    assert "not active" in browser.open(f"/courses/1/activities/{activity.id}").text


def test_a_window_of_its_own(browser: Browserless, activity: Activity) -> None:
    browser.sign_in("teacher")
    assert (
        browser.press("/courses/1", f"/courses/1/activities/{activity.id}/container", container="window").status == 303
    )
    page = browser.open(f"/courses/1/activities/{activity.id}").text
    assert "<iframe" not in page
    assert 'rel="opener"' in page
    claims = browser.launch(activity.id).claims
    assert claims[CLAIM + "launch_presentation"]["document_target"] == "window"
    assert browser.open(f"/launch/{activity.id}", target="moon").status == 400


def test_a_teacher_reviews_work_from_the_gradebook(browser: Browserless, activity: Activity) -> None:
    browser.sign_in("teacher")
    page = browser.open("/courses/1/grades")
    assert f"{ISSUER}/courses/1/activities/{activity.id}?review=3" in page.links()
    claims = browser.launch(activity.id, review="3").claims
    assert claims[CLAIM + "message_type"] == REVIEW
    assert claims[CLAIM + "for_user"] == {"user_id": "3"}
    assert claims[CLAIM + "resource_link"]["id"] == str(activity.id)


def test_a_learner_reviews_own_work_only(lms: Practice, browser: Browserless, activity: Activity, tool: Tool) -> None:
    ungraded = add_activity(lms, tool, "Reading")
    browser.sign_in("karlis")
    own = browser.start(activity.id).fields["login_hint"]
    assert browser.launch(activity.id, review=own).claims[CLAIM + "for_user"] == {"user_id": own}
    assert browser.open(f"/launch/{activity.id}", review=str(int(own) + 1)).status == 403
    assert browser.open(f"/launch/{ungraded.id}", review=own).status == 404


def test_review_goes_to_the_line_items_own_address(lms: Practice, browser: Browserless, tool: Tool) -> None:
    review = {"url": f"{TOOL}/review", "custom": {"look": "at"}}
    activity = add_activity(lms, tool, "Essay", line_item={"scoreMaximum": 10, "submissionReview": review})
    browser.sign_in("teacher")
    launch = browser.launch(activity.id, review="3")
    assert launch.initiation.fields["target_link_uri"] == launch.claims[CLAIM + "target_link_uri"] == f"{TOOL}/review"
    assert launch.claims[CLAIM + "custom"]["look"] == "at"


def test_choosing_is_for_teachers(browser: Browserless, tool: Tool) -> None:
    browser.sign_in("karlis")
    assert browser.open(f"/courses/1/choose/{tool.id}").status == 403
    assert browser.open("/courses/1/add").status == 403
    browser.sign_in("teacher")
    assert browser.choose(1, tool.id).claims[CLAIM + "message_type"] == DEEP_LINKING


def test_a_test_can_tamper_with_a_signed_launch(
    lms: Practice, browser: Browserless, activity: Activity, fake_tool: FakeTool
) -> None:
    browser.sign_in("karlis")
    step = browser.authorise(browser.login(browser.start(activity.id)))
    forged = resign(lms, step, {"nonce": "other", "sub": "99"}, without=["exp"], header={"kid": None})
    claims: dict[str, Any] = read_claims(forged)
    assert (claims["nonce"], claims["sub"], "exp" in claims) == ("other", "99", False)
    assert forged.fields["state"] == step.fields["state"]
