"""Files that learners hand in: kept below DATA_DIR under the hash of their content, never under a name of theirs.

What a file says it is counts for nothing: its first bytes decide, and only a few kinds are taken. It leaves again as a
download, never as something that a browser shows or runs. Nobody looks for viruses here.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Final
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.db import UTCDateTime, metadata
from lti_tool.errors import N_, BadInput

MOST_BYTES: Final = 10 * 1024 * 1024
"""Of one file."""
MOST_FILES: Final = 5
"""In one form."""
PAPERS: Final = ("pdf", "png", "jpg")
"""What a certificate may be."""
WORK: Final = (*PAPERS, "docx", "odt", "pptx", "odp", "xlsx", "ods", "zip", "txt")
"""What project work may be."""
_TYPES: Final[Mapping[str, str]] = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "odt": "application/vnd.oasis.opendocument.text",
    "odp": "application/vnd.oasis.opendocument.presentation",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "zip": "application/zip",
    "txt": "text/plain",
}
_BEGIN: Final = {"pdf": b"%PDF-", "png": b"\x89PNG\r\n\x1a\n", "jpg": b"\xff\xd8\xff"}
_ZIP: Final = b"PK\x03\x04"
_PIECE: Final = 64 * 1024
_LEFT_BEHIND: Final = 24 * 3600
"""Seconds after which content that no row names is not on its way to one."""

files = sa.Table(
    "files",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("name", sa.String(255), nullable=False),  # as the learner called it, for the download alone
    sa.Column("media_type", sa.String(128), nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("actor_key", sa.String, nullable=False),
    sa.Column("uploaded_at", UTCDateTime, nullable=False),
    sa.Index("ix_files_actor_key", "actor_key"),
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A file whose content is in its place on the disk, and in no table yet."""

    sha256: str
    name: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class File:
    """A file that somebody handed in."""

    id: str
    sha256: str
    name: str
    media_type: str
    size: int
    actor_key: str
    uploaded_at: datetime


def keep(folder: Path, stream: IO[bytes], name: str, kinds: Collection[str]) -> Kept:
    """The content lies below `folder` under its hash; the same content lies there once.

    To be called outside of any transaction. Raises BadInput (ECVET-FILE, ECVET-FILE-KIND, ECVET-FILE-SIZE).
    """
    folder.mkdir(parents=True, exist_ok=True)
    digest, size, head = hashlib.sha256(), 0, b""
    handle, draft = tempfile.mkstemp(dir=folder, prefix="draft-")
    try:
        with os.fdopen(handle, "wb") as out:
            while piece := stream.read(_PIECE):
                size += len(piece)
                if size > MOST_BYTES:
                    raise BadInput(
                        "ECVET-FILE-SIZE", N_("This file is too large."), N_("A file may have 10 MB at most.")
                    )
                head = head or piece
                digest.update(piece)
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        if not size:
            raise BadInput("ECVET-FILE", N_("A file is missing."), N_("Choose it again."))
        kind = _kind(name, head, kinds)
        place = path(folder, digest.hexdigest())
        place.parent.mkdir(exist_ok=True)
        Path(draft).replace(place)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    return Kept(digest.hexdigest(), _clean(name, kind), _TYPES[kind], size)


def path(folder: Path, sha256: str) -> Path:
    """Where content with this hash lies."""
    return folder / sha256[:2] / sha256


def add(conn: Connection, kept: Kept, actor_key: str, now: datetime) -> str:
    """The file belongs to the learner; its id."""
    id = str(uuid4())
    conn.execute(
        files.insert().values(
            id=id,
            sha256=kept.sha256,
            name=kept.name,
            media_type=kept.media_type,
            size=kept.size,
            actor_key=actor_key,
            uploaded_at=now,
        )
    )
    return id


def get(conn: Connection, ids: Collection[str]) -> dict[str, File]:
    """The files with these ids, by id."""
    if not ids:
        return {}
    rows = conn.execute(sa.select(files).where(files.c.id.in_(sorted(ids))))
    return {
        row.id: File(row.id, row.sha256, row.name, row.media_type, row.size, row.actor_key, row.uploaded_at)
        for row in rows
    }


def sweep(conn: Connection, folder: Path, told: Collection[str], now: datetime) -> int:
    """Content of these hashes that is nobody's any more is deleted from the disk; so is what a day or longer no row
    names, which somebody who was interrupted left behind. How many files went. To be called when rows are committed.
    """
    there = {one.name: one for one in folder.glob("*/*")} | {one.name: one for one in folder.glob("draft-*")}
    old = {name for name, one in there.items() if one.stat().st_mtime < now.timestamp() - _LEFT_BEHIND}
    wanted = sorted((set(told) | old) & set(there))
    needed: set[str] = set()
    for start in range(0, len(wanted), 500):
        some = files.c.sha256.in_(wanted[start : start + 500])
        needed |= set(conn.scalars(sa.select(files.c.sha256).where(some)))
    for name in wanted:
        if name not in needed:
            there[name].unlink(missing_ok=True)
    return len(set(wanted) - needed)


def _kind(name: str, head: bytes, kinds: Collection[str]) -> str:
    """What the content is, by its first bytes; the name only tells one office document from another."""
    ending = name.rpartition(".")[2].lower()
    ending = "jpg" if ending == "jpeg" else ending
    found = next((kind for kind, begin in _BEGIN.items() if head.startswith(begin)), "")
    if not found and head.startswith(_ZIP) and ending in _TYPES and ending not in (*_BEGIN, "txt"):
        found = ending
    if not found and ending == "txt" and b"\0" not in head:
        found = "txt"
    if found not in kinds:
        raise BadInput(
            "ECVET-FILE-KIND",
            N_("Files of this kind are not taken."),
            N_("These are: %(kinds)s."),
            params={"kinds": ", ".join(kinds)},
        )
    return found


def _clean(name: str, kind: str) -> str:
    """The name without folders and without what a header or a file system could stumble over."""
    bare = name.replace("\\", "/").rpartition("/")[2]
    stem = bare.rpartition(".")[0] if "." in bare else bare
    stem = "".join(one for one in stem if one.isprintable() and one not in '"<>:|?*/').strip(" .")
    return f"{stem[:120] or 'file'}.{kind}"
