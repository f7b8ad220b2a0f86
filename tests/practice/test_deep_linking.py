"""What a tool's chooser may send back, and what becomes of it."""

from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from flask import Flask

from lti_tool.practice.browserless import Answer, Browserless, Step, by_flask
from lti_tool.practice.lms import Practice
from lti_tool.practice.seed import register_tool
from lti_tool.practice.tools import Tool
from lti_tool.practice.vocabulary import CLAIM, DL_CLAIM
from tests.conftest import Clock
from tests.practice.conftest import ISSUER, TOOL, FakeTool

LINK = {"type": "ltiResourceLink", "title": "Drošība", "text": "Par drošību", "url": f"{TOOL}/lti/launch"}


class Chooser:
    """A teacher who has the chooser of the tool open in course 1."""

    def __init__(self, browser: Browserless, fake_tool: FakeTool, tool: Tool) -> None:
        self.browser, self.fake_tool, self.tool = browser, fake_tool, tool
        browser.sign_in("teacher")
        self.claims = browser.choose(1, tool.id).claims
        self.url = self.claims[DL_CLAIM + "deep_linking_settings"]["deep_link_return_url"]

    def token(self, items: Any, **changes: Any) -> str:
        return self.fake_tool.answer(self.tool, self.claims, items, **changes)

    def send(self, items: Any = None, *, token: str | None = None, **changes: Any) -> Answer:
        items = [LINK] if items is None else items
        return self.browser.return_choice(Step("POST", self.url, {"JWT": token or self.token(items, **changes)}))


@pytest.fixture
def chooser(browser: Browserless, fake_tool: FakeTool, tool: Tool) -> Chooser:
    return Chooser(browser, fake_tool, tool)


def state(app: Flask) -> Any:
    return app.test_client().get("/state.json").get_json()


def test_several_items_become_activities_in_their_order(app: Flask, chooser: Chooser, tool: Tool) -> None:
    second = {
        "type": "ltiResourceLink",
        "custom": {"module": "M08"},
        "iframe": {"width": 700, "height": 900},
        "icon": {"url": f"{TOOL}/icon.png"},
        "lineItem": {
            "label": "ignored, as in Moodle",
            "scoreMaximum": 100,
            "resourceId": "M08",
            "tag": "quiz",
            "submissionReview": {"url": f"{TOOL}/review"},
        },
    }
    answer = chooser.send([LINK, second])
    assert answer.status == 200
    assert "2 activities were added" in answer.text
    found = state(app)
    first_activity, second_activity = found["activities"]
    assert (first_activity["title"], first_activity["text"], first_activity["url"]) == (
        LINK["title"],
        LINK["text"],
        LINK["url"],
    )
    assert second_activity["title"] == tool.configuration.name
    assert second_activity["custom"] == {"module": "M08"}
    assert (second_activity["width"], second_activity["height"]) == (700, 900)
    assert second_activity["icon"] == f"{TOOL}/icon.png"
    (item,) = found["line_items"]
    assert (item["label"], item["maximum"], item["resource_id"], item["tag"]) == ("LTI tool", 100, "M08", "quiz")
    assert item["resource_link_id"] == second_activity["resource_link_id"]
    assert item["extra"] == {"submissionReview": {"url": f"{TOOL}/review"}}
    page = chooser.browser.open("/courses/1").text
    assert 'height="900"' in chooser.browser.open("/courses/1/activities/2").text
    assert "Drošība" in page


def test_the_course_page_tells_what_was_added(chooser: Chooser) -> None:
    answer = chooser.send()
    leave = next(link for link in answer.links() if "choice=" in link)
    assert "1 activity was added" in chooser.browser.practice(Step("GET", leave)).text


def test_a_tool_without_grade_scopes_gets_no_column(
    app: Flask, lms: Practice, browser: Browserless, fake_tool: FakeTool
) -> None:
    chooser = Chooser(browser, fake_tool, register_tool(lms, TOOL, scopes=()))
    assert chooser.send([{**LINK, "lineItem": {"scoreMaximum": 10}}]).status == 200
    assert state(app)["line_items"] == []


