"""Files that were sent: what a killed process leaves is cleared away, and nothing but the file itself is opened."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from time import time
from uuid import UUID, uuid4

import pytest

from skeldir.users import new_token
from skeldir.web import Uploads
from skeldir.web.uploads import HELD_S, UploadUnknown


@dataclass(frozen=True)
class Named:
    """What an upload asks of a tenant's profile, or of a session."""

    tenant_id: UUID
    user_id: UUID


@dataclass(frozen=True)
class Somebody:
    """A member of some tenant."""

    profile: Named
    session: Named


@pytest.fixture
def member() -> Somebody:
    one = Named(uuid4(), uuid4())
    return Somebody(one, one)


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Uploads:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return Uploads(1_048_576)


def leave(uploads: Uploads, member: Somebody, target: Path) -> tuple[str, Path]:
    """Leave a link, as a process that received a file does, and return its token and folder."""
    token = new_token()
    folder = uploads.folder / f"{token}.{member.profile.tenant_id}.{member.session.user_id}"
    folder.mkdir(mode=0o700)
    (folder / "orders.csv").symlink_to(target)
    return token, folder


def test_the_folder_is_only_for_its_user_and_never_somebody_elses(
    uploads: Uploads, tmp_path: Path
) -> None:
    assert uploads.folder.stat().st_mode & 0o077 == 0
    uploads.folder.chmod(0o777)
    assert Uploads(1_048_576).folder != uploads.folder
    uploads.folder.rmdir()
    uploads.folder.symlink_to(tmp_path)
    assert Uploads(1_048_576).folder not in (uploads.folder, tmp_path)


def test_what_a_killed_process_left_is_cleared_away(uploads: Uploads, member: Somebody) -> None:
    gone = Path(f"/proc/{2**22 + 1}/fd/3")
    _, fresh = leave(uploads, member, gone)
    _, old = leave(uploads, member, gone)
    an_hour_ago = time() - 2 * HELD_S
    os.utime(old, (an_hour_ago, an_hour_ago))
    uploads.drop_old()
    assert fresh.is_dir()
    assert not old.exists()


def test_a_link_that_leads_to_another_file_by_now_is_not_followed(
    uploads: Uploads, member: Somebody, tmp_path: Path
) -> None:
    other = tmp_path / "other.csv"
    other.write_text("of somebody else")
    token, _ = leave(uploads, member, other)
    with pytest.raises(UploadUnknown):
        uploads.find(token, member)  # type: ignore[arg-type]  # it has all that is asked of a member
