"""The files of the keys that sign credentials: PEM in `credentials/` below KEYS_DIR, each in the state its name tells.

    current-<kind>-<kid>.pem                  signs
    next-<kind>-<kid>.pem                     published already, will sign after the next rotation
    retired-<time>-<kind>-<kid>.pem           signed once; the public half alone, published for good
    withdrawn-<time>-<kind>-<kid>.pem         the public half alone, published no more

Of several current keys of a kind the newest signs, and the others are published.
Kinds are rs256 (JWTs) and ed25519 (proofs). A credential is checked years after it was made, so a retired key is not
taken off the key set as those of LTI are (lti_tool/launch/keys.py). Its private half is gone: nothing new can be signed
with it, whoever reads the folder or an old copy of it made after the rotation. Renames are atomic.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal, get_args

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key

from lti_tool.launch.keys import BITS, jwk_of
from lti_tool.papers.multikey import okp_of

Kind = Literal["rs256", "ed25519"]
State = Literal["current", "next", "retired", "withdrawn"]
Private = RSAPrivateKey | Ed25519PrivateKey
Public = RSAPublicKey | Ed25519PublicKey

FOLDER: Final = "credentials"
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
STATES: Final[tuple[State, ...]] = get_args(State)
SETTLED: Final = timedelta(days=1)
"""After so long whoever keeps the key set has fetched the one with the next key (it is served to be kept 5 minutes)."""
_STAMP: Final = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A key as the name of its file tells. `since`: when it was made, retired or withdrawn."""

    kid: str
    kind: Kind
    state: State
    name: str
    since: datetime


def list_keys(folder: Path) -> list[KeyFile]:
    """The keys in the folder: current ones (the newest first, for it signs), next, retired, withdrawn.

    Raises ValueError for a PEM file whose name tells no state."""
    found = [_read(path) for path in folder.glob("*.pem")] if folder.is_dir() else []
    return sorted(found, key=lambda one: (STATES.index(one.state), -one.since.timestamp(), one.name))


def _read(path: Path) -> KeyFile:
    state, _dash, rest = path.stem.partition("-")
    if state in KINDS:  # as they were called before there were states
        state, rest = "current", path.stem
    stamp, _dash, after = rest.partition("-") if state in ("retired", "withdrawn") else ("", "", rest)
    kind, _dash, kid = after.partition("-")
    if state not in STATES or kind not in KINDS or not kid:
        raise ValueError(f"{path.name} is no name of a key")
    if stamp:
        since = datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
    else:
        since = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return KeyFile(kid, kind, state, path.name, since)


def load_private(path: Path) -> Private:
    """A key that signs. Raises ValueError."""
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise ValueError(f"{path.name} holds a key of another kind")
    return key


def load_public(path: Path, state: State) -> Public:
    """The public half of a key in any state. Raises ValueError."""
    if state in ("current", "next"):
        return load_private(path).public_key()
    key = serialization.load_pem_public_key(path.read_bytes())
    if not isinstance(key, RSAPublicKey | Ed25519PublicKey):
        raise ValueError(f"{path.name} holds a key of another kind")
    return key


def make_first(folder: Path) -> bool:
    """There is a current and a next key of each kind; False where the current ones were there, and are left alone."""
    there = {(one.state, one.kind) for one in list_keys(folder)}
    missing = [kind for kind in KINDS if ("current", kind) not in there]
    for state in ("current", "next"):
        for kind in KINDS:
            if (state, kind) not in there:
                _make(folder, state, kind)
    return bool(missing)


def rotate(folder: Path, now: datetime) -> timedelta | None:
    """The next keys sign, the current ones are retired, new next ones are published.

    The answer is for how long the keys that sign now had been published; None where one was made just now.
    """
    there = list_keys(folder)
    ages: list[timedelta | None] = []
    for kind in KINDS:
        of_kind = [one for one in there if one.kind == kind]
        coming = next((one for one in of_kind if one.state == "next"), None)
        ages.append(now - coming.since if coming else None)
        name = coming.name if coming else _make(folder, "next", kind)
        # First the new one, then the old one away: at no moment is there nothing to sign with.
        os.utime(folder / name, (now.timestamp(), now.timestamp()))
        (folder / name).rename(folder / name.replace("next-", "current-", 1))
        for one in of_kind:
            if one.state == "current":
                _put_away(folder, one, "retired", now)
        _make(folder, "next", kind)
    known = [age for age in ages if age is not None]
    return min(known) if len(known) == len(ages) else None


def withdraw(folder: Path, kid: str, now: datetime) -> KeyFile | None:
    """A retired key is published no more, so that nothing it signed verifies by the key set; None where there is no
    retired key of this name."""
    found = next((one for one in list_keys(folder) if one.kid == kid and one.state == "retired"), None)
    if found is not None:
        (folder / found.name).rename(folder / f"withdrawn-{_stamp(now)}-{found.kind}-{found.kid}.pem")
    return found


def describe(keys: Iterable[KeyFile]) -> list[dict[str, str]]:
    """The keys as `credentials keys list --json` prints them."""
    return [
        {"kid": one.kid, "kind": one.kind, "state": one.state, "since": one.since.isoformat(timespec="seconds")}
        for one in keys
    ]


def published(keys: Sequence[KeyFile]) -> list[KeyFile]:
    """Those in the key set."""
    return [one for one in keys if one.state != "withdrawn"]


def _put_away(folder: Path, one: KeyFile, state: State, now: datetime) -> None:
    """The public half stays, under the name of its new state; then the private half goes."""
    public = load_public(folder / one.name, one.state)
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    _write(folder, f"{state}-{_stamp(now)}-{one.kind}-{one.kid}.pem", pem)
    (folder / one.name).unlink()


def _make(folder: Path, state: State, kind: Kind) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    key: Private
    if kind == "rs256":
        key = generate_private_key(public_exponent=65537, key_size=BITS)
        kid = jwk_of(key.public_key())["kid"]
    else:
        key = Ed25519PrivateKey.generate()
        kid = okp_of(key.public_key())["kid"]
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return _write(folder, f"{state}-{kind}-{kid}.pem", pem)


def _write(folder: Path, name: str, pem: bytes) -> str:
    draft = folder / f".{name}.{os.getpid()}"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(pem)
    draft.rename(folder / name)  # nobody reads half a key
    return name


def _stamp(now: datetime) -> str:
    return now.astimezone(UTC).strftime(_STAMP)