def test_no_items_and_what_the_tool_says_are_shown(chooser: Chooser) -> None:
    answer = chooser.send([], **{DL_CLAIM + "errormsg": "Kļūda <b>", DL_CLAIM + "msg": "Sveiki"})
    assert answer.status == 200
    assert "nothing was added" in answer.text
    assert "Kļūda &lt;b&gt;" in answer.text
    assert "Sveiki" in answer.text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("iss", "somebody"),
        ("iss", None),
        ("aud", "https://elsewhere.example"),
        ("aud", None),
        ("exp", 1),
        ("exp", None),
        ("iat", None),
        ("nonce", None),
        ("nonce", ""),
        (CLAIM + "deployment_id", "99"),
        (CLAIM + "deployment_id", None),
        (CLAIM + "message_type", "LtiDeepLinkingRequest"),
        (CLAIM + "version", "1.2.0"),
        (CLAIM + "version", None),
        (DL_CLAIM + "data", "other"),
        (DL_CLAIM + "data", None),
        (DL_CLAIM + "content_items", {"type": "ltiResourceLink"}),
    ],
)
def test_a_wrong_answer_adds_nothing_and_says_why(app: Flask, chooser: Chooser, name: str, value: Any) -> None:
    answer = chooser.send(**{name: value})
    assert answer.status == 400
    assert "Nothing was added" in answer.text
    assert state(app)["activities"] == []


def test_the_audience_may_be_a_list(chooser: Chooser) -> None:
    assert chooser.send(aud=["https://elsewhere.example", ISSUER]).status == 200


def test_no_leeway_for_a_clock_that_goes_fast(chooser: Chooser) -> None:
    assert "iat lies in the future" in chooser.send(iat=chooser.fake_tool.now() + 1).text


@pytest.mark.parametrize("header", [{"kid": None}, {"kid": "unknown"}, {"kid": ""}])
def test_a_token_has_to_name_its_key(chooser: Chooser, fake_tool: FakeTool, header: dict[str, Any]) -> None:
    claims = jwt.decode(chooser.token([LINK]), options={"verify_signature": False})
    assert chooser.send(token=fake_tool.sign(claims, **header)).status == 400


def test_another_key_is_another_tool(chooser: Chooser, fake_tool: FakeTool) -> None:
    theirs = generate_private_key(public_exponent=65537, key_size=2048)
    forger = FakeTool(fake_tool.clock, theirs, fake_tool.kid)
    assert chooser.send(token=forger.answer(chooser.tool, chooser.claims, [LINK])).status == 400


def test_only_rs256(chooser: Chooser) -> None:
    claims = jwt.decode(chooser.token([LINK]), options={"verify_signature": False})
    unsigned = jwt.encode(claims, "", "none", {"kid": "tool-1"})
    secret = jwt.encode(claims, "k" * 32, "HS256", {"kid": "tool-1"})
    for token in (unsigned, secret):
        assert "only RS256" in chooser.send(token=token).text
        chooser = Chooser(chooser.browser, chooser.fake_tool, chooser.tool)
    assert chooser.send(token="no token").status == 400


def test_a_nonce_is_good_once(chooser: Chooser) -> None:
    assert chooser.send(nonce="n").status == 200
    again = Chooser(chooser.browser, chooser.fake_tool, chooser.tool)
    assert "nonce was used before" in again.send(nonce="n").text


