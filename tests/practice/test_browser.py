"""In Chromium: frames, messages between windows, cookies of two sites, and how the pages fit."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from flask import Flask
from playwright.sync_api import Browser, Frame, Page, Playwright, expect

from lti_tool.practice import PracticeSettings, gradebook
from lti_tool.practice.activities import Activity
from lti_tool.practice.seed import add_activity
from tests import services
from tests.looking import violations
from tests.practice.conftest import FakeTool
from tests.practice.servers import Servers, free_port, page, served, two_sites

pytestmark = pytest.mark.browser

# Posts a message to the parent and gives its answer.
ASK = """message => new Promise(resolve => {
    addEventListener("message", event => resolve({...event.data, from: event.origin}), {once: true});
    parent.postMessage(message, "*");
})"""


@pytest.fixture(scope="module")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """Chromium; `browser` is the browserless one here."""
    found = playwright.chromium.launch(executable_path=services.chromium(), args=list(services.CHROMIUM_ARGUMENTS))
    yield found
    found.close()


@pytest.fixture(scope="module")
def servers(private_key: RSAPrivateKey, platform_keys: Iterator[RSAPrivateKey]) -> Iterator[Servers]:
    fake_tool = FakeTool(lambda: datetime.now(UTC), private_key)
    settings = PracticeSettings(fetch=fake_tool.fetch, make_key=lambda: next(platform_keys))
    with two_sites(fake_tool, settings) as found:
        yield found


@pytest.fixture(scope="module")
def activity(servers: Servers) -> Activity:
    made = add_activity(servers.lms, servers.registered, "Digital safety", line_item={"scoreMaximum": 100})
    with servers.lms.store.transaction() as db:
        gradebook.write_grade(db, 1, 3, gradebook.Grade(raw=20, final=20, comment="Labi"))
    return made


@pytest.fixture
def visitor(chromium: Browser, servers: Servers) -> Iterator[Page]:
    with chromium.new_context(base_url=servers.practice) as context:
        yield context.new_page()


def sign_in(visitor: Page, given: str) -> None:
    visitor.goto("/sign-in")
    visitor.get_by_role("button", name=f"Continue as {given}").click()


def open_activity(visitor: Page, activity: Activity) -> Frame:
    """The tool's frame once it has been launched."""
    visitor.goto(f"/courses/1/activities/{activity.id}")
    expect(visitor.frame_locator("#tool").get_by_text("Launched")).to_be_visible()
    return tool_frame(visitor)


def tool_frame(visitor: Page) -> Frame:
    handle = visitor.locator("#tool").element_handle()
    frame = handle.content_frame() if handle else None
    assert frame
    return frame


def ask(frame: Frame, **message: Any) -> Any:
    return frame.evaluate(ASK, {"message_id": "m", **message})


def test_a_launch_in_a_frame_has_a_token(visitor: Page, activity: Activity) -> None:
    sign_in(visitor, "Kārlis")
    open_activity(visitor, activity)
    expect(visitor.frame_locator("#tool").get_by_text("token")).to_be_visible()


def test_a_launch_by_script_comes_without_cookie_and_works(visitor: Page, servers: Servers) -> None:
    other = add_activity(servers.lms, servers.registered, "By script", url=f"{servers.tool}/lti/launch?by=script")
    sign_in(visitor, "Kārlis")
    open_activity(visitor, other)
    expect(visitor.frame_locator("#tool").get_by_text("token")).to_be_visible()


def test_a_launch_in_a_window_can_use_storage(visitor: Page, activity: Activity) -> None:
    sign_in(visitor, "Kārlis")
    open_activity(visitor, activity)
    with visitor.expect_popup() as opened:
        visitor.get_by_role("link", name="Open in a new window").click()
    window = opened.value
    expect(window.get_by_text("token")).to_be_visible()
    script = ASK.replace("parent.postMessage", "opener.postMessage")
    message = {"subject": "lti.put_data", "message_id": "m", "key": "k", "value": "v"}
    assert window.evaluate(script, message)["value"] == "v"


