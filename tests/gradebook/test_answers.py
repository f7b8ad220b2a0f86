"""The table (status, headers, text) -> what to do, as far as platforms are known to differ."""

from datetime import UTC, datetime, timedelta

import pytest

from lti_tool.gradebook.answers import read

NOW = datetime(2022, 10, 13, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "headers", "body", "kind", "code"),
    [
        pytest.param(200, {}, "", "sent", "GRADE-SENT", id="Moodle takes a score"),
        pytest.param(204, {}, "", "sent", "GRADE-SENT", id="no content is a success too"),
        pytest.param(401, {}, "", "pause", "GRADE-TOKEN", id="a new token is not taken either"),
        pytest.param(403, {}, "403 Forbidden (Rate Limit Exceeded)", "pause", "GRADE-LIMIT", id="Canvas throttles"),
        pytest.param(403, {"X-Rate-Limit-Remaining": "0.0"}, "", "pause", "GRADE-LIMIT", id="Canvas, by its header"),
        pytest.param(403, {}, "not enrolled in the org unit", "stop", "GRADE-LEARNER", id="Brightspace, left"),
        pytest.param(403, {}, "insufficient scope", "stop", "GRADE-FORBIDDEN", id="may not write grades"),
        pytest.param(404, {}, "", "gone", "GRADE-COLUMN-GONE", id="Moodle, activity deleted"),
        pytest.param(409, {}, "[]", "later_grade", "GRADE-LATER", id="Moodle, same second or older"),
        pytest.param(400, {}, "[]", "stop", "GRADE-LEARNER", id="Moodle, a teacher"),
        pytest.param(422, {}, "User not found in course", "stop", "GRADE-LEARNER", id="Canvas test student"),
        pytest.param(429, {"Retry-After": "7"}, "", "pause", "GRADE-LIMIT", id="asks to wait"),
        pytest.param(500, {}, "[]", "locked", "GRADE-PLATFORM-ERROR", id="Moodle, locked, or just broken"),
        pytest.param(400, {}, "User could not be found", "stop", "GRADE-LEARNER", id="Blackboard, left"),
        pytest.param(400, {}, '{"timestamp": ["too early"]}', "doubt", "GRADE-LEARNER", id="a repeat, told by 400"),
        pytest.param(502, {}, "<html>", "retry", "GRADE-PLATFORM-ERROR", id="proxy without a Moodle behind it"),
        pytest.param(301, {}, "", "stop", "GRADE-REFUSED", id="a redirect is followed by nobody"),
    ],
)
def test_each_answer_has_its_verdict(status: int, headers: dict[str, str], body: str, kind: str, code: str) -> None:
    verdict = read(status, headers, body, NOW)
    assert (verdict.kind, verdict.code) == (kind, code)


def test_open_edx_says_400_to_repeats() -> None:
    assert read(400, {}, "", NOW, "openedx").kind == "doubt"
    assert read(400, {}, "", NOW, "moodle").kind == "stop"


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("7", timedelta(seconds=7)),
        ("Thu, 13 Oct 2022 09:31:00 GMT", timedelta(minutes=1)),
        ("Thu, 13 Oct 2022 09:29:00 GMT", timedelta(0)),
        ("99999999999999999999", timedelta(hours=1)),
        ("soon", None),
        ("-5", None),
    ],
)
def test_the_platforms_wish_to_wait_is_heard_within_bounds(text: str, wait: timedelta | None) -> None:
    assert read(503, {"retry-after": text}, "", NOW).wait == wait
