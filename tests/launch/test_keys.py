"""Keys of both sides: ours rotate without a failed signature, theirs are fetched when needed and no oftener."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from sqlalchemy import Engine

from lti_tool.db import reading
from lti_tool.launch import keys, keysets
from lti_tool.launch.claims import Refusal
from lti_tool.launch.keys import NoKey, ToolKeys
from lti_tool.launch.keysets import KeySets
from tests.builders import LMS, NOW, base64url, registration, rsa_key
from tests.conftest import Clock
from tests.launch.conftest import Tool
from tests.launch.test_bad_launches import refused_with
from xapi.writer import Writer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    keys.make_first(tmp_path / "keys")
    return tmp_path / "keys"


def _verified(token: str, key_set: dict[str, Any]) -> dict[str, Any]:
    """The claims, checked as an LMS checks them: by the kid in the published set."""
    kid = jwt.get_unverified_header(token)["kid"]
    key = next(jwt.PyJWK(k) for k in key_set["keys"] if k["kid"] == kid)
    claims: dict[str, Any] = jwt.decode(
        token, key, algorithms=["RS256"], options={"verify_exp": False, "verify_iat": False, "verify_aud": False}
    )
    return claims


def test_signed_claims_have_what_platforms_ask_for(folder: Path, clock: Clock) -> None:
    ours = ToolKeys(folder, clock)
    claims = _verified(ours.sign({"iss": "client-1", "aud": "http://localhost:8100/token"}), ours.public())
    second = int(clock().timestamp())
    assert claims["iat"] == second - 5, "Moodle refuses an iat ahead of its clock"
    assert claims["exp"] == second + 300
    assert claims["iss"] == "client-1"


def test_every_signature_has_its_own_jti(folder: Path, clock: Clock) -> None:
    ours = ToolKeys(folder, clock)
    jtis = {_verified(ours.sign({}), ours.public())["jti"] for _ in range(20)}
    assert len(jtis) == 20


def test_private_keys_are_readable_by_their_owner_alone(folder: Path) -> None:
    files = list(folder.iterdir())
    assert len(files) == 2
    for path in files:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.read_text().startswith("-----BEGIN PRIVATE KEY-----")


def test_new_does_nothing_where_a_usable_key_exists(folder: Path) -> None:
    before = sorted(folder.iterdir())
    assert keys.make_first(folder) is False
    assert sorted(folder.iterdir()) == before


def test_kid_is_the_thumbprint() -> None:
    """The example of RFC 7638, section 3.1."""
    example = {
        "kty": "RSA",
        "kid": "2011-04-29",
        "e": "AQAB",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc"
        "_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQ"
        "R0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bF"
        "TWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    }
    public = keysets.parse({"keys": [example]})["2011-04-29"]
    assert keys.thumbprint(public) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_next_key_is_published_before_it_signs(folder: Path, clock: Clock) -> None:
    ours = ToolKeys(folder, clock)
    seen_before = ours.public()
    keys.rotate(folder, clock())
    token = ours.sign({"n": 1})
    assert _verified(token, seen_before) == _verified(token, ours.public())


def test_rotation_fails_no_signature_on_its_way(folder: Path, clock: Clock) -> None:
    ours = ToolKeys(folder, clock)
    under_way = ours.sign({"n": 1})
    keys.rotate(folder, clock())
    assert _verified(under_way, ours.public())["n"] == 1
    assert ours.sign({}) and jwt.get_unverified_header(ours.sign({})) != jwt.get_unverified_header(under_way)


def test_other_processes_see_a_rotation(folder: Path, clock: Clock) -> None:
    one, other = ToolKeys(folder, clock), ToolKeys(folder, clock)
    one.sign({})
    other.sign({})
    keys.rotate(folder, clock())
    assert _verified(one.sign({}), other.public()) is not None
    assert jwt.get_unverified_header(one.sign({})) == jwt.get_unverified_header(other.sign({}))


def test_retired_keys_are_published_for_a_week_and_then_deleted(folder: Path, clock: Clock) -> None:
    first = keys.list_keys(folder)[0].kid
    keys.rotate(folder, clock())
    assert first in {k["kid"] for k in ToolKeys(folder, clock).public()["keys"]}
    clock.forward(days=8)
    assert first not in {k["kid"] for k in ToolKeys(folder, clock).public()["keys"]}
    keys.rotate(folder, clock())
    assert first not in {k.kid for k in keys.list_keys(folder)}


def test_rotation_says_for_how_long_the_new_key_was_known(folder: Path) -> None:
    assert keys.rotate(folder, datetime.now(UTC) + timedelta(days=2)) > timedelta(days=1, hours=23)  # type: ignore[operator]  # a next key exists


def test_without_a_key_nothing_is_signed(tmp_path: Path, clock: Clock) -> None:
    ours = ToolKeys(tmp_path / "none", clock)
    assert ours.public() == {"keys": []}
    assert not ours.usable()
    with pytest.raises(NoKey):
        ours.sign({})


def test_jwks_publishes_no_private_part(sqlite_tool: Tool) -> None:
    response = sqlite_tool.browser().client.get("/lti/jwks")
    assert response.status_code == 200
    assert response.json is not None
    assert len(response.json["keys"]) == 2
    for key in response.json["keys"]:
        assert set(key) == {"kty", "alg", "use", "kid", "n", "e"}
    assert response.headers["Cache-Control"] == "public, max-age=600"


# --- the keys of the LMS ---


def _sets(engine: Engine, lms: LMS) -> KeySets:
    return KeySets(engine, Writer(engine), lms.answer)


def _found(outcome: object) -> bool:
    return not isinstance(outcome, Refusal)


def test_key_set_is_fetched_once(engine: Engine, lms: LMS) -> None:
    sets = _sets(engine, lms)
    for _ in range(5):
        assert _found(sets.find(registration(), "lms-key-1", NOW))
    assert lms.asked == 1


def test_another_process_needs_no_fetch(engine: Engine, lms: LMS) -> None:
    _sets(engine, lms).find(registration(), "lms-key-1", NOW)
    assert _found(_sets(engine, lms).find(registration(), "lms-key-1", NOW))
    assert lms.asked == 1


def test_rotated_key_is_fetched_at_once(tool: Tool) -> None:
    browser = tool.browser()
    assert browser.launch().status_code == 303
    tool.lms.published = {"lms-key-1": 0, "lms-key-2": 2}
    tool.lms.kid, tool.lms.key = "lms-key-2", 2
    assert browser.launch().status_code == 303
    assert tool.lms.asked == 2


def test_unknown_kids_are_asked_for_five_times_a_minute(engine: Engine, lms: LMS) -> None:
    sets = _sets(engine, lms)
    codes = [getattr(sets.find(registration(), f"forged-{n}", NOW), "code", None) for n in range(8)]
    assert codes == ["LTI-KEY-UNKNOWN"] * 5 + ["LTI-KEYS-UNREACHABLE"] * 3
    assert lms.asked == 5
    assert _found(sets.find(registration(), "lms-key-1", NOW)), "known keys need no fetch"
    assert _found(sets.find(registration(), "lms-key-1", NOW + timedelta(minutes=1)))
    sets.find(registration(), "forged-9", NOW + timedelta(minutes=1))
    assert lms.asked == 6


def test_withdrawn_key_stops_counting_within_an_hour(engine: Engine, lms: LMS) -> None:
    sets = _sets(engine, lms)
    assert _found(sets.find(registration(), "lms-key-1", NOW))
    lms.published = {"lms-key-2": 2}
    assert _found(sets.find(registration(), "lms-key-1", NOW + timedelta(minutes=59)))
    late = sets.find(registration(), "lms-key-1", NOW + timedelta(minutes=61))
    assert isinstance(late, Refusal)
    assert late.code == "LTI-KEY-UNKNOWN"


def test_key_set_serves_for_a_day_while_the_lms_is_down(engine: Engine, lms: LMS) -> None:
    sets = _sets(engine, lms)
    assert _found(sets.find(registration(), "lms-key-1", NOW))
    lms.down = True
    assert _found(sets.find(registration(), "lms-key-1", NOW + timedelta(hours=23)))
    gone = sets.find(registration(), "lms-key-1", NOW + timedelta(hours=25))
    assert isinstance(gone, Refusal)
    assert gone.code == "LTI-KEYS-UNREACHABLE"


def test_lms_that_is_down_is_told_from_a_forged_key(sqlite_tool: Tool) -> None:
    sqlite_tool.lms.down = True
    refused_with(sqlite_tool.browser().launch(), "LTI-KEYS-UNREACHABLE")


def test_key_sets_are_not_shared_between_platforms(engine: Engine, lms: LMS) -> None:
    sets = _sets(engine, lms)
    assert _found(sets.find(registration(), "lms-key-1", NOW))
    assert not _found(sets.find(registration(jwks_url="http://localhost:8200/jwks"), "lms-key-1", NOW))


GOOD_KEY = {**keys.jwk_of(rsa_key().public_key()), "kid": "k"}
UNUSABLE: dict[str, Any] = {
    "no object": 5,
    "no kid": {n: v for n, v in GOOD_KEY.items() if n != "kid"},
    "for encryption": {**GOOD_KEY, "use": "enc"},
    "another algorithm": {**GOOD_KEY, "alg": "RS512"},
    "elliptic": {"kty": "EC", "kid": "k", "crv": "P-256", "x": "AA", "y": "AA"},
    "a shared secret": {"kty": "oct", "kid": "k", "k": "AAAA"},
    "1024 bits": {**GOOD_KEY, "n": base64url((2**1023 + 1).to_bytes(128, "big"))},
    "16384 bits": {**GOOD_KEY, "n": base64url((2**16383 + 1).to_bytes(2048, "big"))},
    "exponent 1": {**GOOD_KEY, "e": base64url(b"\1")},
    "even exponent": {**GOOD_KEY, "e": base64url(b"\4")},
    "even modulus": {**GOOD_KEY, "n": base64url((2**2047).to_bytes(256, "big"))},
    "n a number": {**GOOD_KEY, "n": 5},
    "n not base64": {**GOOD_KEY, "n": "é"},
    "e missing": {n: v for n, v in GOOD_KEY.items() if n != "e"},
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_unusable_key_is_passed_over(name: str) -> None:
    assert keysets.parse({"keys": [UNUSABLE[name], GOOD_KEY]}).keys() == {"k"}
    assert keysets.parse({"keys": [UNUSABLE[name]]}) == {}


def test_key_without_use_and_alg_is_taken() -> None:
    bare = {n: v for n, v in GOOD_KEY.items() if n not in {"use", "alg"}}
    assert keysets.parse({"keys": [bare]}).keys() == {"k"}


def test_only_public_members_of_keys_are_kept(engine: Engine, lms: LMS) -> None:
    document = {"keys": [{**GOOD_KEY, "d": "private", "x5c": ["MIIB"], "note": "\0"}, 5]}
    with engine.begin() as conn:
        keysets.keep(conn, lms.jwks_url, document, NOW)
    with reading(engine) as conn:
        text = json.dumps(conn.execute(keysets.platform_keys.select()).first()._asdict()["keys"])  # type: ignore[union-attr]  # just written
    assert "private" not in text
    assert set(json.loads(text)["keys"][0]) == {"kty", "kid", "n", "e"}
