"""Against Open edX's own LTI consumer: launch, deep linking, line items, scores, lists of members, what is refused."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from lti_tool.practice.steps import split
from tests.openedx.scene import Scene

REFUSED = (400, 401, 403)


def items_of(campus: Scene, block: str) -> list[dict[str, Any]]:
    return [one for one in campus.seen()["line_items"] if one["block"] == block]


# Launch


def test_a_learner_opens_the_module_that_the_block_names(campus: Scene) -> None:
    location = campus.block("named", custom=["content=module/M01", "programme=CECO"])
    launch, page = campus.launch("anna", campus.begin("anna", "named"))
    assert page.status == 200, page.text[:2000]
    assert launch.claims["https://purl.imsglobal.org/spec/lti/claim/resource_link"]["id"] == location
    assert "/module/M01" in page.url
    assert campus.person("anna").token()


def test_a_teacher_chooses_content_for_a_block_without_any_and_learners_see_it(campus: Scene) -> None:
    campus.block("empty")
    campus.open("teacher", "empty")
    teacher = campus.person("teacher")
    answer = teacher.send(teacher.form("/link"), pick="CECO/module/M02")
    assert answer.status == 200
    page = campus.open("nikos", "empty")
    assert page.status == 200
    assert "/module/M02" in page.url


def test_a_launch_goes_through_when_the_campus_shares_no_names(campus: Scene) -> None:
    campus.block("nameless", custom=["content=module/M01"], ask_to_send_full_name=False, ask_to_send_email=False)
    launch, page = campus.launch("elena", campus.begin("elena", "nameless"))
    assert {"name", "email"} & set(launch.claims) == set()
    assert page.status == 200


# Deep linking


def test_a_chosen_module_is_what_the_block_opens_from_then_on(campus: Scene) -> None:
    location = campus.block("one")
    answer = campus.choose("one", "CECO/module/M03")
    assert answer.status == 200, answer.text
    assert "successfully saved" in answer.text
    (item,) = [one for one in campus.seen()["content_items"] if one["block"] == location]
    assert item["custom"]["content"] == "module/M03"
    assert item["lineItem"]["scoreMaximum"] == 100
    page = campus.open("anna", "one")
    assert page.status == 200
    assert "/module/M03" in page.url


def test_several_chosen_modules_are_several_links_and_each_keeps_its_own_score(campus: Scene) -> None:
    location = campus.block("several")
    assert campus.choose("several", "CECO/module/M04", "CECO/module/M05").status == 200
    items = [one for one in campus.seen()["content_items"] if one["block"] == location]
    assert [one["custom"]["content"] for one in items] == ["module/M04", "module/M05"]
    assert all(one["type"] == "ltiResourceLink" and one["lineItem"]["resourceId"] for one in items)
    listed = campus.person("nikos").browser.open("/block/several")
    listed = campus.person("nikos").browser.practice(split(str(listed.location)))
    assert listed.status == 200, listed.text
    links = [link for link in listed.links() if link.startswith(campus.tool)]
    assert len(links) == 2
    for link, code, right in zip(links, ("M04", "M05"), (True, False), strict=True):
        _launch, page = campus.launch("nikos", split(link))
        assert f"/module/{code}" in page.url
        campus.finish("nikos", code, right=right)

    def arrived() -> dict[str, float]:
        columns = {one["id"]: one["resource_id"] for one in items_of(campus, location)}
        scores = campus.seen()["scores"]
        return {columns[one["line_item"]]: one["given"] for one in scores if one["line_item"] in columns}

    campus.until(lambda: len(arrived()) == 2, "a score for each module")
    assert arrived()["module/M04"] == 100
    assert arrived()["module/M05"] < 100


def test_a_new_choice_takes_the_place_of_the_old_one(campus: Scene) -> None:
    location = campus.block("changed")
    campus.choose("changed", "CECO/module/M06")
    campus.choose("changed", "CECO/module/M07")
    (item,) = [one for one in campus.seen()["content_items"] if one["block"] == location]
    assert item["custom"]["content"] == "module/M07"
    assert "/module/M07" in campus.open("anna", "changed").url


def test_a_learner_can_not_choose(campus: Scene) -> None:
    location = campus.block("closed")
    step = split(str(campus.studio("closed")["deep_linking_launch_url"]))
    learner = campus.person("elena")
    asked = learner.browser.login(step)
    refused = learner.browser.practice(asked)
    # Open edX ties the launch to whoever began it: another's cached launch is the teacher's own, and opens for them
    # alone. Whatever comes back, nothing of the block changes.
    if refused.status == 200 and refused.forms():
        assert learner.follow(learner.browser.post(refused.forms()[0])).status in (200, 403)
    assert [one for one in campus.seen()["content_items"] if one["block"] == location] == []


# Line items and scores


def test_the_line_item_that_the_campus_made_takes_the_grade(campus: Scene) -> None:
    location = campus.block("declared", ags="declarative", custom=["content=module/M01"], weight=20.0)
    assert campus.open("anna", "declared").status == 200
    campus.finish("anna", "M01")
    score = campus.until(lambda: campus.score("anna", location), "the score")
    assert (score["given"], score["maximum"]) == (100, 100)
    assert (score["activity"], score["grading"]) == ("Completed", "FullyGraded")
    assert campus.grade("anna", location) == 1.0
    assert len(items_of(campus, location)) == 1


def test_a_line_item_is_made_once_for_all_learners_where_the_campus_has_none(campus: Scene) -> None:
    location = campus.block("made", custom=["content=module/M02"])
    for login, right in (("anna", True), ("nikos", False)):
        assert campus.open(login, "made").status == 200
        campus.finish(login, "M02", right=right)
    for login in ("anna", "nikos"):
        campus.until(lambda: campus.score(login, location), f"the score of {login}")  # noqa: B023  # called at once
    (item,) = items_of(campus, location)
    assert (item["resource_link_id"], item["resource_id"], item["tag"]) == (location, "module/M02", "ecvet")
    assert item["score_maximum"] == 100
    assert campus.grade("anna", location) == 1.0
    failed = campus.score("nikos", location)
    assert failed and failed["given"] < 100
    assert campus.grade("nikos", location) == failed["given"] / 100
    # The next launch names the column: it is the same one.
    campus.open("elena", "made")
    campus.finish("elena", "M02")
    campus.until(lambda: campus.score("elena", location), "the score of elena")
    assert len(items_of(campus, location)) == 1


def test_a_better_attempt_replaces_the_score_at_a_later_time(campus: Scene) -> None:
    location = campus.block("again", custom=["content=module/M08"])
    campus.open("anna", "again")
    campus.finish("anna", "M08", right=False)
    first = campus.until(lambda: campus.score("anna", location), "the first score")
    campus.open("anna", "again")
    campus.finish("anna", "M08")
    campus.until(lambda: (campus.score("anna", location) or {}).get("given") == 100, "the better score")
    second = campus.score("anna", location)
    assert second and datetime.fromisoformat(second["timestamp"]) > datetime.fromisoformat(first["timestamp"])
    assert campus.grade("anna", location) == 1.0


def test_a_score_that_is_sent_again_changes_nothing_and_is_no_trouble(campus: Scene) -> None:
    location = campus.block("repeat", custom=["content=module/M09"])
    campus.open("anna", "repeat")
    campus.finish("anna", "M09")
    before = campus.until(lambda: campus.score("anna", location), "the score")
    row = campus.row("module/M09", "anna")
    campus.command("gradebook", "resend", str(row["id"]))
    campus.until(lambda: campus.row("module/M09", "anna")["state"] == "sent", "the repeat is dealt with")
    after = campus.score("anna", location)
    assert after and after["given"] == before["given"]
    assert campus.grade("anna", location) == 1.0


def test_a_column_that_is_gone_is_made_again_and_the_grade_arrives(campus: Scene) -> None:
    location = campus.block("lost", custom=["content=module/M04"])
    campus.open("elena", "lost")
    campus.finish("elena", "M04", right=False)
    campus.until(lambda: campus.score("elena", location), "the first score")
    (old,) = items_of(campus, location)
    campus.change_people(lose=old["id"])
    assert items_of(campus, location) == []
    campus.open("elena", "lost")
    campus.finish("elena", "M04")
    campus.until(lambda: (campus.score("elena", location) or {}).get("given") == 100, "the score in the new column")
    (new,) = items_of(campus, location)
    assert new["id"] != old["id"]


def test_grades_go_on_after_the_keys_of_the_tool_were_rotated(campus: Scene) -> None:
    campus.command("keys", "rotate")
    location = campus.block("rotated", custom=["content=module/M05"])
    campus.open("elena", "rotated")
    campus.finish("elena", "M05")
    score = campus.until(lambda: campus.score("elena", location), "the score")
    assert score["given"] == 100


def test_a_module_that_is_not_graded_in_the_campus_sends_nothing(campus: Scene) -> None:
    location = campus.block("ungraded", ags="disabled", custom=["content=module/M06"])
    assert campus.open("anna", "ungraded").status == 200
    campus.finish("anna", "M06")
    assert items_of(campus, location) == []
    assert campus.score("anna", location) is None


# List of members


def test_the_list_of_members_is_read_page_by_page_and_who_left_is_marked(campus: Scene) -> None:
    campus.change_people(more=520)
    campus.block("roster", custom=["content=course"])
    campus.open("teacher", "roster")
    campus.sync("teacher")
    page = campus.course("teacher")
    assert "523 learners" in page.text  # anna, elena, nikos and 520 more; the teacher is none, the stranger not here
    assert "Learner 519" in page.text
    assert "Елена Иванова" in page.text
    assert "Nobody Here" not in page.text
    campus.change_people(gone="learner519")
    campus.sync("teacher")
    page = campus.course("teacher")
    assert "522 learners" in page.text
    assert "Learner 519" not in page.text


def test_a_list_without_names_is_taken_too(campus: Scene) -> None:
    campus.change_people(share=False, more=1, called="silent")
    try:
        campus.open("teacher", "roster")
        campus.sync("teacher")
        assert "523 learners" in campus.course("teacher").text
        assert "Silent 0" not in campus.course("teacher").text
    finally:
        campus.change_people(share=True)


# The check of the platform


def test_the_check_finds_everything_in_order(campus: Scene) -> None:
    campus.block("checked", custom=["content=module/M01"])
    campus.open("teacher", "checked")
    lines = json.loads(campus.command("platform", "check", campus.platform, "--json"))
    assert {(one["topic"], one["light"]) for one in lines if one["light"] != "waiting"} == {
        (topic, "good")
        for topic in ("keys", "clock", "score", "result", "columns", "columns_read", "roster_token", "roster")
    }


# What is refused


def test_a_launch_is_taken_once(campus: Scene) -> None:
    campus.block("once", custom=["content=module/M01"])
    launch, page = campus.launch("anna", campus.begin("anna", "once"))
    assert page.status == 200
    again = campus.person("anna").browser.post(launch.form_post)
    assert again.status in REFUSED
    assert "/s/" not in str(again.location)


def test_a_token_that_was_altered_or_signed_by_another_is_refused(campus: Scene) -> None:
    campus.block("altered", custom=["content=module/M01"])
    person = campus.person("anna")
    form_post = person.browser.authorise(person.browser.login(campus.begin("anna", "altered")))
    head, body, signature = form_post.fields["id_token"].split(".")
    wrong = signature[:-6] + ("AAAAAA" if not signature.endswith("AAAAAA") else "BBBBBB")
    assert person.browser.post(form_post.having(id_token=f"{head}.{body}.{wrong}")).status in REFUSED
    assert person.browser.post(form_post.having(id_token=f"{head}.{body}.")).status in REFUSED
    # Nobody can use up another's login with a token that no platform signed.
    assert person.follow(person.browser.post(form_post)).status == 200


def test_a_launch_begun_in_another_browser_is_refused(campus: Scene) -> None:
    campus.block("borrowed", custom=["content=module/M01"])
    anna = campus.person("anna")
    form_post = anna.browser.authorise(anna.browser.login(campus.begin("anna", "borrowed")))
    assert campus.person("nikos").browser.post(form_post).status in REFUSED


def test_a_block_with_a_client_id_of_its_own_is_unknown_until_it_is_registered(campus: Scene) -> None:
    campus.block("foreign", custom=["content=module/M01"], lti_1p3_passport_id="")
    answer = campus.person("anna").browser.tool(campus.begin("anna", "foreign"))
    assert answer.status in REFUSED


def test_a_platform_that_was_switched_off_opens_nothing(campus: Scene) -> None:
    campus.block("off", custom=["content=module/M01"])
    campus.command("platform", "disable", campus.platform)
    try:
        answer = campus.person("anna").browser.tool(campus.begin("anna", "off"))
        assert answer.status in REFUSED
    finally:
        campus.command("platform", "approve", campus.platform)
    assert campus.open("anna", "off").status == 200


def test_the_campus_refuses_an_answer_to_deep_linking_that_was_altered(campus: Scene) -> None:
    location = campus.block("forged")
    teacher = campus.person("teacher")
    campus.launch("teacher", split(str(campus.studio("forged")["deep_linking_launch_url"])))
    sent = teacher.follow(teacher.browser.tool(teacher.form("/choose").ticking("pick", "CECO/module/M01")))
    (form,) = [form for form in sent.forms() if form.method == "POST" and form.url.startswith(campus.url)]
    head, body, signature = form.fields["JWT"].split(".")
    assert teacher.browser.return_choice(form.having(JWT=f"{head}.{body}.{signature[:-6]}AAAAAA")).status == 403
    # And what a learner sends on, though it is signed.
    assert campus.person("anna").browser.return_choice(form).status == 403
    assert [one for one in campus.seen()["content_items"] if one["block"] == location] == []
    assert teacher.browser.return_choice(form).status == 200