def test_a_choice_is_answered_once(app: Flask, chooser: Chooser) -> None:
    assert chooser.send().status == 200
    assert chooser.send().status == 409
    assert len(state(app)["activities"]) == 1


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ({"type": "link", "url": "https://example.org"}, "only ltiResourceLink"),
        ({"title": "No type"}, "only ltiResourceLink"),
        ("x", "is no object"),
        ({**LINK, "title": 5}, "title has to be text"),
        ({**LINK, "url": "/lti/launch"}, "url has to be a full web address"),
        ({**LINK, "url": "javascript:alert(1)"}, "url has to be a full web address"),
        ({**LINK, "custom": {"a": {"b": "c"}}}, "has to be one line of text"),
        ({**LINK, "custom": {"a": 5}}, "has to be one line of text"),
        ({**LINK, "custom": {"a": "b\nc"}}, "has to be one line of text"),
        ({**LINK, "custom": "a=b"}, "custom has to be an object"),
        ({**LINK, "iframe": {"height": "tall"}}, "number of pixels"),
        ({**LINK, "iframe": 5}, "iframe and icon"),
        ({**LINK, "lineItem": {}}, "scoreMaximum must be an integer from 1 to 100"),
        ({**LINK, "lineItem": {"scoreMaximum": 0}}, "scoreMaximum must be an integer from 1 to 100"),
        ({**LINK, "lineItem": {"scoreMaximum": 12.5}}, "scoreMaximum must be an integer from 1 to 100"),
        ({**LINK, "lineItem": {"scoreMaximum": 101}}, "scoreMaximum must be an integer from 1 to 100"),
        ({**LINK, "lineItem": {"scoreMaximum": True}}, "scoreMaximum must be an integer from 1 to 100"),
        ({**LINK, "lineItem": {"scoreMaximum": float("inf")}}, "scoreMaximum must be an integer from 1 to 100"),
        ({**LINK, "lineItem": {"scoreMaximum": 5, "tag": 1}}, "tag has to be text"),
        ({**LINK, "lineItem": 100}, "lineItem has to be an object"),
    ],
)
def test_one_bad_item_and_nothing_is_added(app: Flask, chooser: Chooser, item: Any, reason: str) -> None:
    answer = chooser.send([LINK, item])
    assert answer.status == 400
    assert reason in answer.text
    assert "Item 2" in answer.text
    assert state(app)["activities"] == []


def test_without_our_cookie_the_answer_is_repeated_from_our_page(app: Flask, chooser: Chooser) -> None:
    stranger = by_flask(app, ISSUER)
    (again,) = stranger(Step("POST", chooser.url, {"JWT": chooser.token([LINK])})).forms()
    assert stranger(again).status == 403
    assert chooser.browser.return_choice(again).status == 200
    assert len(state(app)["activities"]) == 1


def test_another_person_cannot_answer(app: Flask, chooser: Chooser) -> None:
    other = Browserless(by_flask(app, ISSUER), chooser.browser.tool, ISSUER)
    other.sign_in("karlis")
    assert other.return_choice(Step("POST", chooser.url, {"JWT": chooser.token([LINK])})).status == 403


def test_the_key_set_is_kept_and_read_again_for_a_new_key(
    chooser: Chooser, fake_tool: FakeTool, tool: Tool, clock: Clock
) -> None:
    assert chooser.send().status == 200
    assert Chooser(chooser.browser, fake_tool, tool).send().status == 200
    assert len(fake_tool.fetched) == 1
    fake_tool.kid = "tool-2"
    fake_tool.key = generate_private_key(public_exponent=65537, key_size=2048)
    assert Chooser(chooser.browser, fake_tool, tool).send().status == 200
    assert len(fake_tool.fetched) == 2


def test_a_new_key_under_an_old_name_is_found_too(chooser: Chooser, fake_tool: FakeTool, tool: Tool) -> None:
    assert chooser.send().status == 200
    fake_tool.key = generate_private_key(public_exponent=65537, key_size=2048)
    assert Chooser(chooser.browser, fake_tool, tool).send().status == 200


def test_a_key_set_out_of_reach_is_a_plain_error(chooser: Chooser, fake_tool: FakeTool) -> None:
    fake_tool.reachable = False
    assert "nobody there" in chooser.send().text
