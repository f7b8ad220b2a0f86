"""Credentials of an award: what they say, that they verify and a changed byte does not, and where withdrawal shows."""

from __future__ import annotations

import base64
import gzip
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from jwcrypto import jwk, jws

from lti_tool.i18n import LANGUAGES
from lti_tool.papers import contexts, elm, keys, multikey, proof, status_list
from lti_tool.papers.award import LIST_LENGTH, Award
from lti_tool.papers.badge import V2, badge, claims, parts
from lti_tool.papers.forms import FORMS, file, forms_of
from lti_tool.papers.keys import open_keys
from lti_tool.papers.multikey import base58
from lti_tool.settings import Settings
from tests.learning import BASE, Place
from tests.papers.conftest import anna, award, issue, withdraw

ISSUER = f"{BASE}/credentials/issuers/LV-KISC"


@pytest.fixture
def settings(here: Place) -> Settings:
    return here.wiring.settings


def unit_and_whole(place: Place) -> tuple[Award, Award]:
    learner, coordinator = anna(place)
    return issue(place, coordinator, learner), issue(place, coordinator, learner, "transcript")


def payload(token: str | bytes, client: FlaskClient) -> dict[str, Any]:
    """What a JWT says, verified with the key that its `kid` leads to, as a stranger verifies it."""
    text = token.decode() if isinstance(token, bytes) else token
    address = jwt.get_unverified_header(text)["kid"]
    assert address.startswith(f"{BASE}/credentials/keys/")
    answer = client.get(address.removeprefix(BASE))
    assert answer.status_code == 200
    checked = jws.JWS()
    checked.deserialize(text, jwk.JWK.from_json(answer.get_data(as_text=True)))
    found: dict[str, Any] = json.loads(checked.payload)
    return found


def test_a_badge_holds_the_eleven_fields_of_a_micro_credential(here: Place) -> None:
    learner, coordinator = anna(here)
    one = issue(here, coordinator, learner, quality="Accredited by VIAA")
    for language in LANGUAGES:
        made = badge(one, language, BASE, ISSUER)
        subject, narrative = (
            made["credentialSubject"],
            made["credentialSubject"]["achievement"]["criteria"]["narrative"],
        )
        unit = one.snapshot["units"][0]
        assert subject["identifier"][0]["identityHash"] == learner.name
        assert unit["title"]["text"][language] in made["name"]
        assert made["issuer"]["address"]["addressCountryCode"] == "LV"
        assert made["issuer"]["name"] == one.snapshot["institution"]["title"]["text"][language]
        assert made["validFrom"].startswith("2022-10-13T")
        assert all(outcome["text"]["text"][language] in narrative for outcome in unit["outcomes"])
        assert "31" in narrative  # hours of the unit
        assert "5" in narrative
        assert unit["assessment"]["criteria"]["text"][language] in narrative
        assert all(
            mode["title"]["text"][language] in narrative
            for mode in one.snapshot["modes"]
            if unit["hours"][mode["id"]]["planned"]
        )
        assert "Accredited by VIAA" in narrative
        assert (subject["creditsEarned"], subject["achievement"]["creditsAvailable"]) == (1, 1)
        assert any(
            alignment["targetUrl"].startswith("http://data.europa.eu/esco/skill/")
            for alignment in subject["achievement"]["alignment"]
        )


def test_what_is_reconstructed_bears_its_sign_in_credentials_too(here: Place) -> None:
    one, _whole = unit_and_whole(here)
    made = badge(one, "en", BASE, ISSUER)
    assert made["name"].endswith("†")
    assert (
        "† illustrative: not part of an official curriculum"
        in made["credentialSubject"]["achievement"]["criteria"]["narrative"]
    )
    assert elm.upload(one, "en", BASE, b"")["credentialSubject"]["hasClaim"][0]["title"]["en"].endswith("†")


def test_a_greek_institution_is_in_gr_for_badges(here: Place) -> None:
    learner, coordinator = anna(here)
    one = issue(here, coordinator, learner, institution="EL-HOU")
    assert badge(one, "el", BASE, ISSUER)["issuer"]["address"]["addressCountryCode"] == "GR"


