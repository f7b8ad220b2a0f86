"""`lti-tool programme check | list | judge`: answers, exit codes, errors; without settings and without a database."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from lti_tool.ecvet.cli import programme
from tests.ecvet.builders import LEARNER, PROGRAMMES, authority, ceco, enough, said, voiding
from tests.ecvet.small import BASE, SMALL

CECO = str(PROGRAMMES / "ceco.yaml")


def run(*args: str) -> Result:
    return CliRunner().invoke(programme, list(args), catch_exceptions=False)


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def put(name: str, content: object) -> str:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return str(path)

    return put


def answer(result: Result) -> Any:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


# check


def test_check_of_what_ships_is_green() -> None:
    result = run("check", CECO, str(PROGRAMMES / "digy.yaml"))
    assert result.exit_code == 0
    assert "405 h, 16 points: ok" in result.stdout
    assert all(line.startswith("lti-tool: PROGRAMME-TRANSLATION: warning: ") for line in result.stderr.splitlines())


def test_check_says_no_with_file_line_and_cure(write: Any) -> None:
    write("shared/base.yaml", BASE)
    path = write("small.yaml", SMALL.replace("points: 2}\n  languages", "points: 5}\n  languages"))
    result = run("check", path)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"lti-tool: PROGRAMME-SUM: {path}:5: the compulsory units give 2 points")
    assert "; write points: 2" in result.stderr


def test_check_tells_all_faults_of_a_broken_file(write: Any) -> None:
    write("shared/base.yaml", BASE)
    path = write("small.yaml", SMALL.replace("kind: skill", "kind: habit").replace("hours: 3\n", "hours: x\n"))
    result = run("check", "--json", path)
    assert result.exit_code == 1
    (found,) = json.loads(result.stdout)
    assert (found["id"], found["ok"], len(found["problems"])) == (None, False, 2)
    assert {problem["file"] for problem in found["problems"]} == {path}


def test_check_of_a_missing_file_is_wrong_usage() -> None:
    assert run("check", "nowhere.yaml").exit_code == 2
    assert run("check").exit_code == 2


def test_check_finds_two_programmes_with_one_id(write: Any) -> None:
    write("shared/base.yaml", BASE)
    assert run("check", write("a.yaml", SMALL), write("b.yaml", SMALL)).exit_code == 1


def test_a_link_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path, write: Any) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text(BASE)
    inner = tmp_path / "programmes"
    (inner / "shared").mkdir(parents=True)
    (inner / "shared" / "base.yaml").symlink_to(outside)
    (inner / "small.yaml").write_text(SMALL)
    result = run("check", str(inner / "small.yaml"))
    assert result.exit_code == 1
    assert "there is no file shared/base.yaml" in result.stderr


# list


def test_list_as_scripts_read_it() -> None:
    found = answer(run("list", "--json", "--config-dir", str(PROGRAMMES.parent)))
    assert [one["id"] for one in found] == ["CECO", "DIGY"]
    first = found[0]
    assert (first["version"], first["eqf_level"], first["points"]) == (ceco().version, 5, 16)
    assert first["hours"]["work_based"] == 165
    assert [unit["id"] for unit in first["units"]][-1] == "CECO-U8"
    assert len(first["modules"]) == 34


def test_list_finds_the_folder_by_the_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(PROGRAMMES, tmp_path / "programmes")
    (tmp_path / "programmes" / "digy.yaml").unlink()
    monkeypatch.setenv("LTI_TOOL_CONFIG_DIR", str(tmp_path))
    result = run("list")
    assert result.stdout.startswith("CECO")
    assert result.stdout.count("\n") == 1
    monkeypatch.setenv("LTI_TOOL_CONFIG_DIR", str(tmp_path / "none"))
    assert run("list").exit_code == 2


# judge


def test_judge_answers_in_the_promised_form(write: Any) -> None:
    statements = enough(ceco(), "BIB-U1")
    found = answer(run("judge", CECO, write("s.json", statements), "--json"))
    assert (found["programme"], found["version"]) == ("CECO", ceco().version)
    (learner,) = found["learners"]
    assert learner["actor"] == LEARNER
    unit = learner["units"][0]
    assert (unit["id"], unit["state"], unit["points"]) == ("BIB-U1", "demonstrated", 0)
    assert unit["why"][0]["code"] == "evidence_complete"
    outcome = unit["outcomes"][0]
    assert (outcome["id"], outcome["state"]) == ("BIB-U1-K1", "demonstrated")
    assert set(outcome["evidence"]) <= {one["id"] for one in statements}
    assert learner["hours"]["face_to_face"] == {"planned": 20, "recorded": 2, "declared": 0, "waiting": 0, "excused": 0}


def test_judge_takes_a_list_a_result_one_statement_and_lines(write: Any) -> None:
    one = said("passed", "module/M06")
    forms = [[one], {"statements": [one], "more": ""}, one, json.dumps(one) + "\n" + json.dumps(one) + "\n"]
    answers = [answer(run("judge", CECO, write("s.json", form), "--json")) for form in forms]
    assert all(found["learners"][0]["units"][0]["outcomes"][2]["state"] == "demonstrated" for found in answers)


def test_judge_of_several_learners_and_of_one(write: Any) -> None:
    other = {"mbox": "mailto:berzina@example.lv"}
    path = write("s.json", [said("passed", "module/M06"), {**said("passed", "module/M03", id="x"), "actor": other}])
    found = answer(run("judge", CECO, path, "--json"))["learners"]
    assert len(found) == 2
    (only,) = answer(run("judge", CECO, path, "--json", "--actor", json.dumps(other)))["learners"]
    assert only["actor"]["mbox"] == other["mbox"]
    assert only["units"][0]["outcomes"][2]["state"] == "not_started"
    nobody = json.dumps({"mbox": "mailto:nobody@example.lv"})
    (none,) = answer(run("judge", CECO, path, "--json", "--actor", nobody))["learners"]
    assert {unit["state"] for unit in none["units"]} == {"not_started"}


def test_a_voiding_statement_voids_whoever_made_it_and_is_no_learner(write: Any) -> None:
    one = said("passed", "module/M06")
    (learner,) = answer(run("judge", CECO, write("s.json", [voiding(one), one]), "--json"))["learners"]
    assert learner["units"][0]["outcomes"][2]["state"] == "not_started"


def test_judge_without_statements_is_an_empty_answer(write: Any) -> None:
    assert answer(run("judge", CECO, write("s.json", []), "--json"))["learners"] == []


def test_authority_decides_what_counts_and_the_answer_says_so(write: Any) -> None:
    path = write("s.json", [said("passed", "module/M06"), said("passed", "module/M03", by="")])
    (learner,) = answer(run("judge", CECO, path, "--json"))["learners"]
    unit = learner["units"][0]
    assert unit["outcomes"][2]["state"] == "demonstrated"
    assert "not_trusted" in [one["code"] for one in unit["why"]]
    pinned = answer(run("judge", CECO, path, "--json", "--authority", "https://other.example"))["learners"][0]
    assert pinned["units"][0]["outcomes"][2]["state"] == "not_started"


def test_judge_at_a_time(write: Any) -> None:
    path = write("s.json", [said("passed", "module/M06", minute=60)])
    before = answer(run("judge", CECO, path, "--json", "--at", "2026-03-02T09:30:00Z"))["learners"][0]
    after = answer(run("judge", CECO, path, "--json", "--at", "2026-03-02T10:30:00Z"))["learners"][0]
    assert [one["units"][0]["outcomes"][2]["state"] for one in (before, after)] == ["not_started", "demonstrated"]


def test_decisions_of_people(write: Any) -> None:
    path = write("s.json", [said("passed", "module/M06")])
    acts = [
        {"kind": "assess", "unit": "BIB-U1", "result": "achieved", "by": "Anna", "institution": "LV-KISC",
         "at": "2026-03-03T10:00:00Z"},
        {"kind": "validate", "unit": "BIB-U1", "at": "2026-03-04T10:00:00Z", "actor": LEARNER},
    ]  # fmt: skip
    decisions = write("d.json", acts)
    (learner,) = answer(run("judge", CECO, path, "--decisions", decisions, "--json"))["learners"]
    assert (learner["units"][0]["state"], learner["units"][0]["points"], learner["points"]) == ("validated", 1, 1)


def test_an_act_must_say_which_of_several_learners_it_is_about(write: Any) -> None:
    other = {**said("passed", "module/M03", id="x"), "actor": authority("8", "https://moodle.example")}
    path = write("s.json", [said("passed", "module/M06"), other])
    decisions = write(
        "d.json", [{"kind": "assess", "unit": "BIB-U1", "result": "achieved", "at": "2026-03-03T10:00:00Z"}]
    )
    result = run("judge", CECO, path, "--decisions", decisions)
    assert result.exit_code == 2
    assert "names none" in result.stderr


def test_judge_for_people(write: Any) -> None:
    result = run("judge", CECO, write("s.json", [said("passed", "module/M06")]))
    assert result.exit_code == 0
    assert "BIB-U1: in progress, 0 points – Module M01 (Browsing" in result.stdout
    assert "0 of 16 points" in result.stdout


GOOD: dict[str, Any] = {"kind": "assess", "unit": "BIB-U1", "result": "achieved", "at": "2026-03-03T10:00:00Z"}


@pytest.mark.parametrize(
    ("statements", "decisions", "more", "code"),
    [
        ("{", None, [], "STATEMENTS"),
        ("{}\n{", None, [], "STATEMENTS"),
        ("3", None, [], "STATEMENTS"),
        ([3], None, [], "STATEMENTS"),
        ([{**said("passed", "module/M06"), "actor": {"name": "Anna"}}], None, [], "ACTOR"),
        ([{**said("passed", "module/M06"), "actor": {"account": {"name": "7"}}}], None, [], "ACTOR"),
        ([{**said("passed", "module/M06"), "verb": "passed"}], None, [], "STATEMENTS"),
        ([said("passed", "module/M06")], "no", [], "DECISIONS"),
        ([said("passed", "module/M06")], ["no"], [], "DECISIONS"),
        ([said("passed", "module/M06")], [{**GOOD, "kind": "promote"}], [], "DECISIONS"),
        ([said("passed", "module/M06")], [{**GOOD, "result": "fine"}], [], "DECISIONS"),
        ([said("passed", "module/M06")], [{**GOOD, "at": "yesterday"}], [], "DECISIONS"),
        ([said("passed", "module/M06")], [{**GOOD, "unit": 7}], [], "DECISIONS"),
        ([said("passed", "module/M06")], [{**GOOD, "verdict": "x"}], [], "DECISIONS"),
        ([said("passed", "module/M06")], [{**GOOD, "kind": "withdraw", "result": ""}], [], "DECISIONS"),
        ([], None, ["--at", "yesterday"], "TIME"),
        ([], None, ["--actor", "{"], "ACTOR"),
        ([], None, ["--actor", "7"], "ACTOR"),
    ],
)
def test_bad_input_is_refused_with_a_code(
    write: Any, statements: object, decisions: object, more: list[str], code: str
) -> None:
    args = ["judge", CECO, write("s.json", statements), *more]
    if decisions is not None:
        args += ["--decisions", write("d.json", decisions)]
    result = run(*args)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"lti-tool: {code}: ")
    assert "; " in result.stderr
    assert result.stdout == ""


def test_judge_by_a_broken_programme_is_bad_input(write: Any) -> None:
    result = run("judge", write("p.yaml", "a: [\n"), write("s.json", []))
    assert result.exit_code == 2
    assert "lti-tool: YAML-SYNTAX: " in result.stderr


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_bytes(b"\xff\xfe\x00[")
    result = run("judge", CECO, str(path))
    assert (result.exit_code, result.stderr.split(": ")[1]) == (2, "FILE")
