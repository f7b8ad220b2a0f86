"""LTI 1.1 → 1.3: whoever proves it is the person they were; whoever doesn't is let in as the one they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool import calls, migration
from lti_tool.db import reading, writing
from lti_tool.gradebook import store as grades
from lti_tool.launch import claims as c
from lti_tool.launch import legacy, legacy_claim
from lti_tool.launch.claims import Launch
from lti_tool.launch.legacy_claim import Before
from lti_tool.people import store as people
from tests.builders import LMS, NOW, verified_launch
from xapi import personas
from xapi.statement import actor_key

KEY, SECRET, HOME = "179248902", "my-lti11-secret", "https://old.example.org"
SECRET_KEY = "a secret of the installation, long enough"


def claim(user: str | None = "34212", *, secret: str = SECRET, key: str = KEY, **more: Any) -> dict[str, Any]:
    """The claim as a platform signs it for the launches of `launched`."""
    lms = LMS()
    told = lms.claims("nonce-1")
    sign = legacy_claim.signature(key, secret, told, lms.deployment, lms.client_id)
    made = {"oauth_consumer_key": key, "oauth_consumer_key_sign": sign, **({"user_id": user} if user else {}), **more}
    return {name: value for name, value in made.items() if value is not None}


def launched(told: dict[str, Any], **changes: Any) -> Launch:
    return verified_launch(**{c.MIGRATION: told, **changes})


def legacy_user(name: str) -> dict[str, Any]:
    return {"objectType": "Agent", "account": {"homePage": HOME, "name": name}}


Come = Callable[[Launch], Before | None]


@pytest.fixture
def come(engine: sa.Engine) -> Come:
    """The launch arrives; what it was before."""
    with writing(engine) as conn:
        legacy.keep(conn, KEY, SECRET, HOME, SECRET_KEY, NOW)

    def arrive(launch: Launch) -> Before | None:
        with writing(engine) as conn:
            person = people.arrive(conn, launch.actor, NOW)
            return migration.before(conn, launch, person, SECRET_KEY, NOW)

    return arrive


def same(engine: sa.Engine, one: dict[str, Any], other: dict[str, Any]) -> bool:
    with reading(engine) as conn:
        found = personas.find_persona(conn, one)
        return found is not None and found == personas.find_persona(conn, other)


def noted(engine: sa.Engine) -> list[str]:
    with reading(engine) as conn:
        return [row.code for row in conn.execute(sa.select(calls.service_calls).order_by(calls.service_calls.c.id))]


def test_the_signature_is_that_of_the_specification() -> None:
    """The example of https://www.imsglobal.org/spec/lti/v1p3/migr#lti-1-1-migration-claim."""
    told = {"iss": "https://lmsvendor.com", "exp": 1551290856, "nonce": "172we8671fd8z"}
    sign = legacy_claim.signature("179248902", "my-lti11-secret", told, "689302", "PM48OJSfGDTAzAo")
    assert sign == "lWd54kFo5qU7xshAna6v8BwoBm6tmUjc6GTax6+12ps="
    assert (
        legacy_claim.signature(
            "179248902", "my-lti11-secret", told | {"exp": 1551290856.0}, "689302", "PM48OJSfGDTAzAo"
        )
        == sign
    )


def test_who_proves_it_is_one_person_with_the_old_account(engine: sa.Engine, come: Come) -> None:
    launch = launched(claim(context_id="c-old", resource_link_id="l-old"))
    assert come(launch) == Before("34212", "c-old", "l-old")
    assert same(engine, dict(launch.actor), legacy_user("34212"))
    with reading(engine) as conn:
        assert actor_key(legacy_user("34212")) in people.keys_here(conn, launch.actor)
        (key,) = legacy.listed(conn)
        person = personas.find_persona(conn, launch.actor)
        assert person is not None
        (join,) = personas.joins_of(conn, person)
    assert (key.used_at, join.by) == (NOW, "LTI 1.1 migration, platform 1")
    assert come(launch) is not None
    assert noted(engine) == []


def test_what_the_claim_leaves_out_is_called_as_it_is_now(engine: sa.Engine, come: Come) -> None:
    launch = launched(claim(None))
    assert come(launch) == Before("user-7", "course-1", "link-1")
    assert same(engine, dict(launch.actor), legacy_user("user-7"))


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (claim(secret="another"), "LTI-MIGRATION-SIGNATURE"),
        (claim(oauth_consumer_key_sign=None), "LTI-MIGRATION-SIGNATURE"),
        (claim(oauth_consumer_key_sign=""), "LTI-MIGRATION-SIGNATURE"),
        (claim(oauth_consumer_key_sign=7), "LTI-MIGRATION-SIGNATURE"),
        (claim(oauth_consumer_key_sign="ā"), "LTI-MIGRATION-SIGNATURE"),
        (claim(oauth_consumer_key_sign="\ud800"), "LTI-MIGRATION-SIGNATURE"),
        (claim(oauth_consumer_key_sign=claim()["oauth_consumer_key_sign"].lower()), "LTI-MIGRATION-SIGNATURE"),
        (claim(key="unknown"), "LTI-MIGRATION-KEY"),
    ],
)
def test_who_does_not_prove_it_is_joined_with_nobody(
    engine: sa.Engine, come: Come, told: dict[str, Any], code: str
) -> None:
    launch = launched(told)
    assert come(launch) is None
    assert not same(engine, dict(launch.actor), legacy_user("34212"))
    assert noted(engine) == [code]