def test_a_signed_badge_verifies_with_the_published_key_and_says_who_and_when(here: Place) -> None:
    learner, coordinator = anna(here)
    one = issue(here, coordinator, learner)
    token = here.browser(learner).get(f"/record/papers/{one.number}/badge.jwt")
    assert token.mimetype == "application/vc+jwt"
    found = payload(token.data, here.app.test_client())
    assert found["iss"] == found["issuer"]["id"] == ISSUER
    assert found["jti"] == found["id"] == f"{BASE}/check/{one.number}"
    assert found["sub"] == found["credentialSubject"]["id"]
    assert found["nbf"] == int(one.issued_at.timestamp())
    assert here.app.test_client().get(ISSUER.removeprefix(BASE)).get_json(force=True)["id"] == ISSUER
    assert here.app.test_client().get(found["id"].removeprefix(BASE)).status_code == 200


def test_a_changed_byte_of_a_signed_badge_is_noticed(here: Place) -> None:
    learner, coordinator = anna(here)
    one = issue(here, coordinator, learner)
    token = here.browser(learner).get(f"/record/papers/{one.number}/badge.jwt").get_data(as_text=True)
    head, body, seal = token.split(".")
    said = json.loads(base64.urlsafe_b64decode(body + "=="))
    said["credentialSubject"]["creditsEarned"] = 16
    forged = base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()
    for changed in (
        f"{head}.{forged}.{seal}",
        f"{head}.{body}.{seal[:10]}{'A' if seal[10] != 'A' else 'B'}{seal[11:]}",
    ):
        with pytest.raises(jws.InvalidJWSSignature):
            payload(changed, here.app.test_client())


def test_a_learner_record_holds_each_validated_unit_as_a_signed_credential(here: Place) -> None:
    learner, coordinator = anna(here)
    whole = issue(here, coordinator, learner, "transcript")
    client = here.app.test_client()
    found = payload(here.browser(learner).get(f"/record/papers/{whole.number}/clr.jwt").data, client)
    assert found["type"] == ["VerifiableCredential", "ClrCredential"]
    assert found["partial"] is True
    inner = [payload(token, client) for token in found["credentialSubject"]["verifiableCredential"]]
    assert [one["credentialSubject"]["achievement"]["humanCode"] for one in inner] == ["BIB-U1"]
    assert inner[0]["iss"] == found["iss"]
    association = found["credentialSubject"]["association"][0]
    assert association["sourceId"] == inner[0]["credentialSubject"]["achievement"]["id"]


def test_two_awards_of_one_learner_can_not_be_joined_by_the_ids_in_their_credentials(here: Place) -> None:
    one, whole = unit_and_whole(here)
    made = badge(one, "en", BASE, ISSUER), parts(whole, "en", BASE, ISSUER)[0]
    subjects = {each["credentialSubject"]["id"] for each in made}
    ids = {elm.upload(each, "en", BASE, b"")["credentialSubject"]["id"] for each in (one, whole)}
    assert len(subjects) == len(ids) == 2


def test_the_form_to_be_sealed_lacks_only_what_sealing_adds(here: Place) -> None:
    learner, coordinator = anna(here)
    one = issue(here, coordinator, learner)
    answer = here.browser(learner).get(f"/record/papers/{one.number}/edc.json")
    unsealed = json.loads(answer.data)["credential"]
    assert "issued" not in unsealed and "eIDASIdentifier" not in unsealed["issuer"]
    sealed = elm.as_sealed(unsealed, "VATLV-00000000000", one.issued_at)
    assert set(sealed) - set(unsealed) == {"issued"}
    assert set(sealed["issuer"]) - set(unsealed["issuer"]) == {"eIDASIdentifier"}
    assert {key: value for key, value in sealed.items() if key not in ("issued", "issuer")} == {
        key: value for key, value in unsealed.items() if key != "issuer"
    }
    image = unsealed["displayParameter"]["individualDisplay"][0]["displayDetail"][0]["image"]["content"]
    assert base64.b64decode(image).startswith(b"\x89PNG")
    assert "seal" not in json.dumps(unsealed).lower()


@pytest.mark.parametrize(("hours", "written"), [(31, "PT31H"), (27.5, "PT27H30M"), (0.25, "PT0H15M"), (165, "PT165H")])
def test_hours_are_hours_and_never_months(hours: float, written: str) -> None:
    assert elm._duration(hours) == written


# Withdrawal


def bits(place: Place, number: int = 0) -> bytes:
    client = place.app.test_client()
    answer = client.get(f"/credentials/status/{number}")
    assert answer.status_code == 200 and "max-age" in answer.headers["Cache-Control"]
    found = payload(answer.data, client)
    subject = found["credentialSubject"]
    assert (subject["type"], subject["statusPurpose"]) == ("BitstringStatusList", "revocation")
    packed: str = subject["encodedList"]
    assert packed.startswith("u")
    return gzip.decompress(base64.urlsafe_b64decode(packed[1:] + "=" * (-len(packed[1:]) % 4)))


