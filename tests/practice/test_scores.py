"""Scores: Moodle's rules, by HTTP and as pure functions."""

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.practice import people
from lti_tool.practice.activities import Activity, LineItem
from lti_tool.practice.browserless import Browserless
from lti_tool.practice.gradebook import Grade, Score, ScoreInvalid, ScoreLate, apply_score, override, read_score
from lti_tool.practice.lms import Practice
from tests.practice.conftest import ServiceClient

PATH = "/services/1/lineitems/1/lineitem/scores?type_id=1"
RESULTS = "/services/1/lineitems/1/lineitem/results?type_id=1"
MEDIA = "application/vnd.ims.lis.v1.score+json"
KARLIS, TEACHER = "3", "2"


def score(**changes: Any) -> dict[str, Any]:
    whole = {
        "userId": KARLIS,
        "scoreGiven": 8,
        "scoreMaximum": 10,
        "timestamp": "2022-10-13T10:00:00.500+00:00",
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def send(client: ServiceClient, **changes: Any) -> Any:
    return client.call("POST", PATH, body=score(**changes), Content_Type=MEDIA)


def grade_of(app: Flask, user_id: str = KARLIS) -> Any:
    (item, *_) = app.test_client().get("/state.json").get_json()["line_items"]
    return next((grade for grade in item["grades"] if grade["user_id"] == user_id), None)


def test_a_score_is_scaled_and_kept_with_its_comment(app: Flask, client: ServiceClient, activity: Activity) -> None:
    answer = send(client, comment="Labi!")
    assert (answer.status_code, answer.data) == (200, b"")
    grade = grade_of(app)
    assert (grade["score"], grade["max"], grade["comment"]) == (32, 40, "Labi!")
    assert grade["timestamp"] == "2022-10-13T10:00:00.500+00:00"
    assert grade["history"] == [{**score(comment="Labi!"), "received": "2022-10-13T09:30:00+00:00"}]


@pytest.mark.parametrize(("given_score", "kept"), [(0, 0), (10, 40), (15, 40), (3.333, 13.332)])
def test_a_score_is_capped_and_zero_is_a_grade(
    app: Flask, client: ServiceClient, activity: Activity, given_score: float, kept: float
) -> None:
    assert send(client, scoreGiven=given_score).status_code == 200
    assert grade_of(app)["score"] == kept


@pytest.mark.parametrize(
    ("timestamp", "status"),
    [
        ("2022-10-13T09:59:59Z", 409),
        ("2022-10-13T10:00:00.999Z", 409),
        ("2022-10-13T12:00:00+02:00", 409),
        ("2022-10-13T10:00:01Z", 200),
        ("2022-10-13T12:00:01+02:00", 200),
    ],
)
def test_only_a_later_second_counts(
    app: Flask, client: ServiceClient, activity: Activity, timestamp: str, status: int
) -> None:
    send(client)
    answer = send(client, timestamp=timestamp, scoreGiven=1)
    assert answer.status_code == status
    assert grade_of(app)["score"] == (4 if status == 200 else 32)
    assert len(grade_of(app)["history"]) == (2 if status == 200 else 1)
    if status == 409:
        assert answer.get_json() == []


@pytest.mark.parametrize("progress", ["Pending", "PendingManual", "Failed", "NotReady"])
def test_what_is_not_fully_graded_erases_the_grade_and_forgets_its_time(
    app: Flask, client: ServiceClient, activity: Activity, progress: str
) -> None:
    send(client, comment="Labi!")
    assert send(client, timestamp="2022-10-13T10:00:01Z", gradingProgress=progress).status_code == 200
    grade = grade_of(app)
    assert (grade["score"], grade["raw"], grade["timestamp"], grade["comment"]) == (None, None, None, "")
    assert send(client, timestamp="2022-10-13T08:00:00Z").status_code == 200
    assert grade_of(app)["score"] == 32


def test_without_a_score_the_grade_is_erased_too(app: Flask, client: ServiceClient, activity: Activity) -> None:
    send(client)
    assert send(client, scoreGiven=None, scoreMaximum=None, timestamp="2022-10-13T10:00:01Z").status_code == 200
    assert grade_of(app)["score"] is None


def test_a_later_score_without_comment_clears_it(app: Flask, client: ServiceClient, activity: Activity) -> None:
    send(client, comment="Labi!")
    send(client, timestamp="2022-10-13T10:00:01Z")
    assert grade_of(app)["comment"] == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"userId": None},
        {"userId": "999"},
        {"userId": TEACHER},
        {"userId": 3},
        {"timestamp": None},
        {"timestamp": "yesterday"},
        {"timestamp": "2022-10-13T10:00:00"},
        {"activityProgress": None},
        {"activityProgress": "Done"},
        {"gradingProgress": None},
        {"gradingProgress": "Graded"},
        {"scoreMaximum": None},
        {"scoreMaximum": 0},
        {"scoreMaximum": -1},
        {"scoreGiven": "8"},
        {"scoreGiven": True},
        {"scoreGiven": -1},
        {"scoreGiven": float("nan")},
        {"scoreGiven": float("inf")},
    ],
)
def test_a_score_that_is_none(app: Flask, client: ServiceClient, activity: Activity, changes: dict[str, Any]) -> None:
    answer = send(client, **changes)
    assert (answer.status_code, answer.get_json()) == (400, [])
    assert grade_of(app) is None


@pytest.mark.parametrize("media", ["application/json", "application/vnd.ims.lis.v2.score+json"])
def test_a_score_has_its_type(client: ServiceClient, activity: Activity, media: str) -> None:
    assert client.call("POST", PATH, body=score(), Content_Type=media).status_code == 400
    assert client.call("POST", PATH, body=score(), Content_Type=f"{MEDIA}; charset=utf-8").status_code == 200


