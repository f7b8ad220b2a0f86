"""Papers: seconds and memory of a transcript as PDF; credentials signed per second of CPU. Prints, asserts nothing.

    .venv/bin/python -m tests.bench.bench_papers

The proofs need the JSON-LD context of Open Badges in LTI_TOOL_CONTEXTS_DIR; without it they are made of a credential
that needs none, which is told.
"""

from __future__ import annotations

import os
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pyld import jsonld

import lti_tool.db
from lti_tool.i18n import LANGUAGES
from lti_tool.papers.award import Award
from lti_tool.papers.badge import OB3, badge, claims
from lti_tool.papers.canonical import canonical
from lti_tool.papers.contexts import at_hand, loader
from lti_tool.papers.elm import upload
from lti_tool.papers.keys import open_keys
from lti_tool.papers.proof import with_proof
from lti_tool.papers.transcript import transcript
from lti_tool.papers.typeset import pdf
from tests.conftest import Clock
from tests.learning import open_place
from tests.papers.conftest import anna, issue

BASE = "https://ecvet.example.org"
JWTS, PROOFS, PAPERS, UPLOADS = 1000, 200, 20, 1000
ISSUER = f"{BASE}/credentials/issuers/LV-KISC"


def megabytes() -> float:
    """The most memory that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measured(what: str, count: int, work: Callable[[int], Any]) -> float:
    """Prints how long it took; how often it is done in a second of CPU."""
    wall, cpu = time.perf_counter(), time.process_time()
    for number in range(count):
        work(number)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{what:<46} {count:>5}  {wall:7.2f} s  {cpu:7.2f} s of CPU  {count / cpu:8.0f} a second of CPU")
    return count / cpu


def awards(folder: Path) -> tuple[Award, Award]:
    url = f"sqlite:///{folder / 'bench.sqlite3'}"
    lti_tool.db.upgrade(url)
    engine = lti_tool.db.open_engine(url)
    place = open_place(engine, Clock(datetime(2022, 10, 13, 9, 30, tzinfo=UTC)))
    learner, coordinator = anna(place)
    made = issue(place, coordinator, learner), issue(place, coordinator, learner, "transcript")
    engine.dispose()
    return made


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        unit, whole = awards(folder)
        keys = open_keys(folder)
        contexts = at_hand(Path(os.environ.get("LTI_TOOL_CONTEXTS_DIR", "contexts")))
        before = megabytes()
        started = time.perf_counter()
        first = pdf(transcript(whole, "en", BASE, ""))
        print(
            f"first transcript: {time.perf_counter() - started:.3f} s, {len(first) / 1024:.0f} kB; "
            f"memory {before:.0f} MB before, {megabytes():.0f} MB after"
        )
        languages = list(LANGUAGES)
        measured(
            "transcripts as PDF/UA-1, five languages",
            PAPERS,
            lambda number: pdf(transcript(whole, languages[number % 5], BASE, "")),
        )
        print(f"memory after {PAPERS} more: {megabytes():.0f} MB")
        measured(
            "Open Badges as VC-JWT (RS256)", JWTS, lambda _n: keys.jwt(claims(badge(unit, "en", BASE, ISSUER)), BASE)
        )
        bare: dict[str, Any] = badge(unit, "en", BASE, keys.did)
        del bare["credentialSchema"]
        said = "Open Badges with a proof (eddsa-rdfc-2022)"
        if OB3 not in contexts:
            said = "small credentials with a proof (no OB context)"
            bare = {
                "@context": bare["@context"][:1],
                "id": bare["id"],
                "type": ["VerifiableCredential"],
                "issuer": keys.did,
                "validFrom": bare["validFrom"],
                "credentialSubject": {"id": bare["credentialSubject"]["id"]},
            }
        load = loader(contexts)
        measured(
            said, PROOFS, lambda number: with_proof({**bare, "id": f"{bare['id']}{number}"}, keys, unit.issued_at, load)
        )
        document = {**bare, "id": f"{bare['id']}x"}
        options = {"algorithm": "URDNA2015", "format": "application/n-quads", "documentLoader": load}
        alone = measured(
            "their canonical RDF, by PyLD alone", PROOFS, lambda _n: jsonld.normalize(dict(document), dict(options))
        )
        kept = measured("their canonical RDF, contexts kept", PROOFS, lambda _n: canonical(document, load))
        print(f"contexts kept: {kept / alone:.1f} times as many")
        measured("European Digital Credentials, unsealed", UPLOADS, lambda _n: upload(whole, "en", BASE, b""))
        print(f"memory at the end: {megabytes():.0f} MB")


if __name__ == "__main__":
    main()
