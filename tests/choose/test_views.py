"""The chooser by HTTP: who may choose, what the page shows, and the answer that the LMS gets."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest

from lti_tool.choose.store import known
from lti_tool.gradebook import store as gradebook
from lti_tool.launch import platforms
from lti_tool.launch.keys import ToolKeys
from tests.choose.conftest import ASKED, CLIENT, ISSUER, RETURN, Chooser
from xapi.database import reading, writing

DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
LTI = "https://purl.imsglobal.org/spec/lti/claim/"


def pick(chooser: Chooser, address: str, *values: str, status: int = 200, **more: str) -> str:
    answer = chooser.client().post(address, data={"pick": list(values), **more})
    assert answer.status_code == status, answer.text
    return answer.text


def form_of(page: str) -> tuple[str, str]:
    """Where the page posts to, and the token that it posts."""
    action = re.search(r'<form id="send" method="post" action="([^"]*)"', page)
    token = re.search(r'name="JWT" value="([^"]*)"', page)
    assert action
    assert token
    return html.unescape(action[1]), token[1]


def read(chooser: Chooser, token: str) -> dict[str, Any]:
    """The claims, checked as a platform does: by the published keys, its own name and the times."""
    published = jwt.PyJWKSet.from_dict(ToolKeys(chooser.keys_dir, chooser.clock).public())
    header = jwt.get_unverified_header(token)
    claims: dict[str, Any] = jwt.decode(
        token,
        published[header["kid"]],
        algorithms=["RS256"],
        audience=ISSUER,
        issuer=CLIENT,
        # The clock of the test stands in the past.
        options={"require": ["exp", "iat", "nonce", "iss", "aud"], "verify_exp": False, "verify_iat": False},
    )
    now = chooser.clock().timestamp()
    assert claims["iat"] < now < claims["exp"] <= now + 3600
    return claims


def test_the_lms_gets_what_was_ticked(chooser: Chooser) -> None:
    page = pick(chooser, chooser.open(), "CECO/module/M02", "CECO/module/M01", "record")
    action, token = form_of(page)
    assert action == RETURN
    claims = read(chooser, token)
    assert claims[LTI + "message_type"] == "LtiDeepLinkingResponse"
    assert claims[LTI + "version"] == "1.3.0"
    assert claims[LTI + "deployment_id"] == "1"
    contents = [item["custom"]["content"] for item in claims[DL + "content_items"]]
    assert contents == ["module/M01", "module/M02", "record"]
    assert DL + "data" not in claims  # Moodle sent none


@pytest.mark.parametrize("data", ["", "opaque", '{"a": "ā€\U0001f4d6\\"", "b": [1]}', " \t%2B+&amp;\r\n "])
def test_data_goes_back_as_it_came(chooser: Chooser, data: str) -> None:
    _, token = form_of(pick(chooser, chooser.open({**ASKED, "data": data}), "record"))
    assert read(chooser, token)[DL + "data"] == data


def test_each_answer_has_a_nonce_of_its_own(chooser: Chooser) -> None:
    address = chooser.open()
    nonces = {read(chooser, form_of(pick(chooser, address, "record"))[1])["nonce"] for _ in range(3)}
    assert len(nonces) == 3


def test_a_whole_unit_is_its_modules(chooser: Chooser) -> None:
    _, token = form_of(pick(chooser, chooser.open(), "CECO/unit/BIB-U1"))
    items = read(chooser, token)[DL + "content_items"]
    assert [item["custom"]["content"] for item in items] == [f"module/M{n:02}" for n in range(1, 10)]
    assert all(item["lineItem"]["scoreMaximum"] == 100 for item in items)


def test_38_modules_at_once(chooser: Chooser) -> None:
    _, token = form_of(pick(chooser, chooser.open(), "CECO/programme", "DIGY/unit/DIGY-U5", "DIGY/unit/DIGY-U6"))
    assert len(read(chooser, token)[DL + "content_items"]) == 38


@pytest.mark.parametrize(("locale", "title"), [("el_GR", "Περιήγηση"), ("bg", "Сърфиране"), ("lv", "Informācijas")])
def test_titles_are_in_the_language_of_the_page(chooser: Chooser, locale: str, title: str) -> None:
    _, token = form_of(pick(chooser, chooser.open(locale=locale), "CECO/module/M01"))
    assert title in read(chooser, token)[DL + "content_items"][0]["title"]


def test_nothing_ticked_is_told_on_our_own_page(chooser: Chooser) -> None:
    page = pick(chooser, chooser.open(), status=400)
    assert "Nothing is ticked yet" in page
    assert 'role="alert"' in page


def test_what_is_no_longer_there_is_told_and_the_rest_stays_ticked(chooser: Chooser) -> None:
    page = pick(chooser, chooser.open(), "CECO/module/M01", "CECO/module/M99", status=400)
    assert "no longer offered" in page
    assert re.search(r'value="CECO/module/M01" checked', page)


def test_an_lms_that_takes_one_activity_is_sent_one(chooser: Chooser) -> None:
    address = chooser.open({**ASKED, "accept_multiple": False})
    assert "one activity at a time" in pick(chooser, address, "CECO/module/M01", "CECO/module/M02", status=400)
    page = chooser.client().get(address).text
    assert 'type="checkbox"' not in page
    _, token = form_of(pick(chooser, address, "CECO/module/M02"))
    assert len(read(chooser, token)[DL + "content_items"]) == 1


def test_adding_nothing_sends_an_empty_list_where_that_harms_nothing(chooser: Chooser) -> None:
    _, token = form_of(pick(chooser, chooser.open(), "CECO/module/M01", cancel="yes"))
    assert read(chooser, token)[DL + "content_items"] == []
    address = chooser.open(product="open-edx")
    assert 'name="cancel"' not in chooser.client().get(address).text
    pick(chooser, address, cancel="yes", status=400)


def test_without_script_turning_to_another_unit_keeps_what_is_ticked(chooser: Chooser) -> None:
    address = chooser.open()
    query = {"show": ["CECO/unit/BIB-U1", "CECO/unit/BIB-U2"], "pick": ["CECO/module/M03", "CECO/unit/CECO-U5"]}
    page = chooser.client().get(address, query_string=query).text
    ticked = re.findall(r'name="pick" value="([^"]*)" checked', page)
    assert ticked == ["CECO/module/M03", "CECO/module/M31", "CECO/module/M32"]
    assert re.search(r'value="CECO/unit/BIB-U2"[^>]*aria-current="true"', page)


@pytest.mark.parametrize("words", ["licences copyright", "M12", "ИЗТОЧНИЦИ", "AUTORTIESĪBAS", "autortiesibas"])
def test_search_finds_by_words_of_the_page_whatever_their_case_and_accents(chooser: Chooser, words: str) -> None:
    locale = "lv" if words.lower().startswith("autor") else "en"
    page = chooser.client().get(chooser.open(locale=locale), query_string={"q": words}).text
    shown = re.findall(r'<div class="choose-row"[^>]*?>\s*<label class="choice"><input[^>]*value="([^"]*)"', page)
    hidden = re.findall(
        r'<div class="choose-row"[^>]*? hidden>\s*<label class="choice"><input[^>]*value="([^"]*)"', page
    )
    found = set(shown) - set(hidden)
    if words == "ИЗТОЧНИЦИ":
        assert found == set()
        assert "No module has these words" in page
    else:
        assert "CECO/module/M12" in found
        assert len(found) < 10


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"message": "resource"}, "CHOOSE-NOT-ASKED"),
        ({"message": "sign_in"}, "CHOOSE-NOT-ASKED"),
        ({"role": "learner"}, "CHOOSE-ROLE"),
        ({"role": "none"}, "CHOOSE-ROLE"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_only_a_teacher_whom_the_lms_sent_to_choose_may(
    chooser: Chooser, changes: dict[str, Any], code: str, method: str
) -> None:
    answer = chooser.client().open(chooser.open(**changes), method=method, data={"pick": "record"})
    assert answer.status_code == 403
    assert code in answer.text
    assert "JWT" not in answer.text


def test_a_session_that_we_did_not_sign_opens_nothing(chooser: Chooser) -> None:
    address = chooser.open()
    key = address.split("/")[2]
    for forged in (key[:-2] + ("aa" if not key.endswith("aa") else "bb"), "x.y", "nothing"):
        assert chooser.client().post(f"/s/{forged}/choose", data={"pick": "record"}).status_code == 401
    assert chooser.client().get("/choose").status_code == 401


def test_a_session_that_is_over_opens_nothing(chooser: Chooser) -> None:
    address = chooser.open()
    chooser.clock.forward(hours=9)
    assert chooser.client().get(address).status_code == 401


def test_a_launch_of_another_session_is_not_answered(chooser: Chooser) -> None:
    assert chooser.client().get(chooser.open(sid="unknown")).status_code == 401


def test_a_platform_that_was_switched_off_meanwhile_gets_nothing(chooser: Chooser) -> None:
    address = chooser.open()
    with writing(chooser.engine) as conn:
        platforms.set_status(conn, chooser.platform, "disabled", chooser.clock())
    assert "LTI-PLATFORM-DISABLED" in pick(chooser, address, "record", status=403)


def test_a_form_of_another_site_is_refused(chooser: Chooser) -> None:
    answer = chooser.client().post(chooser.open(), data={"pick": "record"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


@pytest.mark.parametrize("url", ["http://lms.example.org/back", "javascript:alert(1)"])
def test_an_answer_is_never_sent_unprotected(chooser: Chooser, url: str) -> None:
    answer = chooser.client().get(chooser.open({**ASKED, "deep_link_return_url": url}))
    assert answer.status_code == 400
    assert "CHOOSE-RETURN" in answer.text


def test_a_return_address_with_quotes_stays_in_its_attribute(chooser: Chooser) -> None:
    url = "https://lms.example.org/back?a=\"><script>alert('1')</script>&b=%22'"
    page = pick(chooser, chooser.open({**ASKED, "deep_link_return_url": url.replace(" ", "")}), "record")
    assert "<script>alert" not in page
    assert form_of(page)[0] == url


def test_pages_have_neither_inline_script_nor_style(chooser: Chooser) -> None:
    address = chooser.open()
    for page in (chooser.client().get(address).text, pick(chooser, address, "record")):
        assert not re.search(r"<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=|<style", page)
        assert "javascript:" not in page


def test_what_was_chosen_and_what_is_in_the_course_is_marked(chooser_on: Chooser) -> None:
    chooser = chooser_on
    pick(chooser, chooser.open(course=5), "CECO/module/M02", "record")
    pick(chooser, chooser.open(course=5), "CECO/module/M02")  # once more is no fault
    with writing(chooser.engine) as conn:
        for link, module, url in (("1", "M01", "https://lms.example.org/item"), ("2", "M03", None)):
            gradebook.place(
                conn,
                platform_id=chooser.platform,
                course_id=5,
                link_id=link,
                activity=f"tag:biblio-project.eu,2022:module/{module}",
                label="",
                url=url,
                items_url=None,
                scopes=[],
                now=chooser.clock(),
            )
    page = chooser.client().get(chooser.open(course=5)).text

    def row(value: str) -> str:
        return page[page.index(f'value="{value}"') :].partition("</label>")[0]

    assert "in this course" in row("CECO/module/M01")
    assert "chosen on 13 October 2022" in row("CECO/module/M02")
    assert "chosen on" in row("record")
    assert "in this course" not in row("CECO/module/M03")  # its column is gone
    assert "chosen on" not in chooser.client().get(chooser.open(course=6)).text
    with reading(chooser.engine) as conn:
        assert known(conn, None).chosen == {}


def test_a_launch_without_course_marks_nothing_and_remembers_nothing(chooser: Chooser) -> None:
    pick(chooser, chooser.open(course=None), "record")
    assert "chosen on" not in chooser.client().get(chooser.open(course=None)).text


def test_the_session_stays_in_every_address_of_the_page(chooser: Chooser) -> None:
    address = chooser.open()
    page = chooser.client().get(address).text
    for target in re.findall(r'(?:action|formaction)="([^"]*)"', page):
        assert urlsplit(target).path == address
