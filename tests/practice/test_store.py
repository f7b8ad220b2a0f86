"""What outlives a restart, what many threads may do, and the platform's keys."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask

from lti_tool.practice import PracticeSettings, create_app, jose, people
from lti_tool.practice.activities import Activity
from lti_tool.practice.browserless import Browserless, by_flask
from lti_tool.practice.calls import KEPT, note
from lti_tool.practice.lms import Practice
from lti_tool.practice.seed import add_activity, register_tool
from lti_tool.practice.store import Store, see
from tests.conftest import Clock
from tests.practice.conftest import ISSUER, TOOL, FakeTool, ServiceClient

ITEMS = "/services/1/lineitems?type_id=1"


def keys(app: Flask) -> list[str]:
    return [key["kid"] for key in app.test_client().get("/jwks").get_json()["keys"]]


def test_everything_outlives_a_restart(tmp_path: Path, clock: Clock, fake_tool: FakeTool) -> None:
    settings = PracticeSettings(data_dir=tmp_path / "practice", clock=clock, fetch=fake_tool.fetch)
    first = create_app(settings)
    lms: Practice = first.extensions["practice"]
    tool = register_tool(lms, TOOL)
    add_activity(lms, tool, "One", line_item={"scoreMaximum": 5})
    first.test_client().post("/switches.json", json={"platform_storage": False})
    first.test_client().post("/faults.json", json={"endpoint": "results", "kind": "500"})
    bearer = ServiceClient(first, fake_tool, tool).bearer()
    before = first.test_client().get("/state.json").get_json()
    second = create_app(settings)
    assert second.test_client().get("/state.json").get_json() == before
    assert keys(second) == keys(first)
    assert second.secret_key == first.secret_key
    assert second.test_client().get(ITEMS, headers=bearer).status_code == 200
    assert second.test_client().get("/faults.json").get_json()[0]["kind"] == "500"


def test_in_memory_each_has_its_own() -> None:
    first, second = (create_app(PracticeSettings()) for _ in range(2))
    register_tool(first.extensions["practice"], TOOL)
    assert second.test_client().get("/state.json").get_json()["registrations"] == []


def test_many_threads_at_once(app: Flask, client: ServiceClient, activity: Activity) -> None:
    headers = client.bearer() | {"Content-Type": "application/vnd.ims.lis.v1.score+json"}
    path = "/services/1/lineitems/1/lineitem/scores?type_id=1"

    def post(number: int) -> int:
        body = {
            "userId": str(3 + number % 4),
            "scoreGiven": 1,
            "scoreMaximum": 1,
            "timestamp": "2022-10-13T10:00:00Z",
            "activityProgress": "Completed",
            "gradingProgress": "FullyGraded",
        }
        return app.test_client().post(path, json=body, headers=headers).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(40)))
    assert sorted(answers) == [200] * 4 + [409] * 36


def test_a_jti_is_new_to_one_of_many_threads(lms: Practice) -> None:
    def first_time(_: int) -> bool:
        with lms.store.transaction() as db:
            return see(db, "jti", "client", "same", 0)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(first_time, range(16))) == 1


def test_a_failed_transaction_keeps_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(ZeroDivisionError), store.transaction() as db:
        people.add_course(db, "A", "A")
        raise ZeroDivisionError
    with store.transaction() as db:
        assert people.list_courses(db) == []
        with pytest.raises(RuntimeError), store.transaction():
            pass


def test_a_new_key_signs_and_the_old_one_stays(
    app: Flask, lms: Practice, browser: Browserless, activity: Activity, clock: Clock
) -> None:
    (old,) = keys(app)
    browser.sign_in("karlis")
    before = browser.launch(activity.id).form_post.fields["id_token"]
    clock.forward(seconds=1)
    new = lms.rotate_key()
    assert keys(app) == [new, old]
    after = browser.launch(activity.id).form_post.fields["id_token"]
    assert (jose.read_kid(before), jose.read_kid(after)) == (old, new)
    clock.forward(seconds=1)
    only = lms.rotate_key(keep_old=False)
    assert keys(app) == [only]
    assert jose.read_kid(browser.launch(activity.id).form_post.fields["id_token"]) == only


def test_the_administrator_rotates_keys_and_turns_switches(app: Flask, browser: Browserless) -> None:
    browser.sign_in("admin")
    (old,) = keys(app)
    assert browser.press("/admin", "/admin/keys").status == 303
    assert len(keys(app)) == 2
    rotate = [form for form in browser.open("/admin").forms() if "drop" in form.fields]
    assert browser.practice(rotate[0]).status == 303
    assert len(keys(app)) == 1
    assert old not in keys(app)
    assert browser.press("/admin", "/admin/switches", platform_storage=None, token_seconds="5").status == 303
    switches = app.test_client().get("/switches.json").get_json()
    assert (switches["platform_storage"], switches["token_seconds"]) == (False, 5)
    for wrong in ("many", "-1"):
        assert browser.press("/admin", "/admin/switches", token_seconds=wrong).status == 400


@pytest.mark.parametrize(
    "wrong", [{"moon": True}, {"auto_activate": 1}, {"token_seconds": True}, {"token_seconds": -1}]
)
def test_a_switch_that_does_not_exist(app: Flask, wrong: dict[str, object]) -> None:
    before = app.test_client().get("/switches.json").get_json()
    assert app.test_client().post("/switches.json", json=wrong).status_code == 400
    assert app.test_client().get("/switches.json").get_json() == before


def test_the_key_set_has_no_private_part(app: Flask) -> None:
    (key,) = app.test_client().get("/jwks").get_json()["keys"]
    assert set(key) == {"kty", "n", "e", "kid", "alg", "use"}


def test_the_log_has_an_end(lms: Practice) -> None:
    with lms.store.transaction() as db:
        for number in range(KEPT + 5):
            note(db, number, "scores", "POST", "/", "")
        assert db.execute("SELECT count(*) FROM calls").fetchone()[0] == KEPT


def test_people_and_courses_of_a_new_one(app: Flask) -> None:
    state = app.test_client().get("/state.json").get_json()
    assert [user["login"] for user in state["users"]] == ["admin", "teacher", "karlis", "elena", "nikos", "anna"]
    assert [len(course["members"]) for course in state["courses"]] == [5, 3]
    assert "password" not in state["users"][0]
    assert app.test_client().get("/healthz").get_json() == {"status": "ok"}


def test_two_people_in_two_browsers_do_not_mix(app: Flask, browser: Browserless, activity: Activity) -> None:
    other = Browserless(by_flask(app, ISSUER), browser.tool, ISSUER)
    browser.sign_in("karlis")
    other.sign_in("elena")
    first, second = browser.login(browser.start(activity.id)), other.login(other.start(activity.id))
    assert other.authorise(second).fields["state"] == "state-1"
    assert browser.launch(activity.id).claims["sub"] == "3"
    assert browser.authorise(first.having(login_hint="4")).fields["error"] == "access_denied"
