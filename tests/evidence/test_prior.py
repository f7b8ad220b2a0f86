"""Prior learning: claimed with a certificate, accepted or refused with a reason, taken back by a new act alone."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from lti_tool.errors import BadInput
from lti_tool.evidence import files
from lti_tool.people.roles import Role
from tests.learning import Place, Somebody

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
MAY = {"coordinator", "assessor"}


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # DATA_DIR is relative by default


def wish(*modules: str, **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "programme": "CECO",
        "title": "ECDL Advanced",
        "issuer": "Rīgas Tehniskā koledža",
        "day": "2021-05-01",
        "hours": "12",
        "module": list(modules or ("M01", "M02")),
        "certificate": (io.BytesIO(PDF), "Apliecība “ECDL”.pdf"),
        "once": "form-1",
    }
    return {**values, **changes}


def send(here: Place, who: Somebody, *modules: str, **changes: Any) -> Any:
    data = wish(*modules, **changes)
    return here.browser(who).post("/record/prior", data, content_type="multipart/form-data")


def deciding(learner: Somebody) -> str:
    return f"/programme/CECO/learner/{learner.person}/prior"


def claim_of(here: Place, learner: Somebody, by: Somebody | None = None) -> str:
    page = here.browser(by or here.holder("coordinator")).get(deciding(learner)).text
    return re.findall(r'name="claim" value="([^"]+)"', page)[0]


def decided(here: Place, learner: Somebody, result: str, by: Somebody | None = None, **fields: Any) -> Any:
    coordinator = by or here.holder("coordinator")
    data = {"claim": claim_of(here, learner), "result": result, "reason": "Same content, same hours", **fields}
    return here.browser(coordinator).post(deciding(learner), data)


def state(here: Place, learner: Somebody, module: str) -> str:
    found = here.record(learner).judgement.module(module)
    assert found is not None
    return found.state


def test_an_accepted_certificate_excuses_the_modules_that_were_accepted(place: Place) -> None:
    anna = place.learner("Anna", "CECO")
    assert send(place, anna).status_code == 303
    assert "Your claim waits" in place.browser(anna).text("/record/prior?programme=CECO&saved=1")
    assert state(place, anna, "M01") == "not_started"
    page = place.browser(place.holder("assessor")).text(deciding(anna))
    for part in ("ECDL Advanced", "Rīgas Tehniskā koledža", "M01", "M02", "12 h"):
        assert part in page
    assert decided(place, anna, "accepted", module=["M01"]).status_code == 303
    assert (state(place, anna, "M01"), state(place, anna, "M02")) == ("demonstrated", "not_started")
    assert place.record(anna).judgement.hours["online_and_self_study"].excused == 3
    (statement,) = place.record(anna).statements
    assert statement["context"]["instructor"]["name"] == "The coordinator"
    assert statement["result"]["response"] == "Same content, same hours"
    own = place.browser(anna).text("/record/prior?programme=CECO")
    for part in ("Accepted (M01)", "The coordinator", "Same content, same hours"):
        assert part in own
    assert [one.id for one in place.heard] == [statement["id"]]


def test_a_refusal_excuses_nothing_and_says_why(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    send(here, anna)
    assert decided(here, anna, "refused", reason="The certificate is from 1998").status_code == 303
    assert here.record(anna).statements == ()
    assert "The certificate is from 1998" in here.browser(anna).text("/record/prior?programme=CECO")


def test_only_a_new_act_reverses_an_acceptance(place: Place) -> None:
    anna = place.learner("Anna", "CECO")
    send(place, anna)
    decided(place, anna, "accepted", module=["M01"])
    again = decided(place, anna, "refused")
    assert again.status_code == 409
    assert "ECVET-DECIDED" in again.text
    assert decided(place, anna, "withdrawn", reason="The certificate was not theirs").status_code == 303
    assert state(place, anna, "M01") == "not_started"
    page = place.browser(place.holder("coordinator")).text(deciding(anna))
    assert "Decision withdrawn" in page and "Accepted (M01)" in page
    assert decided(place, anna, "accepted", module=["M02"]).status_code == 303
    assert (state(place, anna, "M01"), state(place, anna, "M02")) == ("not_started", "demonstrated")


def test_modules_are_excused_up_to_the_hours_that_are_proved(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    send(here, anna, hours="5")
    answer = decided(here, anna, "accepted", module=["M01", "M02"])
    assert answer.status_code == 409
    assert "ECVET-HOURS-SHORT" in answer.text
    assert here.record(anna).statements == ()
    assert decided(here, anna, "accepted", module=["M01"]).status_code == 303


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"module": ["M05"]}, "ECVET-CLAIM"),
        ({"module": []}, "ECVET-CLAIM"),
        ({"module": ["M01"], "reason": " "}, "ECVET-REASON"),
        ({"module": ["M01"], "result": "recognised"}, "ECVET-RESULT"),
    ],
)
def test_what_cannot_be_decided(here: Place, fields: dict[str, Any], code: str) -> None:
    anna = here.learner("Anna", "CECO")
    send(here, anna)
    answer = decided(here, anna, **{"result": "accepted", **fields})
    assert answer.status_code == 400
    assert code in answer.text
    assert here.record(anna).statements == ()


@pytest.mark.parametrize("role", [*get_args(Role), "learner", "teacher", None])
def test_who_may_decide(here: Place, role: str | None) -> None:
    course = here.course()
    anna = here.learner("Anna", "CECO", course=course)
    send(here, anna)
    claim = claim_of(here, anna)
    if role == "learner":
        browser = here.browser(anna)
    elif role == "teacher":
        browser = here.browser(here.teacher(course))
    else:
        browser = here.browser(here.holder(role, "CECO") if role else None)  # type: ignore[arg-type]  # a Role here
    allowed = role in MAY
    assert (browser.get(deciding(anna)).status_code == 200) is allowed
    data = {"claim": claim, "result": "accepted", "reason": "x", "module": ["M01"]}
    answer = browser.post(deciding(anna), data)
    assert answer.status_code in ({303} if allowed else {401, 403, 404})
    assert (state(here, anna, "M01") == "demonstrated") is allowed


def test_nobody_accepts_their_own_claim(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    send(here, anna)
    here.grant(anna, "coordinator")
    data = {"claim": claim_of(here, anna), "result": "accepted", "reason": "x", "module": ["M01"]}
    answer = here.browser(anna).post(deciding(anna), data)
    assert answer.status_code == 403
    assert "ECVET-SELF" in answer.text


def test_a_claim_is_of_one_learner(here: Place) -> None:
    anna, boris = here.learner("Anna", "CECO"), here.learner("Boris", "CECO")
    send(here, anna)
    data = {"claim": claim_of(here, anna), "result": "accepted", "reason": "x", "module": ["M01"]}
    assert here.browser(here.holder("coordinator")).post(deciding(boris), data).status_code == 404
    assert here.record(boris).statements == here.record(anna).statements == ()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"title": ""}, "ECVET-CERTIFICATE"),
        ({"issuer": " "}, "ECVET-CERTIFICATE"),
        ({"day": "2999-01-01"}, "ECVET-DAY"),
        ({"hours": "nan"}, "ECVET-CERTIFICATE-HOURS"),
        ({"hours": "0"}, "ECVET-CERTIFICATE-HOURS"),
        ({"module": ["M99"]}, "ECVET-CLAIM"),
        ({"module": [], "outcome": []}, "ECVET-CLAIM"),
        ({"certificate": (io.BytesIO(b""), "")}, "ECVET-FILE"),
        ({"certificate": (io.BytesIO(b""), "a.pdf")}, "ECVET-FILE"),
        ({"certificate": (io.BytesIO(b"<script>alert(1)</script>"), "a.pdf")}, "ECVET-FILE-KIND"),
        ({"certificate": (io.BytesIO(b"PK\x03\x04rest"), "a.docx")}, "ECVET-FILE-KIND"),
    ],
)
def test_what_cannot_be_claimed(here: Place, tmp_path: Path, changes: dict[str, Any], code: str) -> None:
    anna = here.learner("Anna", "CECO")
    answer = send(here, anna, **changes)
    assert answer.status_code == 400
    assert code in answer.text
    assert not [one for one in (tmp_path / "var" / "files").rglob("*") if one.is_file()]


def test_a_file_has_its_limit_and_leaves_nothing_behind(tmp_path: Path) -> None:
    large = io.BytesIO(PDF + b"\0" * files.MOST_BYTES)
    with pytest.raises(BadInput, match="ECVET-FILE-SIZE"):
        files.keep(tmp_path, large, "a.pdf", files.PAPERS)
    assert list(tmp_path.iterdir()) == []


def test_pressing_twice_claims_once(place: Place) -> None:
    anna = place.learner("Anna", "CECO")
    for _press in range(2):
        assert send(place, anna).status_code == 303
    assert place.browser(anna).get("/record/prior?programme=CECO").text.count("ECDL Advanced") == 1


def test_a_claim_is_taken_back_until_it_is_decided(here: Place) -> None:
    anna, boris = here.learner("Anna", "CECO"), here.learner("Boris", "CECO")
    send(here, anna)
    claim = claim_of(here, anna)
    data = {"programme": "CECO", "claim": claim}
    assert here.browser(boris).post("/record/prior/take-back", data).status_code == 404
    assert here.browser(anna).post("/record/prior/take-back", data).status_code == 303
    assert "ECDL" not in here.browser(here.holder("coordinator")).text(deciding(anna))
    late = here.browser(here.holder("coordinator")).post(
        deciding(anna), {"claim": claim, "result": "accepted", "reason": "x", "module": ["M01"]}
    )
    assert late.status_code == 409


def test_files_lie_under_hashes_and_leave_as_downloads(here: Place, tmp_path: Path) -> None:
    anna, boris = here.learner("Anna", "CECO"), here.learner("Boris", "CECO")
    send(here, anna, certificate=(io.BytesIO(PDF), "../../etc/pass<wd>.html"))
    kept = [one for one in (tmp_path / "var" / "files").rglob("*") if one.is_file()]
    assert [re.fullmatch("[0-9a-f]{64}", one.name) is not None for one in kept] == [True]
    page = here.browser(anna).get("/record/prior?programme=CECO").text
    path = re.findall(r"(/file/[0-9a-f-]+)", page)[0]
    answer = here.browser(anna).get(path)
    assert answer.data == PDF
    answer.close()
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "passwd.pdf" in answer.headers["Content-Disposition"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "no-store" in answer.headers["Cache-Control"]
    for role in ("coordinator", "assessor", "mentor", "trainer"):
        with here.browser(here.holder(role)).get(path) as read:  # type: ignore[arg-type]  # a Role here
            assert read.status_code == 200
    for nobody in (boris, here.holder("moderator"), here.holder("admin"), here.holder("coordinator", "DIGY")):
        assert here.browser(nobody).get(path).status_code == 404
    assert here.browser(None).get(path).status_code == 401
