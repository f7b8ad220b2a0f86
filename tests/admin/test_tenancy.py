"""The page of one LMS: names, merge, delete; who may, and what the commands say."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from lti_tool import audit
from lti_tool.cli import cli
from lti_tool.db import reading, writing
from lti_tool.ecvet import store
from lti_tool.launch import merges, platforms
from lti_tool.people import store as people
from lti_tool.people.roles import ROLES, Grant
from lti_tool.people.store import accounts, arrive
from lti_tool.settings import PREFIX
from lti_tool.wiring import Wiring
from tests.admin.conftest import SECRET, Admin
from tests.admin.test_views import add, status_of
from tests.learning import imported

ADDRESSES = (
    "/platforms/1/institution",
    "/platforms/1/names",
    "/platforms/1/merge",
    "/platforms/1/delete",
    "/merges/1/undo",
    "/mail/1",
)


def second(wiring: Wiring) -> int:
    """Another LMS, approved."""
    home = "https://new.example.org"
    told = platforms.NewPlatform("New", home, "c", f"{home}/a", f"{home}/t", f"{home}/j", ("1",))
    with writing(wiring.engine) as conn:
        number = platforms.add(conn, told, "approved", wiring.clock())
    assert number is not None
    return number


@pytest.mark.parametrize("role", [role for role in ROLES if role != "admin"])
def test_nobody_else_merges_deletes_or_reads_it(admin: Admin, role: Any) -> None:
    number = add(admin.wiring, status="approved")
    root, client = admin.session_of(Grant(role)), admin.client()
    for path in (f"/admin/platforms/{number}", "/admin/acts", "/admin/mail"):
        assert client.get(root + path).status_code == 403
    for path in ADDRESSES:
        assert client.post(f"{root}/admin{path}", data={"sure": "yes"}).status_code == 403
        assert client.post(f"/admin{path}").status_code == 401
    assert status_of(admin.wiring, number) == "approved"


def test_a_merge_is_shown_before_it_is_done_and_can_be_taken_back(admin: Admin) -> None:
    root, client = admin.administrator(), admin.client()
    old, new = add(admin.wiring, status="approved"), second(admin.wiring)
    page = client.get(f"{root}/platforms/{old}").text
    assert "The LMS has moved" in page and "New" in page
    asked = {"into": str(new), "why": "it  moved"}
    assert "Nothing has been done yet" in client.post(f"{root}/platforms/{old}/merge", data=asked).text
    assert status_of(admin.wiring, old) == "approved"
    assert client.post(f"{root}/platforms/{old}/merge", data={**asked, "sure": "yes"}).status_code == 303
    assert status_of(admin.wiring, old) == "disabled"
    with reading(admin.wiring.engine) as conn:
        (merge,) = merges.listed(conn)
    assert (merge.why, merge.made_by) == ("it moved", "Inese")
    assert "It goes on as New." in client.get(f"{root}/platforms/{old}").text
    refused = client.post(f"{root}/platforms/{old}", data={"status": "approved"})
    assert refused.status_code == 409 and "PLATFORM-MERGED" in refused.text
    assert "Take the merge back" in client.get(f"{root}/acts").text
    assert client.post(f"{root}/merges/{merge.id}/undo").status_code == 303
    assert status_of(admin.wiring, old) == "approved"
    assert "Merge taken back" in client.get(f"{root}/acts").text


@pytest.mark.parametrize("into", ["", "x", "-1", "9" * 30, "²"])
def test_a_merge_with_nothing_is_refused_in_words(admin: Admin, into: str) -> None:
    root, number = admin.administrator(), add(admin.wiring, status="approved")
    answer = admin.client().post(f"{root}/platforms/{number}/merge", data={"into": into})
    assert answer.status_code == 400 and "ADMIN-MERGE" in answer.text
    assert admin.client().get(f"{root}/platforms/999").status_code == 404


def test_an_lms_is_deleted_by_its_name(admin: Admin) -> None:
    root, client = admin.administrator(), admin.client()
    number = add(admin.wiring, status="approved")
    with reading(admin.wiring.engine) as conn:
        name = platforms.get(conn, number).name  # type: ignore[union-attr]  # it is there
    assert client.post(f"{root}/platforms/{number}/delete", data={"name": "x"}).status_code == 400
    assert client.post(f"{root}/platforms/{number}/delete", data={"name": name, "why": "over"}).status_code == 303
    assert "LMS deleted" in client.get(f"{root}/acts").text
    with reading(admin.wiring.engine) as conn:
        assert platforms.get(conn, number) is None


def test_names_are_switched_off_and_on(admin: Admin) -> None:
    root, client = admin.administrator(), admin.client()
    number = add(admin.wiring, status="approved")
    with writing(admin.wiring.engine) as conn:
        home = platforms.get(conn, number).issuer  # type: ignore[union-attr]  # it is there
        actor = {"objectType": "Agent", "account": {"homePage": home, "name": "7"}}
        arrive(conn, actor, admin.wiring.clock(), name="Anna", email="anna@example.org")
    client.post(f"{root}/platforms/{number}/names", data={"anonymous": "yes"})
    assert "Learner 7F3A" in client.get(f"{root}/platforms/{number}").text
    with reading(admin.wiring.engine) as conn:
        assert "Anna" not in {row.name for row in conn.execute(accounts.select())}
    client.post(f"{root}/platforms/{number}/names", data={"anonymous": "no"})
    assert "Learn no names" in client.get(f"{root}/platforms/{number}").text


def test_the_commands(admin: Admin, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    old, new = add(admin.wiring, status="approved"), second(admin.wiring)
    url = admin.wiring.engine.url.render_as_string(hide_password=False)
    for name, value in {"DATABASE_URL": url, "SECRET_KEY": SECRET, "DATA_DIR": str(tmp_path)}.items():
        monkeypatch.setenv(PREFIX + name, value)

    def run(*words: str, typed: str = "") -> Any:
        return CliRunner().invoke(cli, ["platform", *words], input=typed)

    told = json.loads(run("merge", str(old), str(new), "--dry-run", "--json").stdout)
    assert (told["people"], told["clashes"]) == (0, [])
    assert run("merge", str(old)).exit_code == run("merge").exit_code == 2
    assert run("merge", str(old), str(new), typed="n\n").exit_code == 1
    assert status_of(admin.wiring, old) == "approved"
    made = run("merge", str(old), str(new), "--yes", "--why", "moved")
    assert "platform merge --undo 1" in made.stdout
    (merge,) = json.loads(run("merges", "--json").stdout)
    assert (merge["old"], merge["new"], merge["why"], merge["undone"]) == (old, new, "moved", None)
    assert "holds" in run("merges").stdout
    assert "PLATFORM-MERGED" in str(run("approve", str(old)).exception)
    assert run("merge", "--undo", "1", "--json").exit_code == 0
    assert "taken back" in run("merges").stdout
    assert run("anonymous", str(old)).exit_code == run("anonymous", str(old), "--off").exit_code == 0
    assert run("legacy-key", "add", "k1", "--home", "https://old.example", typed="s3cret\n").exit_code == 0
    assert "s3cret" not in run("legacy-key", "list").stdout + run("legacy-key", "list", "--json").stdout
    assert "k1" in run("legacy-key", "list").stdout
    assert "LEGACY-KEY" in str(run("legacy-key", "add", "k2", "--home", "nowhere", typed="s\n").exception)
    assert run("legacy-key", "remove", "k1").exit_code == 0
    assert "LEGACY-KEY" in str(run("legacy-key", "remove", "k1").exception)
    assert "PLATFORM-NAME" in str(run("delete", str(new), typed="Old\n").exception)
    assert run("delete", str(new), "--name", "New", "--why", "over").exit_code == 0
    with reading(admin.wiring.engine) as conn:
        assert platforms.get(conn, new) is None


def learner(wiring: Wiring, name: str, *programmes: str, institution: str | None = None) -> None:
    """Somebody who came from the first LMS."""
    actor = {"objectType": "Agent", "account": {"homePage": "https://moodle.example.org", "name": name}}
    with writing(wiring.engine) as conn:
        arrive(conn, actor, wiring.clock(), name=name)
        for one in programmes:
            version = store.get(conn, one).version  # type: ignore[union-attr]  # it is there
            people.enrol(conn, actor, one, version, wiring.clock(), institution)


def institution_of(wiring: Wiring, number: int) -> str | None:
    with reading(wiring.engine) as conn:
        return platforms.get(conn, number).institution  # type: ignore[union-attr]  # it is there


def test_the_institution_of_an_lms_is_chosen_and_who_came_before_is_offered(admin: Admin) -> None:
    imported(admin.wiring.engine, admin.wiring.clock)
    root, client = admin.administrator(), admin.client()
    number = add(admin.wiring, status="approved")
    learner(admin.wiring, "anna", "CECO", "DIGY")
    learner(admin.wiring, "boris", "CECO")
    learner(admin.wiring, "nikos", "CECO", institution="EL-HOU")
    page = f"{root}/platforms/{number}"
    assert "at no institution yet" not in client.get(page).text
    saved = client.post(f"{page}/institution", data={"institution": "LV-KISC"}, follow_redirects=True).text
    assert "2 learners from this LMS are at no institution yet." in saved and "Saved" in saved
    assert '<option value="LV-KISC" selected>' in saved
    placed = client.post(f"{page}/institution", data={"place": "yes"}, follow_redirects=True).text
    assert "2 learners were placed." in placed and "at no institution yet" not in placed
    with reading(admin.wiring.engine) as conn:
        told = [(one.kind, one.by, one.detail) for one in audit.acts(conn)]
        at = sorted(str(one.institution) for one in people.enrolled_in(conn, "CECO"))
    assert at == ["EL-HOU", "LV-KISC", "LV-KISC"]
    assert told == [
        ("learners_placed", "Inese", {"learners": 1}),
        ("learners_placed", "Inese", {"learners": 2}),
        ("platform_institution", "Inese", {"institution": "LV-KISC", "before": None}),
    ]
    acts = client.get(f"{root}/acts").text
    assert "Institution of an LMS set" in acts and "anna" not in acts
    assert client.post(f"{page}/institution", data={"institution": ""}).status_code == 303
    assert institution_of(admin.wiring, number) is None


def test_an_institution_that_no_programme_names_is_refused(admin: Admin) -> None:
    imported(admin.wiring.engine, admin.wiring.clock)
    root, number = admin.administrator(), add(admin.wiring, status="approved")
    for path, data, status, code in (
        (number, {"institution": "XX-NONE"}, 400, "PLATFORM-INSTITUTION"),
        (999, {"institution": "LV-KISC"}, 404, "PLATFORM-UNKNOWN"),
        (999, {"place": "yes"}, 404, "PLATFORM-UNKNOWN"),
    ):
        answer = admin.client().post(f"{root}/platforms/{path}/institution", data=data)
        assert answer.status_code == status and code in answer.text
    assert institution_of(admin.wiring, number) is None


def test_the_command_says_who_is_nowhere_yet(admin: Admin, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    imported(admin.wiring.engine, admin.wiring.clock)
    number = str(add(admin.wiring, status="approved"))
    for name in ("anna", "boris"):
        learner(admin.wiring, name, "CECO")
    url = admin.wiring.engine.url.render_as_string(hide_password=False)
    for name, value in {"DATABASE_URL": url, "SECRET_KEY": SECRET, "DATA_DIR": str(tmp_path)}.items():
        monkeypatch.setenv(PREFIX + name, value)

    def run(*words: str) -> Any:
        return CliRunner().invoke(cli, ["platform", *words])

    assert run("institution", number, "LV-KISC", "--why", "theirs").stdout.splitlines() == [
        f"Learners who come new from LMS {number} are at LV-KISC.",
        "2 learners of CECO without institution: place them with "
        f"lti-tool programme place CECO --at LV-KISC --lms {number}",
    ]
    assert json.loads(run("list", "--json").stdout)[0]["institution"] == "LV-KISC"
    assert "at LV-KISC" in run("list").stdout
    assert "PLATFORM-INSTITUTION" in str(run("institution", number, "XX").exception)
    assert "PLATFORM-UNKNOWN" in str(run("institution", "9", "LV-KISC").exception)
    assert (
        run("institution", number, "none").stdout == f"Learners who come new from LMS {number} are at no institution.\n"
    )
    assert institution_of(admin.wiring, int(number)) is None
