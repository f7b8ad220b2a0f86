"""The pages of administrators: who may see them, and what their buttons do."""

from __future__ import annotations

import html
import re
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from lti_tool.admin import credentials
from lti_tool.launch import platforms, registration
from lti_tool.launch.platforms import NewPlatform
from lti_tool.launch.store import hash_of, launches
from lti_tool.people.roles import Grant
from lti_tool.wiring import Wiring
from tests.admin.conftest import Admin
from xapi.database import reading, writing

BY_HAND = {
    "name": 'Moodle Рига "<b>"',
    "issuer": "https://moodle.example.org",
    "client_id": "abc",
    "deployments": "1  2",
    "auth_url": "https://moodle.example.org/auth",
    "token_url": "https://moodle.example.org/token",
    "jwks_url": "https://moodle.example.org/certs",
}
GETS = ("", "/add", "/clients", "/log")
POSTS = ("/platforms/1", "/platforms/1/check", "/add/invitation", "/add/platform", "/clients", "/clients/x/revoke")


def add(wiring: Wiring, name: str = "Moodle", status: str = "pending", *, client: str = "c", product: str = "") -> int:
    new = NewPlatform(
        name=name,
        issuer="https://moodle.example.org",
        client_id=client,
        auth_url="https://moodle.example.org/auth",
        token_url="https://moodle.example.org/token",
        jwks_url="https://moodle.example.org/certs",
        product=product,
    )
    with writing(wiring.engine) as conn:
        number = platforms.add(conn, new, status, wiring.clock())  # type: ignore[arg-type]  # one of the statuses
    assert number is not None
    return number


def status_of(wiring: Wiring, number: int) -> str:
    with reading(wiring.engine) as conn:
        found = platforms.get(conn, number)
    assert found is not None
    return found.status


@pytest.mark.parametrize(
    "grants",
    [(), (Grant("coordinator"), Grant("assessor")), (Grant("admin", programme="CECO"),), (Grant("admin", "riga"),)],
)
def test_nobody_but_an_administrator_of_all_may_see_or_do(admin: Admin, grants: tuple[Grant, ...]) -> None:
    root = admin.session_of(*grants) + "/admin"
    client = admin.client()
    number = add(admin.wiring)
    for path in GETS:
        assert client.get(root + path).status_code == 403
    for path in POSTS:
        assert client.post(root + path, data={**BY_HAND, "status": "approved", "scopes": "all"}).status_code == 403
    assert status_of(admin.wiring, number) == "pending"


def test_who_is_not_signed_in_sees_nothing(admin: Admin) -> None:
    client = admin.client()
    assert {client.get("/admin" + path).status_code for path in GETS} == {401}
    assert {client.post("/admin" + path).status_code for path in POSTS} == {401}


def test_a_waiting_lms_stands_first_and_is_approved_by_a_button(admin: Admin) -> None:
    root, client, wiring = admin.administrator(), admin.client(), admin.wiring
    add(wiring, "Anita’s Canvas", "approved", client="other", product="canvas")
    number = add(wiring, "Zemgale", "pending", product="moodle")
    with writing(wiring.engine) as conn:
        platforms.add_deployment(conn, number, "7", "pending", wiring.clock())
    page = client.get(root).text
    assert page.index("Zemgale") < page.index("Anita")
    assert "1 LMS waits for your approval." in page
    answer = client.post(f"{root}/platforms/{number}", data={"status": "approved"})
    assert answer.status_code == 303
    assert "Zemgale may open this tool now." in client.get(answer.location).text
    with reading(wiring.engine) as conn:
        found = platforms.get(conn, number)
    assert found is not None
    assert (found.status, dict(found.deployments)) == ("approved", {"7": "approved"})


def test_an_lms_is_switched_off_and_on_again(admin: Admin) -> None:
    root, client = admin.administrator(), admin.client()
    number = add(admin.wiring, status="approved")
    client.post(f"{root}/platforms/{number}", data={"status": "disabled"})
    assert status_of(admin.wiring, number) == "disabled"
    assert "Switch on again" in client.get(root).text
    client.post(f"{root}/platforms/{number}", data={"status": "approved"})
    assert status_of(admin.wiring, number) == "approved"


def test_other_statuses_and_other_numbers_change_nothing(admin: Admin) -> None:
    root, client = admin.administrator(), admin.client()
    number = add(admin.wiring)
    assert client.post(f"{root}/platforms/{number}", data={"status": "pending"}).status_code == 400
    assert client.post(f"{root}/platforms/{number}", data={}).status_code == 400
    assert client.post(f"{root}/platforms/999", data={"status": "approved"}).status_code == 404
    assert status_of(admin.wiring, number) == "pending"


def test_a_form_of_another_site_approves_nothing(admin: Admin) -> None:
    root, number = admin.administrator(), add(admin.wiring)
    headers = {"Sec-Fetch-Site": "cross-site"}
    answer = admin.client().post(f"{root}/platforms/{number}", data={"status": "approved"}, headers=headers)
    assert answer.status_code == 403
    assert status_of(admin.wiring, number) == "pending"