@pytest.mark.parametrize("told", [{}, {"user_id": "34212"}, {"oauth_consumer_key": 7}, {"oauth_consumer_key": ""}])
def test_a_claim_without_a_key_says_nothing(engine: sa.Engine, come: Come, told: dict[str, Any]) -> None:
    assert come(launched(told)) is None
    assert noted(engine) == []


def test_a_signature_made_for_another_launch_is_none(engine: sa.Engine, come: Come) -> None:
    """Deployment, issuer, client, end and nonce are signed with it."""
    lms = LMS()
    told = lms.claims("nonce-1")
    for changed in ({"iss": "https://evil.example"}, {"exp": told["exp"] + 1}, {"nonce": "nonce-2"}):
        sign = legacy_claim.signature(KEY, SECRET, {**told, **changed}, lms.deployment, lms.client_id)
        assert come(launched(claim(oauth_consumer_key_sign=sign))) is None
    for deployment, client in (("dep-2", lms.client_id), (lms.deployment, "client-2")):
        sign = legacy_claim.signature(KEY, SECRET, told, deployment, client)
        assert come(launched(claim(oauth_consumer_key_sign=sign))) is None


def test_two_users_who_claim_the_same_old_account_stay_two(engine: sa.Engine, come: Come) -> None:
    first, second = launched(claim()), launched(claim(), sub="user-8")
    come(first)
    assert come(second) is not None, "the launch itself is what it says"
    assert not same(engine, dict(first.actor), dict(second.actor))
    assert noted(engine) == ["LTI-MIGRATION-PERSON"]
    assert come(launched(claim("99999"))) is not None
    assert not same(engine, legacy_user("99999"), legacy_user("34212")), "nor is one user two old ones"


def test_what_somebody_took_back_is_not_done_again(engine: sa.Engine, come: Come) -> None:
    launch = launched(claim())
    come(launch)

    def take_back(conn: Connection) -> None:
        person = personas.find_persona(conn, launch.actor)
        assert person is not None
        (join,) = personas.joins_of(conn, person)
        personas.undo(conn, join.id, NOW, "coordinator")

    with writing(engine) as conn:
        take_back(conn)
    come(launch)
    assert not same(engine, dict(launch.actor), legacy_user("34212"))
    assert noted(engine) == ["LTI-MIGRATION-PERSON"]


def test_grades_that_the_old_account_may_have_earned_are_looked_at(engine: sa.Engine, come: Come) -> None:
    launch = launched(claim())
    with writing(engine) as conn:
        people.arrive(conn, launch.actor, NOW)
        course = people.course(conn, 1, "course-1", NOW).id
        item = grades.place(
            conn,
            platform_id=1,
            course_id=course,
            link_id="link-1",
            activity="x:m",
            label="",
            url="u",
            items_url=None,
            scopes=["s"],
            now=NOW,
        )
        grades.mark_new(conn, item, "user-7", actor_key(launch.actor), NOW)
        (row,) = grades.claim(conn, "w", NOW, 5)
        grades.settle(conn, [grades.done(row, "none")], "w", NOW)
        assert grades.claim(conn, "w", NOW, 5) == []
    come(launch)
    with writing(engine) as conn:
        assert [row.user_id for row in grades.claim(conn, "w", NOW, 5)] == ["user-7"]


def test_a_secret_is_sealed_and_only_the_right_key_opens_it(engine: sa.Engine, come: Come) -> None:
    with writing(engine) as conn:
        assert SECRET not in str(conn.execute(sa.select(legacy.legacy_keys)).all())
        assert legacy.secret_of(conn, KEY, SECRET_KEY) == (SECRET, HOME)
        assert legacy.secret_of(conn, KEY, "another secret of an installation") is None
        legacy.keep(conn, KEY, "new", "https://new.example", SECRET_KEY, NOW)
        assert legacy.secret_of(conn, KEY, SECRET_KEY) == ("new", "https://new.example")
        assert legacy.remove(conn, KEY) and not legacy.remove(conn, KEY)
        assert legacy.secret_of(conn, KEY, SECRET_KEY) is None
