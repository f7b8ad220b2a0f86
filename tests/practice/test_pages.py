"""Pages: who sees what, and that forms work only from their own session."""

import pytest
from flask import Flask

from lti_tool.practice import gradebook
from lti_tool.practice.activities import Activity
from lti_tool.practice.browserless import Browserless, Step, StepFailed
from lti_tool.practice.lms import Practice
from tests.practice.conftest import ISSUER

PAGES = (
    "/",
    "/courses/1",
    "/courses/1/activities/1",
    "/courses/1/add",
    "/courses/1/grades",
    "/courses/1/grades/1/3",
    "/courses/1/people",
    "/calls",
    "/admin",
    "/admin/manual",
    "/admin/faults",
)


def test_who_is_not_signed_in_is_asked_who_he_is(browser: Browserless, activity: Activity) -> None:
    for path in PAGES:
        answer = browser.open(path)
        assert answer.status == 302
        assert answer.location is not None
        assert "/sign-in?next=" in answer.location
    page = browser.practice(Step("GET", str(browser.open("/courses/1?choice=x").location)))
    form = next(form for form in page.forms() if form.fields.get("login") == "teacher")
    assert form.fields["next"] == "/courses/1?choice=x"
    assert browser.practice(form).location == f"{ISSUER}/courses/1?choice=x"


def test_everybody_can_be_picked(browser: Browserless) -> None:
    page = browser.open("/sign-in")
    assert len([form for form in page.forms() if "password" in form.fields]) == 6
    assert "not a real LMS" in page.text
    assert "tools get neither name nor e-mail" in page.text


@pytest.mark.parametrize("goal", ["https://evil.example/", "//evil.example/", "/\\evil.example", "x"])
def test_signing_in_leads_nowhere_else(browser: Browserless, goal: str) -> None:
    fields = {"login": "karlis", "password": "practice", "next": goal}
    assert browser.practice(Step("POST", f"{ISSUER}/sign-in", fields)).location == f"{ISSUER}/"


def test_a_wrong_password(browser: Browserless) -> None:
    with pytest.raises(StepFailed, match="403"):
        browser.sign_in("karlis", "wrong")
    with pytest.raises(StepFailed, match="403"):
        browser.sign_in("nobody")


@pytest.mark.parametrize(
    ("login", "refused"),
    [
        ("teacher", {"/admin", "/admin/manual", "/admin/faults"}),
        ("karlis", {"/admin", "/admin/manual", "/admin/faults", "/courses/1/add", "/courses/1/grades/1/3"}),
        ("admin", {"/courses/1/add", "/courses/1/grades/1/3"}),
    ],
)
def test_who_may_see_what(browser: Browserless, activity: Activity, login: str, refused: set[str]) -> None:
    browser.sign_in(login)
    assert {path for path in PAGES if browser.open(path).status == 403} == refused
    assert {browser.open(path).status for path in set(PAGES) - refused} == {200}


def test_learners_see_their_own_course_and_grades_only(lms: Practice, browser: Browserless, activity: Activity) -> None:
    with lms.store.transaction() as db:
        gradebook.write_grade(db, 1, 3, gradebook.Grade(raw=31, final=31))
        gradebook.write_grade(db, 1, 4, gradebook.Grade(raw=17, final=17))
    browser.sign_in("karlis")
    own, others = '<span class="score">31</span>', '<span class="score">17</span>'
    page = browser.open("/courses/1/grades").text
    assert own in page
    assert others not in page
    browser.sign_in("nikos")
    assert browser.open("/courses/2").status == 403
    browser.sign_in("teacher")
    page = browser.open("/courses/1/grades").text
    assert own in page
    assert others in page


def test_a_form_of_another_session_does_nothing(app: Flask, browser: Browserless, activity: Activity) -> None:
    browser.sign_in("teacher")
    path = f"/courses/1/activities/{activity.id}/delete"
    for sesskey in ("", "guess"):
        assert browser.practice(Step("POST", ISSUER + path, {"sesskey": sesskey})).status == 403
    assert len(app.test_client().get("/state.json").get_json()["activities"]) == 1


def test_learners_change_nothing(browser: Browserless, activity: Activity) -> None:
    browser.sign_in("karlis")
    (leave,) = browser.open("/courses/1").forms()
    for path in (
        f"/courses/1/activities/{activity.id}/delete",
        f"/courses/1/activities/{activity.id}/duplicate",
        f"/courses/1/activities/{activity.id}/container",
        "/courses/1/copy",
        "/courses/1/people/4",
        "/courses/1/grades/1/3",
        "/courses/1/grades/1/lock",
        "/admin/keys",
        "/admin/switches",
    ):
        assert browser.practice(Step("POST", ISSUER + path, leave.fields)).status == 403


def test_what_is_not_there(browser: Browserless, activity: Activity) -> None:
    browser.sign_in("teacher")
    for path in (
        "/courses/9",
        "/courses/2/activities/1",
        "/courses/1/grades/9/3",
        "/choices/x",
        "/nowhere",
        "/launch/9",
    ):
        assert browser.open(path).status in (404, 405)
    assert "There is no such course" in browser.open("/courses/9").text


def test_the_way_back_from_the_tool(browser: Browserless) -> None:
    told = {"lti_msg": "Darīts <b>", "lti_errormsg": "Ups"}
    page = browser.open("/courses/1/return", **told)
    assert page.status == 200
    assert "Darīts &lt;b&gt;" in page.text
    goal = next(link for link in page.links() if link.startswith(f"{ISSUER}/courses/1?lti_msg="))
    browser.sign_in("karlis")
    course = browser.practice(Step("GET", goal)).text
    assert "Darīts &lt;b&gt;" in course
    assert "something went wrong: Ups" in course
    assert "lti_msg" not in str(browser.open("/courses/1/return").links())


def test_signing_out(browser: Browserless) -> None:
    browser.sign_in("karlis")
    assert browser.press("/", "/sign-out").status == 303
    assert browser.open("/").status == 302


def test_no_inline_script_or_style_and_a_policy_against_them(browser: Browserless, activity: Activity) -> None:
    for login in ("admin", "teacher"):
        browser.sign_in(login)
        for path in (*PAGES, f"/launch/{activity.id}", "/sign-in"):
            answer = browser.open(path)
            if answer.status == 200:
                assert " style=" not in answer.text
                assert "<script>" not in answer.text
                assert "onclick" not in answer.text
                assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


def test_frames_have_titles(browser: Browserless, activity: Activity) -> None:
    browser.sign_in("teacher")
    assert 'title="Digital safety"' in browser.open("/courses/1/activities/1").text
    assert 'title="Content of LTI tool"' in browser.open("/courses/1/add", tool="1").text


def test_scripts_get_json_errors(app: Flask) -> None:
    answer = app.test_client().post("/faults.json", data="x", content_type="text/plain")
    assert answer.status_code == 415
    assert answer.get_json()["status"] == 415
    assert app.test_client().get("/services/nothing").get_json()["status"] == 404