def is_set(found: bytes, index: int) -> bool:
    return bool(found[index // 8] >> (7 - index % 8) & 1)


def test_the_bit_of_an_award_is_set_once_it_is_withdrawn_and_no_other(place: Place) -> None:
    one, whole = unit_and_whole(place)
    learner = place.learner(one.learner_name)
    coordinator = place.holder("coordinator", name="Laima")
    assert not any(bits(place))
    withdraw(place, coordinator, learner, one.number)
    found = bits(place)
    assert len(found) * 8 == LIST_LENGTH
    assert is_set(found, one.status_index) and not is_set(found, whole.status_index)
    assert sum(byte.bit_count() for byte in found) == 1
    entry = badge(one, "en", BASE, ISSUER)["credentialStatus"]
    assert entry["statusListCredential"] == f"{BASE}/credentials/status/0"
    assert int(entry["statusListIndex"]) == one.status_index
    assert place.app.test_client().get("/credentials/status/1").status_code == 404


def test_what_a_newer_award_supersedes_is_not_valid_to_whoever_checks_it_and_stays_so(place: Place) -> None:
    """As a verifier sees it: a credential that was fetched while it stood names the list, and its place in it."""
    learner, coordinator = anna(place)
    first = issue(place, coordinator, learner)
    settings = place.wiring.settings
    token = FORMS["badge.jwt"].make(first, settings, "en")
    entry = payload(token, place.app.test_client())["credentialStatus"]
    assert (entry["type"], entry["statusPurpose"]) == ("BitstringStatusListEntry", "revocation")
    assert not is_set(bits(place), int(entry["statusListIndex"]))
    second = issue(place, coordinator, learner, name="Anna Married")
    found = bits(place)
    assert is_set(found, int(entry["statusListIndex"])) and not is_set(found, second.status_index)
    withdraw(place, coordinator, learner, second.number)
    assert is_set(bits(place), int(entry["statusListIndex"]))  # what was superseded does not come back
    withdraw(place, coordinator, learner, first.number)
    assert sum(byte.bit_count() for byte in bits(place)) == 2


@given(st.sets(st.integers(0, 799), max_size=40))
def test_a_list_holds_just_the_places_that_were_set(places: set[int]) -> None:
    packed = status_list.encode(places, 800)[1:]
    found = gzip.decompress(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
    assert {index for index in range(800) if is_set(found, index)} == places


def test_credentials_are_made_of_what_is_valid_alone(here: Place, settings: Settings) -> None:
    learner, coordinator = anna(here)
    first = issue(here, coordinator, learner)
    second = issue(here, coordinator, learner, name="Anna Married")
    papers = ["paper.pdf", "supplement.pdf"]
    assert [one.name for one in forms_of(award(here, first.number), settings)] == papers
    assert [one.name for one in forms_of(second, settings)] == [*papers, "badge.jwt", "edc.json"]
    assert here.browser(learner).get(f"/record/papers/{first.number}/badge.jwt").status_code == 404
    withdraw(here, coordinator, learner, second.number)
    assert here.browser(learner).get(f"/record/papers/{second.number}/edc.json").status_code == 404


def test_what_was_only_assessed_makes_no_credential(here: Place, settings: Settings) -> None:
    from tests.ecvet.test_decisions import decide

    coordinator, learner = here.holder("coordinator"), here.learner("Anna", "CECO")
    here.demonstrates_u1(learner)
    decide(here, coordinator, learner, "assess")
    whole = issue(here, coordinator, learner, "transcript")
    assert [one.name for one in forms_of(whole, settings)] == ["paper.pdf", "supplement.pdf"]


def test_only_the_learner_and_who_issues_get_credentials(here: Place) -> None:
    learner, coordinator = anna(here)
    one = issue(here, coordinator, learner)
    mine, theirs = f"/record/papers/{one.number}", f"/programme/CECO/learner/{learner.person}/papers/{one.number}"
    other = here.learner("Boris", "CECO")
    for form in ("badge.jwt", "edc.json"):
        assert here.browser(coordinator).get(f"{theirs}/{form}").status_code == 200
        for who in (None, other, here.holder("mentor")):
            for path in (mine, theirs):
                assert here.browser(who).get(f"{path}/{form}").status_code in {401, 403, 404}


# Keys


def test_a_folder_that_can_not_hold_keys_is_told_of(here: Place, tmp_path: Path) -> None:
    one, _whole = unit_and_whole(here)
    (tmp_path / "file").write_text("no folder")
    with here.app.test_request_context("/"), pytest.raises(Exception, match="PAPERS-KEYS"):
        file(one, "badge.jwt", replace(here.wiring.settings, keys_dir=tmp_path / "file"))


def test_keys_and_issuers_that_are_not_there_are_not_found(here: Place) -> None:
    client = here.app.test_client()
    assert client.get("/credentials/keys/none").status_code == 404
    assert client.get("/credentials/issuers/none").status_code == 404
    assert {one["kty"] for one in client.get("/credentials/keys").get_json()["keys"]} == {"RSA", "OKP"}


# Proofs


def test_base58_is_that_of_bitcoin() -> None:
    """Examples of draft-msporny-base58-03, 5."""
    assert base58(b"Hello World!") == "z2NEpo7TZRRrLZSi2U"
    assert base58(bytes.fromhex("0000287fb4cd")) == "z11233QC4"
    assert base58(b"") == "z"


NOTE = {
    "@context": [V2],
    "id": "urn:x",
    "type": ["VerifiableCredential"],
    "issuer": "did:key:x",
    "validFrom": "2026-01-01T00:00:00Z",
    "credentialSubject": {"id": "urn:y"},
}


def verify(document: dict[str, Any], signer: keys.CredentialKeys, load: contexts.Loader) -> None:
    """Raises InvalidSignature: the suite's way back, in a few lines."""
    (seal,) = document["proof"]
    options = {"@context": document["@context"], **{key: seal[key] for key in seal if key != "proofValue"}}
    bare = {key: value for key, value in document.items() if key != "proof"}
    value = 0
    for sign in seal["proofValue"][1:]:
        value = value * 58 + multikey._BASE58.index(sign)
    signer.ed25519.public_key().verify(
        value.to_bytes(64, "big"), proof.digest(options, load) + proof.digest(bare, load)
    )


def test_a_proof_holds_for_the_document_and_for_no_other(here: Place, tmp_path: Path) -> None:
    load, signer = contexts.loader(contexts.at_hand(tmp_path)), open_keys(tmp_path)
    made = proof.with_proof(NOTE, signer, here.clock(), load)
    verify(made, signer, load)
    for changed in ({**made, "credentialSubject": {"id": "urn:z"}}, {**made, "validFrom": "2026-01-02T00:00:00Z"}):
        with pytest.raises(InvalidSignature):
            verify(changed, signer, load)
    stranger = replace(signer, ed25519=Ed25519PrivateKey.generate())
    with pytest.raises(InvalidSignature):
        verify(made, stranger, load)


def test_a_term_that_no_context_defines_is_not_signed_over_in_silence(here: Place, tmp_path: Path) -> None:
    load, signer = contexts.loader(contexts.at_hand(tmp_path)), open_keys(tmp_path)
    with pytest.raises(ValueError, match="OfMine"):
        proof.with_proof({**NOTE, "type": ["VerifiableCredential", "OfMine"]}, signer, here.clock(), load)
    with pytest.raises(ValueError, match="pointsOfMine"):
        proof.with_proof({**NOTE, "pointsOfMine": 16}, signer, here.clock(), load)


def test_contexts_are_taken_by_what_they_hold_and_never_from_the_network(tmp_path: Path) -> None:
    bundled = contexts.at_hand(tmp_path)
    assert set(bundled) == {V2}, "the context of Open Badges is not shipped"
    (tmp_path / "context-3.0.3.json").write_text(json.dumps({"@context": {"forged": "urn:x"}}))
    (tmp_path / "broken.json").write_text("{")
    shutil.copytree(tmp_path, tmp_path / "below.json")
    assert set(contexts.at_hand(tmp_path)) == {V2}
    with pytest.raises(LookupError):
        contexts.loader(bundled)("https://example.org/context.json")
    shuffled = {"b": [1, {"d": "ķ", "c": 2}], "a": None}
    assert contexts.fingerprint(shuffled) == contexts.fingerprint(json.loads(json.dumps(shuffled, sort_keys=True)))


def test_badges_with_a_proof_are_offered_only_where_the_contexts_are(here: Place, settings: Settings) -> None:
    one, _whole = unit_and_whole(here)
    assert "badge.json" not in {form.name for form in forms_of(one, settings)}
    assert set(FORMS) >= {"badge.jwt", "badge.json", "clr.jwt", "edc.json"}
    assert claims(badge(one, "lv", BASE, ISSUER))["iss"] == ISSUER
