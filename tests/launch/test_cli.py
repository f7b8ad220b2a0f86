"""`lti-tool keys …` and `lti-tool platform …`, as scripts use them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lti_tool.errors import BadInput, NotFound
from lti_tool.launch.cli import keys_group, platform_group
from lti_tool.settings import Settings
from tests.builders import BASE_URL

ADDRESSES = ["--auth-url", "http://localhost:8100/auth", "--token-url", "http://localhost:8100/token"]
ADDRESSES += ["--jwks-url", "http://localhost:8100/jwks"]
ADD = ["add", "--name", "Practice", "--issuer", "http://localhost:8100", "--client-id", "c1", *ADDRESSES]


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(base_url=BASE_URL, database_url=database_url, keys_dir=tmp_path / "keys", secret_key="x" * 40)


def run(settings: Settings, *words: str) -> Result:
    group = keys_group if words[0] in {"new", "rotate"} or words[0] == "list-keys" else platform_group
    return CliRunner().invoke(group, ["list" if w == "list-keys" else w for w in words], obj=settings)


def listed(settings: Settings) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(run(settings, "list", "--json").stdout)
    return found


def test_platform_added_by_hand_is_approved_and_its_number_printed(settings: Settings) -> None:
    done = run(settings, *ADD, "--deployment-id", "1", "--deployment-id", "2")
    assert done.exit_code == 0, done.output
    number = int(done.stdout)
    (found,) = listed(settings)
    assert (found["id"], found["status"], found["client_id"]) == (number, "approved", "c1")
    assert found["deployments"] == [{"id": "1", "status": "approved"}, {"id": "2", "status": "approved"}]
    assert "approved" in run(settings, "list").stdout


def test_platform_known_already_is_bad_input(settings: Settings) -> None:
    run(settings, *ADD, "--deployment-id", "1")
    assert isinstance(run(settings, *ADD, "--deployment-id", "1").exception, BadInput)


@pytest.mark.parametrize("option", ["--issuer", "--auth-url", "--token-url", "--jwks-url"])
def test_plain_http_is_taken_for_loopback_alone(settings: Settings, option: str) -> None:
    words = [*ADD, "--deployment-id", "1"]
    words[words.index(option) + 1] = "http://lms.example.org/x"
    error = run(settings, *words).exception
    assert isinstance(error, BadInput)
    assert error.code == "PLATFORM-ADDRESS"
    assert listed(settings) == []


def test_deployment_must_be_named_or_left_open(settings: Settings) -> None:
    assert run(settings, *ADD).exit_code == 2
    assert run(settings, *ADD, "--any-deployment").exit_code == 0


def test_platform_is_disabled_and_approved_again(settings: Settings) -> None:
    number = run(settings, *ADD, "--deployment-id", "1").stdout.strip()
    assert run(settings, "disable", number).exit_code == 0
    assert listed(settings)[0]["status"] == "disabled"
    assert run(settings, "approve", number).exit_code == 0
    assert listed(settings)[0]["status"] == "approved"
    assert run(settings, "disable", number, "--deployment-id", "1").exit_code == 0
    assert listed(settings)[0]["deployments"] == [{"id": "1", "status": "disabled"}]


def test_platform_that_is_not_there(settings: Settings) -> None:
    assert isinstance(run(settings, "approve", "9").exception, NotFound)
    number = run(settings, *ADD, "--deployment-id", "1").stdout.strip()
    assert isinstance(run(settings, "approve", number, "--deployment-id", "nope").exception, NotFound)


def test_invitation_is_an_address_to_paste(settings: Settings) -> None:
    url = run(settings, "invite", "--name", "School").stdout.strip()
    assert url.startswith(f"{BASE_URL}/lti/register?invite=")
    assert json.loads(run(settings, "invite", "--json").stdout)["url"] != url


def test_keys_are_made_once_and_rotated(settings: Settings) -> None:
    assert isinstance(run(settings, "rotate").exception, BadInput)
    assert run(settings, "new").exit_code == 0
    first = json.loads(run(settings, "list-keys", "--json").stdout)
    assert [key["state"] for key in first] == ["current", "next"]
    assert "nothing was done" in run(settings, "new").stdout
    done = run(settings, "rotate")
    assert done.exit_code == 0
    assert "less than a day ago" in done.stderr
    after = json.loads(run(settings, "list-keys", "--json").stdout)
    assert [key["state"] for key in after] == ["current", "next", "retired"]
    assert after[0]["kid"] == first[1]["kid"]
    assert after[2]["kid"] == first[0]["kid"]