def test_platform_storage(visitor: Page, servers: Servers, activity: Activity) -> None:
    sign_in(visitor, "Kārlis")
    frame = open_activity(visitor, activity)
    told = ask(frame, subject="lti.capabilities")
    assert told["subject"] == "lti.capabilities.response"
    assert told["message_id"] == "m"
    assert told["from"] == servers.practice
    assert {"subject": "lti.put_data", "frame": "_parent"} in told["supported_messages"]
    assert ask(frame, subject="lti.get_data", key="state")["value"] is None
    assert ask(frame, subject="lti.put_data", key="state", value="āšž")["value"] == "āšž"
    found = ask(frame, subject="lti.get_data", key="state")
    assert (found["subject"], found["key"], found["value"]) == ("lti.get_data.response", "state", "āšž")
    ask(frame, subject="lti.put_data", key="state", value=None)
    assert ask(frame, subject="lti.get_data", key="state")["value"] is None


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"subject": "lti.put_data", "value": "v"}, "bad_request"),
        ({"subject": "lti.put_data", "key": "", "value": "v"}, "bad_request"),
        ({"subject": "lti.put_data", "key": "k", "value": {"a": 1}}, "bad_request"),
        ({"subject": "lti.get_data", "key": 5}, "bad_request"),
        ({"subject": "lti.get_data", "key": "k", "message_id": ""}, "bad_request"),
        ({"subject": "lti.put_data", "key": "k", "value": "v" * 5000}, "storage_exhaustion"),
    ],
)
def test_a_storage_message_that_is_wrong(visitor: Page, activity: Activity, message: dict[str, Any], code: str) -> None:
    sign_in(visitor, "Kārlis")
    assert ask(open_activity(visitor, activity), **message)["error"]["code"] == code


def test_storage_is_not_for_other_origins(visitor: Page, servers: Servers, activity: Activity) -> None:
    port, stranger = free_port(), Flask("stranger")
    stranger.add_url_rule("/", view_func=lambda: page("<h1>Stranger</h1>"))
    sign_in(visitor, "Kārlis")
    ask(open_activity(visitor, activity), subject="lti.put_data", key="k", value="secret")
    with served(stranger, port):
        tool_frame(visitor).goto(f"http://127.0.0.1:{port}/")
        answer = ask(tool_frame(visitor), subject="lti.get_data", key="k")
        assert answer["error"]["code"] == "wrong_origin"
        assert "value" not in answer
        frame = tool_frame(visitor)
        frame.evaluate("parent.postMessage({subject: 'lti.frameResize', height: 1111}, '*')")
        ask(frame, subject="lti.capabilities")
        assert visitor.locator("#tool").bounding_box()["height"] != 1111  # type: ignore[index] # the frame is visible


def test_storage_switched_off_answers_nothing(visitor: Page, servers: Servers, activity: Activity) -> None:
    switches = f"{servers.practice}/switches.json"
    visitor.request.post(switches, data={"platform_storage": False})
    try:
        sign_in(visitor, "Kārlis")
        frame = open_activity(visitor, activity)
        frame.evaluate("window.heard = 0; addEventListener('message', () => { window.heard += 1; })")
        frame.evaluate("parent.postMessage({subject: 'lti.capabilities', message_id: 'm'}, '*')")
        # Messages arrive in order: when this one has had its effect, the first has been passed over.
        frame.evaluate("parent.postMessage({subject: 'lti.frameResize', height: 777}, '*')")
        expect(visitor.locator("#tool")).to_have_css("height", "777px")
        assert frame.evaluate("window.heard") == 0
    finally:
        visitor.request.post(switches, data={"platform_storage": True})


@pytest.mark.parametrize(
    ("message", "height"),
    [
        ("{subject: 'lti.frameResize', height: 901}", "901px"),
        ("{subject: 'org.imsglobal.lti.frameResize', height: 902.2}", "903px"),
        ("JSON.stringify({subject: 'lti.frameResize', height: '904'})", "904px"),
    ],
)
def test_the_frame_takes_the_height_that_the_tool_asks_for(
    visitor: Page, activity: Activity, message: str, height: str
) -> None:
    sign_in(visitor, "Kārlis")
    frame = open_activity(visitor, activity)
    for nonsense in ("'x'", "5", "null", "{subject: 'lti.frameResize', height: -5}", "{subject: 'lti.frameResize'}"):
        frame.evaluate(f"parent.postMessage({nonsense}, '*')")
    frame.evaluate(f"parent.postMessage({message}, '*')")
    expect(visitor.locator("#tool")).to_have_css("height", height)