def test_the_newest_launch_is_told(admin: Admin) -> None:
    root, number = admin.administrator(), add(admin.wiring)
    assert "none in 30 days" in admin.client().get(root).text
    now = admin.wiring.clock()
    row = {
        "platform_id": number,
        "deployment_id": "1",
        "subject": "4",
        "message": "resource",
        "role": "learner",
        "claims": {},
    }
    with writing(admin.wiring.engine) as conn:
        conn.execute(sa.insert(launches), [{**row, "sid": "b", "created_at": now}])
        conn.execute(sa.insert(launches), [{**row, "sid": "a", "created_at": now.replace(year=2021)}])
    page = admin.client().get(root).text
    assert "13 Oct 2022" in page
    assert "2021" not in page


def test_the_link_for_moodle_lets_one_lms_in_and_is_shown_once(admin: Admin) -> None:
    root, client = admin.administrator(), admin.client()
    page = client.post(f"{root}/add/invitation", data={"invited": "Rīga"}).text
    found = re.search(r'<code id="link">([^<]*)</code>', page)
    assert found
    link = html.unescape(found[1])
    assert urlsplit(link).path == "/lti/register"
    token = link.partition("invite=")[2]
    with reading(admin.wiring.engine) as conn:
        assert platforms.invitation_open(conn, hash_of(token), admin.wiring.clock()) == platforms.Invitation("Rīga")
        over = admin.wiring.clock() + registration.INVITATION_LIFE
        assert platforms.invitation_open(conn, hash_of(token), over) is None
    assert token not in client.get(f"{root}/add").text


def test_an_lms_is_added_by_hand(admin: Admin) -> None:
    root, client = admin.administrator(), admin.client()
    answer = client.post(f"{root}/add/platform", data=BY_HAND)
    assert answer.status_code == 303
    page = client.get(answer.location).text
    assert "<b>" not in page
    with reading(admin.wiring.engine) as conn:
        [found] = platforms.get_all(conn)
    assert (found.name, found.status, set(found.deployments)) == (BY_HAND["name"], "approved", {"1", "2"})
    again = client.post(f"{root}/add/platform", data=BY_HAND)
    assert again.status_code == 409
    assert "registered already" in again.text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("issuer", "moodle.example.org"),
        ("issuer", ""),
        ("token_url", "http://moodle.example.org/token"),
        ("jwks_url", "javascript:alert(1)"),
        ("auth_url", "https://moodle.example.org/a b"),
        ("client_id", "a\nb"),
        ("client_id", "x" * 256),
        ("name", " "),
        ("deployments", "1 " + "x" * 256),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_the_rest_is_kept(admin: Admin, field: str, value: str) -> None:
    root, client = admin.administrator(), admin.client()
    answer = client.post(f"{root}/add/platform", data={**BY_HAND, field: value})
    assert answer.status_code == 400
    assert f'id="{field}-error"' in answer.text
    assert answer.text.count('-error"><svg') == 1
    other = "token_url" if field != "token_url" else "jwks_url"
    assert f'value="{BY_HAND[other]}"' in answer.text
    with reading(admin.wiring.engine) as conn:
        assert platforms.get_all(conn) == []


def test_a_client_gets_its_secret_once_and_is_ended_by_a_button(admin: Admin) -> None:
    root, client = admin.administrator(), admin.client()
    page = client.post(f"{root}/clients", data={"name": "H5P <i>", "scopes": ["statements/write", "state"]}).text
    key, secret = (re.search(f'<code id="{name}">([^<]*)</code>', page) for name in ("key", "secret"))
    assert key
    assert secret
    with reading(admin.wiring.engine) as conn:
        found = credentials.verify(conn, key[1], secret[1], admin.wiring.settings.secret_key)
    assert found is not None
    assert found.name == "H5P <i>"
    assert found.scopes == {"statements/write", "state"}
    later = client.get(f"{root}/clients").text
    assert secret[1] not in later
    assert "<i>" not in later
    assert client.post(f"{root}/clients/{key[1]}/revoke").status_code == 303
    with reading(admin.wiring.engine) as conn:
        assert credentials.verify(conn, key[1], secret[1], admin.wiring.settings.secret_key) is None
    assert client.post(f"{root}/clients/{key[1]}/revoke").status_code == 404


def test_a_client_needs_a_name_and_something_to_do(admin: Admin) -> None:
    root, client = admin.administrator(), admin.client()
    answer = client.post(f"{root}/clients", data={"name": "", "scopes": ["everything"]})
    assert answer.status_code == 400
    assert "2 things to mend" in answer.text
    with reading(admin.wiring.engine) as conn:
        assert credentials.listed(conn) == []


def test_pages_have_neither_inline_script_nor_style(admin: Admin) -> None:
    root, client = admin.administrator(), admin.client()
    add(admin.wiring)
    pages = [client.get(root + path).text for path in GETS]
    pages.append(client.post(f"{root}/clients", data={"name": "x", "scopes": "state"}).text)
    for page in pages:
        assert not re.search(r"<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=|<style", page)