def test_a_suspended_learner_is_graded_an_outsider_is_not(
    lms: Practice, client: ServiceClient, activity: Activity
) -> None:
    with lms.store.transaction() as db:
        people.suspend(db, 1, int(KARLIS), suspended=True)
        db.execute("DELETE FROM enrolments WHERE course_id = 1 AND person_id = 4")
    assert send(client).status_code == 200
    assert send(client, userId="4").status_code == 400


def test_a_user_that_is_no_number_breaks_the_answer_as_moodles_does(client: ServiceClient, activity: Activity) -> None:
    for user in ("x", "nobody-7", "²", "9" * 20):
        assert send(client, userId=user).status_code == 502


def change_grade(browser: Browserless, **fields: str | None) -> None:
    path = f"/courses/1/grades/1/{KARLIS}"
    form = next(form for form in browser.open(path).forms() if "final" in form.fields)
    assert browser.practice(form.having(**fields)).status == 303


def test_what_the_teacher_overrides_stays(
    app: Flask, client: ServiceClient, browser: Browserless, activity: Activity
) -> None:
    send(client, timestamp="2022-10-13T09:00:00Z")
    browser.sign_in("teacher")
    change_grade(browser, overridden="1", final="39,5", comment="Mans vērtējums")
    assert send(client, timestamp="2022-10-13T09:30:00Z").status_code == 409
    assert send(client, timestamp="2022-10-13T09:31:00Z", scoreGiven=1, comment="x").status_code == 200
    grade = grade_of(app)
    assert (grade["score"], grade["raw"], grade["comment"], grade["overridden"]) == (39.5, 4, "Mans vērtējums", True)
    assert send(client, timestamp="2022-10-13T09:32:00Z", gradingProgress="Pending").status_code == 200
    assert grade_of(app)["score"] == 39.5
    (result,) = client.call("GET", RESULTS).get_json()
    assert (result["resultScore"], result["timestamp"]) == (39.5, "2022-10-13T09:30:00+00:00"), "the teacher's time"
    assert send(client, timestamp="2022-10-13T09:33:00Z", scoreGiven=2).status_code == 200
    change_grade(browser, overridden=None)
    assert grade_of(app)["score"] == 8


def test_a_locked_grade_answers_500(
    app: Flask, client: ServiceClient, browser: Browserless, activity: Activity
) -> None:
    send(client)
    browser.sign_in("teacher")
    change_grade(browser, locked="1")
    answer = send(client, timestamp="2022-10-13T11:00:00Z", scoreGiven=1)
    assert (answer.status_code, answer.get_json()) == (500, [])
    assert grade_of(app)["score"] == 32
    change_grade(browser, locked=None)
    assert send(client, timestamp="2022-10-13T11:00:00Z", scoreGiven=1).status_code == 200


def test_a_locked_column_answers_500(client: ServiceClient, browser: Browserless, activity: Activity) -> None:
    browser.sign_in("teacher")
    assert browser.press("/courses/1/grades", "/courses/1/grades/1/lock").status == 303
    assert send(client).status_code == 500
    assert browser.press("/courses/1/grades", "/courses/1/grades/1/lock").status == 303
    assert send(client).status_code == 200


def test_a_teachers_grade_has_to_be_a_number(browser: Browserless, activity: Activity) -> None:
    browser.sign_in("teacher")
    path = f"/courses/1/grades/1/{KARLIS}"
    form = next(form for form in browser.open(path).forms() if "final" in form.fields)
    for text in ("", "many", "nan", "inf"):
        assert browser.practice(form.having(overridden="1", final=text)).status == 400


ITEM = LineItem(1, 1, 1, None, "Quiz", 40)
scores = st.builds(
    Score,
    user_id=st.just("3"),
    given=st.none() | st.floats(0, 20),
    maximum=st.sampled_from([1.0, 3.0, 10.0]),
    comment=st.sampled_from(["", "Labi"]),
    timestamp=st.just("t"),
    at=st.floats(0, 5),
)


@given(st.lists(scores, max_size=8))
def test_a_grade_is_that_of_the_last_score_taken(posts: list[Score]) -> None:
    grade, last, after = Grade(), None, None
    for post in posts:
        if after is not None and int(post.at) <= int(after):
            with pytest.raises(ScoreLate):
                apply_score(grade, post, ITEM)
            continue
        grade = apply_score(grade, post, ITEM)
        last, after = post, (post.at if post.given is not None else None)
    if last is None or last.given is None:
        assert grade.final is None
    else:
        assert grade.final == pytest.approx(min(last.given / last.maximum, 1) * 40, abs=1e-5)
        assert grade.comment == last.comment


@given(st.lists(scores, max_size=8), st.floats(-10, 60))
def test_an_overridden_grade_is_the_teachers_until_taken_back(posts: list[Score], own: float) -> None:
    grade = replace(override(Grade(), own, "Mans", 0, ITEM), modified=None)
    for post in posts:
        grade = replace(apply_score(grade, post, ITEM), modified=None)
    assert grade.final == min(max(own, 0), 40)
    assert grade.comment == "Mans"
    assert override(grade, None, "", 0, ITEM).final == grade.raw


@given(st.dictionaries(st.sampled_from([*score(), "comment"]), st.none() | st.text() | st.floats() | st.booleans()))
def test_anything_else_is_refused_or_read(changes: dict[str, Any]) -> None:
    try:
        found = read_score({**score(), **changes})
    except ScoreInvalid:
        return
    assert found.given is None or found.given >= 0
    assert found.maximum > 0
