"""Every line of docs/api.md and of the README's example, run by a shell against a real service, does what is shown."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.support.documents.generated import DOCS, ROOT
from tests.support.embedded import short_place
from tests.support.service import SKELDIR, Service, running_service

GUIDE = (DOCS / "api.md").read_text(encoding="utf-8")
ENDS = "---- the end of a block ----"
# It takes a service of its own, which one worker starts once.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("api_guide")]


@dataclass(frozen=True, slots=True)
class Block:
    """Lines for a shell and, where the guide shows it, what they print."""

    lines: str
    shown: str | None
    language: str | None


def blocks() -> list[Block]:
    """Return the blocks of the guide, without the first, which starts the service."""
    found = re.findall(r"^```(\w+)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    read = []
    for (language, text), following in zip(found, [*found[1:], ("", "")], strict=True):
        if language == "sh":
            shows = following[0] in {"json", "text"}
            read.append(Block(text, *(following[::-1] if shows else (None, None))))
    first, *rest = read
    assert first.lines.startswith("make up ")
    return rest


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with short_place() as place, running_service(place / "home", words=("--processes", "1")) as up:
        yield up


def run_lines(service: Service, lines: str) -> str:
    """Run lines of a document by one shell, which stops at the first that fails; return what they print."""
    lines = lines.replace("127.0.0.1:8000", service.base.removeprefix("http://"))
    done = subprocess.run(
        ["/bin/bash", "-euc", lines.replace(".venv/bin/skeldir", shlex.join(SKELDIR))],
        env=dict(service.environment),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def printed(service: Service) -> list[str]:
    """What each block prints, in one shell."""
    lines = f"\necho; echo '{ENDS}'\n".join(block.lines for block in blocks())
    return [part.strip() for part in run_lines(service, lines).split(ENDS)]


@pytest.mark.parametrize("place", range(len(blocks())), ids=lambda place: f"block-{place}")
def test_a_block_prints_what_the_guide_shows(printed: list[str], place: int) -> None:
    block = blocks()[place]
    if block.language == "json":
        assert block.shown is not None
        assert without_what_varies(
            json.loads(printed[place]), json.loads(block.shown)
        ) == json.loads(block.shown)
    elif block.shown is not None:
        assert printed[place] == block.shown.strip()
    elif "curl" in block.lines:
        assert "correlation_id" not in json.loads(printed[place]), "the block shows an error"


def without_what_varies(found: object, shown: object) -> object:
    """Return `found` with "…" wherever the guide shows that."""
    if shown == "…":
        return shown
    if isinstance(found, dict) and isinstance(shown, dict):
        return {name: without_what_varies(value, shown.get(name)) for name, value in found.items()}
    return found


def test_the_example_of_the_readme_runs(service: Service) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (lines,) = re.findall(r"^```sh\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    shown = run_lines(
        service, lines.replace("My shop", "Shop of the README").replace("curl ", "curl --silent ")
    )
    assert shown.count('"accepted":1,"duplicates":0,"rejected":[]') == 2
    assert '"model_versions":{"last_touch":"last_touch@1"}' in shown
    assert '"order_id":"991"' in shown


def test_every_route_that_the_guide_names_exists() -> None:
    contract = json.loads((DOCS / "openapi.json").read_text(encoding="utf-8"))
    named = set(re.findall(r"(?:\$API|GET )(/v1/[a-z/-]+)", GUIDE))
    known = {path.partition("{")[0].rstrip("/") for path in contract["paths"]}
    assert len(named) >= 8
    assert {path for path in named if not any(path.startswith(one) for one in known)} == set()
