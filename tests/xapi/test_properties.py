"""Rules that hold for whatever comes."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.xapi.builders import full_statement, learner
from xapi import InvalidStatement, actor_key, same, validate
from xapi.scalars import read_duration, read_time
from xapi.statement import V1, V2, complete

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)

# No deadline: the machine may be busy with something else.
UNHURRIED = settings(deadline=None)


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to all values below this one."""
    found = [way] if way else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += places(inner, (*way, key))
    return found


PLACES = places(full_statement())


@st.composite
def twisted(draw: st.DrawFn) -> Any:
    """The full statement with something else, or a piece of itself, in one or two places."""
    made = copy.deepcopy(full_statement())
    for way in draw(st.lists(st.sampled_from(PLACES), min_size=1, max_size=2)):
        at: Any = made
        try:
            for step in way[:-1]:
                at = at[step]
            at[way[-1]] = draw(JSON | st.sampled_from(["Agent", "Group", "Activity", "StatementRef", "SubStatement"]))
        except (KeyError, IndexError, TypeError):
            continue
    return made


@UNHURRIED
@given(JSON | twisted(), st.sampled_from([V1, V2]))
def test_validate_raises_nothing_but_invalid_statement(value: Any, version: str) -> None:
    try:
        validate(value, version)
    except InvalidStatement as error:
        assert error.status == 400
        assert error.path.startswith("$")
        assert error.rule


@UNHURRIED
@given(twisted())
def test_whatever_is_valid_can_be_completed_and_is_the_same_as_itself(value: Any) -> None:
    try:
        validate(value)
    except InvalidStatement:
        return
    whole = complete(value, learner("tool"), "2022-10-08T00:00:00Z", lambda: "x")
    validate({**whole, "id": full_statement()["id"]})
    assert same(value, whole)
    assert same(whole, value)


CHANGES = [
    lambda s: s.update(stored="2022-10-08T00:00:00Z"),
    lambda s: s.update(authority=learner("other")),
    lambda s: s.pop("timestamp", None),
    lambda s: s.pop("attachments", None),
    lambda s: s["object"].pop("definition", None),
    lambda s: s["verb"].pop("display", None),
    lambda s: s["context"]["team"]["member"].reverse(),
    lambda s: s["context"].update(registration=s["context"]["registration"].upper()),
    lambda s: s["result"].update(duration="PT90.5S"),
    lambda s: s["actor"].pop("objectType", None),
]


@UNHURRIED
@given(st.lists(st.sampled_from(CHANGES)), st.lists(st.sampled_from(CHANGES)))
def test_same_is_symmetric_under_what_may_differ(left: list[Any], right: list[Any]) -> None:
    one, other = copy.deepcopy(full_statement()), copy.deepcopy(full_statement())
    for change in left:
        change(one)
    for change in right:
        change(other)
    assert same(one, other)
    assert same(other, one)
    other["verb"]["id"] = "http://adlnet.gov/expapi/verbs/passed"
    assert not same(one, other)
    assert not same(other, one)


HOMES = st.sampled_from(["x:a", "x:a%7C", "x:a/"])
# Pieces that escaping could confuse, so that generated names collide.
NAMES = st.lists(st.sampled_from(["a", "|", "%", "\x00", "%00", "%25", "%7C"]), max_size=2).map("".join)
ACCOUNTS = st.tuples(HOMES, NAMES)


@UNHURRIED
@given(ACCOUNTS, ACCOUNTS)
def test_keys_differ_where_accounts_do(one: tuple[str, str], other: tuple[str, str]) -> None:
    keys = [actor_key({"account": {"homePage": home, "name": name}}) for home, name in (one, other)]
    assert (keys[0] == keys[1]) == (one == other)
    assert all("\x00" not in key for key in keys)


@UNHURRIED
@given(st.text("0123456789-+:.TZPYMDHSW,", max_size=30))
def test_times_and_durations_are_read_or_refused(text: str) -> None:
    moment = read_time(text)
    assert moment is None or moment.tzinfo is not None
    try:
        read_duration(text)
    except ValueError:
        assert not text.startswith("PT1S")
