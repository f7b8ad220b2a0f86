"""Keys that sign credentials rotate: the next is published before it signs, and what old ones signed still verifies."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import jwt
import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives import serialization

from lti_tool.papers import key_files
from lti_tool.papers.forms import FORMS
from lti_tool.papers.key_files import FOLDER, list_keys
from lti_tool.papers.keys import open_keys
from lti_tool.papers.keys_cli import credentials
from lti_tool.settings import Settings
from tests.learning import BASE, SECRET, Place
from tests.papers.conftest import anna, issue

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With first keys."""
    open_keys(tmp_path)
    return tmp_path / FOLDER


def states(folder: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in list_keys(folder):
        found.setdefault(one.state, []).append(one.kid)
    return found


def kids(folder: Path) -> set[str]:
    """What the key set holds."""
    return {one["kid"] for one in open_keys(folder.parent).public}


def run(folder: Path, *words: str, **more: Any) -> Result:
    settings = Settings(base_url=BASE, secret_key=SECRET, keys_dir=folder.parent)
    return CliRunner().invoke(credentials, ["keys", *words], obj=settings, **more)


def test_keys_are_made_once_with_their_successors_readable_by_their_owner_alone(folder: Path) -> None:
    first = open_keys(folder.parent)
    assert open_keys(folder.parent).rsa_kid == first.rsa_kid
    assert {state: len(some) for state, some in states(folder).items()} == {"current": 2, "next": 2}
    assert all("d" not in one and "p" not in one for one in first.public)
    assert {path.stat().st_mode & 0o777 for path in folder.glob("*.pem")} == {0o600}


def test_a_key_is_published_before_it_signs_and_after(folder: Path) -> None:
    seen = [(open_keys(folder.parent).rsa_kid, open_keys(folder.parent).did, kids(folder))]
    for number in range(3):
        key_files.rotate(folder, datetime.now(UTC) + timedelta(days=number))
        seen.append((open_keys(folder.parent).rsa_kid, open_keys(folder.parent).did, kids(folder)))
    assert len({rsa for rsa, _did, _kids in seen}) == len({did for _rsa, did, _kids in seen}) == 4
    for (_rsa, _did, before), (rsa, _other, after) in pairwise(seen):
        assert rsa in before
        assert before < after


def test_the_newest_of_each_kind_stands_first_in_the_key_set(folder: Path) -> None:
    key_files.rotate(folder, datetime.now(UTC) + timedelta(days=1))
    keys = open_keys(folder.parent)
    assert {keys.public[0]["kid"], keys.public[1]["kid"]} == set(states(folder)["current"])


def test_of_a_retired_key_the_public_half_alone_is_left(folder: Path) -> None:
    before = states(folder)["current"]
    key_files.rotate(folder, NOW)
    assert sorted(states(folder)["retired"]) == sorted(before)
    for path in folder.glob("retired-*.pem"):
        assert b"PRIVATE" not in path.read_bytes()
        assert serialization.load_pem_public_key(path.read_bytes())
        assert re.match(r"retired-20261123T120000Z-(rs256|ed25519)-", path.name)
    assert not list(folder.glob("current-*"))[2:]


def test_what_an_old_key_signed_verifies_after_two_rotations(here: Place, tmp_path: Path) -> None:
    settings = Settings(base_url=BASE, secret_key=SECRET, keys_dir=tmp_path)
    learner, coordinator = anna(here)
    award = issue(here, coordinator, learner)
    token = FORMS["badge.jwt"].make(award, settings, "en").decode()
    for number in (1, 2):
        key_files.rotate(tmp_path / FOLDER, datetime.now(UTC) + timedelta(days=number))
    kid = jwt.get_unverified_header(token)["kid"].rpartition("/")[2]
    assert kid != open_keys(tmp_path).rsa_kid
    public = next(one for one in open_keys(tmp_path).public if one["kid"] == kid)
    assert jwt.decode(token, jwt.PyJWK(dict(public)), algorithms=["RS256"], options={"verify_aud": False})
    again = FORMS["badge.jwt"].make(award, settings, "en").decode()
    assert jwt.get_unverified_header(again)["kid"].endswith(open_keys(tmp_path).rsa_kid)


def test_a_withdrawn_key_is_published_no_more(folder: Path) -> None:
    gone = open_keys(folder.parent).rsa_kid
    assert key_files.withdraw(folder, gone, NOW) is None  # it signs: rotate first
    key_files.rotate(folder, NOW)
    assert gone in kids(folder)
    assert key_files.withdraw(folder, gone, NOW) is not None
    assert gone not in kids(folder)
    assert states(folder)["withdrawn"] == [gone]
    assert key_files.withdraw(folder, gone, NOW) is None


def test_keys_of_before_there_were_states_go_on_signing(folder: Path) -> None:
    signing = open_keys(folder.parent).rsa_kid
    for path in list(folder.glob("*.pem")):
        state, _dash, rest = path.name.partition("-")
        path.rename(folder / rest) if state == "current" else path.unlink()
    assert open_keys(folder.parent).rsa_kid == signing
    key_files.rotate(folder, datetime.now(UTC))
    assert open_keys(folder.parent).rsa_kid != signing
    assert signing in kids(folder)


def test_what_is_no_key_is_told_of_and_not_passed_over(folder: Path) -> None:
    (folder / "holiday.pem").write_text("x")
    with pytest.raises(Exception, match="PAPERS-KEYS"):
        open_keys(folder.parent)
    for words in (["list"], ["rotate"], ["withdraw", "x", "--yes"], ["new"]):
        assert getattr(run(folder, *words).exception, "code", "") == "PAPERS-KEYS"


def test_the_commands(tmp_path: Path) -> None:
    folder = tmp_path / FOLDER
    none = run(folder, "rotate")
    assert getattr(none.exception, "code", "") == "KEYS-NONE"
    assert "No keys" in run(folder, "list").stderr
    assert "were made" in run(folder, "new").output
    assert "nothing was done" in run(folder, "new").output
    first = json.loads(run(folder, "list", "--json").stdout)
    assert [one["state"] for one in first] == ["current", "current", "next", "next"]
    done = run(folder, "rotate")
    assert "sign now" in done.stdout and "less than a day" in done.stderr
    after = {one["kid"]: one["state"] for one in json.loads(run(folder, "list", "--json").stdout)}
    assert [after[one["kid"]] for one in first] == ["retired", "retired", "current", "current"]
    kid = first[0]["kid"]
    assert run(folder, "withdraw", kid, input="n\n").exit_code == 1
    assert kid in kids(folder)
    assert "no more" in run(folder, "withdraw", kid, "--yes").stdout
    assert kid not in kids(folder)
    again = run(folder, "withdraw", "-none", "--yes")
    assert getattr(again.exception, "code", "") == "KEYS-RETIRED"