def test_the_registration_page_closes_when_the_tool_says_so(visitor: Page, servers: Servers) -> None:
    sign_in(visitor, "Zane")
    visitor.goto("/admin")
    visitor.get_by_label("Registration address of the tool").fill(f"{servers.tool}/lti/register")
    visitor.get_by_role("button", name="Register", exact=True).click()
    expect(visitor.frame_locator("#tool").get_by_role("heading", name="Register")).to_be_visible()
    frame = tool_frame(visitor)
    assert "registration_token=" in frame.url
    # Text is not what the specification says: an object with a subject is.
    frame.evaluate("parent.postMessage(JSON.stringify({subject: 'org.imsglobal.lti.close'}), '*')")
    frame.evaluate("parent.postMessage({subject: 'lti.frameResize', height: 888}, '*')")
    expect(visitor.locator("#tool")).to_have_css("height", "888px")
    frame.evaluate("parent.postMessage({subject: 'org.imsglobal.lti.close'}, '*')")
    visitor.wait_for_url(f"{servers.practice}/admin")


def test_chosen_content_takes_the_teacher_back_to_the_course(
    visitor: Page, servers: Servers, activity: Activity, private_key: RSAPrivateKey
) -> None:
    sign_in(visitor, "Ilze")
    visitor.goto("/courses/1")
    visitor.get_by_role("link", name="Add activity").click()
    visitor.get_by_role("link", name="LTI tool").click()
    expect(visitor.frame_locator("#tool").get_by_text("token")).to_be_visible()
    with servers.lms.store.transaction() as db:
        choice = db.execute("SELECT id, data FROM choices ORDER BY rowid DESC").fetchone()
        log = db.execute("SELECT asked FROM calls WHERE endpoint = 'launch' ORDER BY id DESC").fetchone()["asked"]
    claims = json.loads(log)["id_token"]
    fake_tool = FakeTool(lambda: datetime.now(UTC), private_key)
    item = {"type": "ltiResourceLink", "title": "Chosen in a frame"}
    token = fake_tool.answer(servers.registered, claims, [item], aud=servers.practice)
    goal = claims["https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"]["deep_link_return_url"]
    # Posted by the tool's own page, so from another site and without our cookie.
    tool_frame(visitor).evaluate(
        """([goal, token]) => {
            const form = document.createElement("form");
            form.method = "post";
            form.action = goal;
            form.innerHTML = '<input name="JWT">';
            form.elements.JWT.value = token;
            document.body.append(form);
            form.submit();
        }""",
        [goal, token],
    )
    visitor.wait_for_url(f"{servers.practice}/courses/1?choice={choice['id']}")
    expect(visitor.get_by_role("status")).to_contain_text("1 activity was added")
    expect(visitor.get_by_role("heading", name="Chosen in a frame")).to_be_visible()


def test_coming_back_from_the_tool_leaves_the_frame(visitor: Page, servers: Servers, activity: Activity) -> None:
    sign_in(visitor, "Kārlis")
    frame = open_activity(visitor, activity)
    frame.evaluate(f"location.assign('{servers.practice}/courses/1/return?lti_msg=Done')")
    visitor.wait_for_url(f"{servers.practice}/courses/1?lti_msg=Done")
    expect(visitor.get_by_role("status")).to_contain_text("The tool says: Done")


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (1280, "dark")])
def test_pages_fit_and_are_accessible(
    chromium: Browser, servers: Servers, activity: Activity, width: int, scheme: Any
) -> None:
    pages = {
        "Zane": ("/", "/admin", "/admin/manual", "/admin/faults"),
        "Ilze": ("/sign-in", "/courses/1", "/courses/1/add", "/courses/1/grades", "/courses/1/grades/1/3", "/calls"),
        "Kārlis": ("/courses/1/people", "/courses/1/grades", f"/courses/1/activities/{activity.id}", "/nowhere"),
    }
    viewport: Any = {"width": width, "height": 800}
    with chromium.new_context(base_url=servers.practice, viewport=viewport, color_scheme=scheme) as context:
        visitor = context.new_page()
        for given, paths in pages.items():
            sign_in(visitor, given)
            for path in paths:
                visitor.goto(path)
                if "activities" in path:
                    expect(visitor.frame_locator("#tool").get_by_text("Launched")).to_be_visible()
                assert violations(visitor) == [], path
                assert visitor.evaluate("document.documentElement.scrollWidth") <= width, path
