"""`prove --twins`: the proof must see each fault of the table, by exactly the checks that name it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep

from proof.checkout import git, git_environment, python_path, read_commit
from proof.evidence.pack import DATA, write_pack
from proof.evidence.records import Evidence, read_evidence, read_file
from proof.evidence.verdicts import judge
from proof.mutants.faults import TWINS
from proof.mutants.seeding import Patch, Twin
from proof.registry import GATES
from proof.stage.ground import one_interruption
from skeldir.errors import InputInvalid, SkeldirError

_AUTHOR = ("-c", "user.name=twin", "-c", "user.email=twin@example.invalid")
_AT_ONCE = 2
_LONGEST_S = 900
_ENDING_S = 90
_VERIFY_S = 120
_PAUSE_S = 0.1
_TAIL = 1_500
_CODE = re.compile(r"^([a-z_]+): ", re.MULTILINE)
# A pack of one hypothesis lacks the others, and verify reports that of each.
_REPORTED_OF_EVERY_PACK = {"verify: check_missing"}


class TwinUnmade(SkeldirError):
    """A twin could not be made or proven, so that nothing is known about its fault."""

    code = "twin_unmade"
    status = 500
    title = "The twin could not be made"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a twin: the checks that turned red, the gates that fail, and whether there was other trouble."""

    twin: Twin
    red: frozenset[str] = frozenset()
    gates: frozenset[str] = frozenset()
    seconds: float = 0.0
    trouble: str = ""

    @property
    def is_caught(self) -> bool:
        """Whether exactly the checks turned red that must, and exactly the gates fail that require them."""
        return not self.trouble and self.red == self.twin.red and self.gates == _gates_of(self.twin)


def _gates_of(twin: Twin) -> frozenset[str]:
    hypotheses = {name.partition("/")[0] for name in twin.red}
    return frozenset(gate.name for gate in GATES if hypotheses & {*gate.requires})


def choose_twins(names: Iterable[str]) -> list[Twin]:
    """Return the twins of these names, or all of them.

    Raises:
        InputInvalid: there is none of a name.
    """
    wanted = set(names)
    if unknown := sorted(wanted - {twin.name for twin in TWINS}):
        raise InputInvalid(
            f"There is no twin {', '.join(unknown)}.",
            cure=f"Use one of {', '.join(twin.name for twin in TWINS)}.",
        )
    return [twin for twin in TWINS if not wanted or twin.name in wanted]


def make_copy(root: Path, folder: Path, twin: Twin) -> Path:
    """Check out the commit of `root` in `folder`, put the twin's fault in, and commit it if it must be.

    The objects of the commit stay where they are; nothing at `root` is written.

    Raises:
        TwinUnmade: a patch does not fit the commit, or git failed.
    """
    try:
        commit = read_commit(root).commit
        folder.mkdir(parents=True)
        kind = "sha1" if len(commit) == len("a" * 40) else "sha256"
        git(folder, "init", "--quiet", f"--object-format={kind}")
        objects = (root / git(root, "rev-parse", "--git-path", "objects")).resolve()
        (folder / ".git/objects/info/alternates").write_text(f"{objects}\n", encoding="utf-8")
        git(folder, "reset", "--quiet", "--hard", commit)
        for patch in twin.patches:
            apply(patch, folder)
        if twin.patches and twin.is_committed:
            git(folder, *_AUTHOR, "commit", "--quiet", "--all", f"--message={twin.fault}")
    except (OSError, subprocess.SubprocessError) as fault:
        why = fault.stderr.strip() if isinstance(fault, subprocess.CalledProcessError) else fault
        raise TwinUnmade(
            f"The copy for {twin.name} could not be made: {why}.",
            cure="See that git works on this checkout and that there is room for a copy of it.",
        ) from fault
    return folder.resolve()


def apply(patch: Patch, root: Path) -> None:
    """Put a patch into the checkout at `root`.

    Raises:
        TwinUnmade: its text does not stand exactly once in its file.
    """
    path = root / patch.path
    before = path.read_text(encoding="utf-8")
    if (count := before.count(patch.text)) != 1:
        raise TwinUnmade(
            f"{patch.path} holds the text of a patch {count} times: {patch.text.strip()[:60]!r}.",
            cure="Bring proof/mutants/faults.py and credit_faults.py up to date with the program.",
        )
    path.write_text(before.replace(patch.text, patch.instead), encoding="utf-8")


@dataclass(slots=True)
class _Run:
    """The proof of a twin, in a process of its own."""

    twin: Twin
    place: Path
    began: float = field(default_factory=monotonic)
    process: subprocess.Popen[bytes] | None = None
    trouble: str = ""

    @property
    def folder(self) -> Path:
        return self.place / self.twin.name

    @property
    def copy(self) -> Path:
        return self.folder / "copy"

    @property
    def pack(self) -> Path:
        return self.folder / "pack"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def start(self, root: Path) -> None:
        make_copy(root, self.copy, self.twin)
        only = [word for name in self.twin.runs for word in ("--only", name)]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own command
                [*_SKELDIR, "prove", "--ci", "--out", str(self.pack), *only],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # An interruption reaches it by us, once.
                start_new_session=True,
            )

    def has_ended(self) -> bool:
        """Say whether the proof has ended; one that takes too long is ended here."""
        if self.process is None or self.process.poll() is not None:
            return True
        if monotonic() - self.began > _LONGEST_S:
            self.end()
        return False

    def end(self) -> None:
        """Have the proof end, and clean up after itself."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(_ENDING_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def read(self) -> Outcome:
        """Read what the proof found, and what `verify` reports if the evidence is to be edited.

        Raises:
            SkeldirError: there is no evidence.
        """
        evidence = self._read_evidence()
        red, gates = _red(evidence), _failed(evidence)
        if self.twin.edit is not None:
            if refusals := (red | self._verify()) - _REPORTED_OF_EVERY_PACK:
                raise TwinUnmade(
                    f"{', '.join(sorted(refusals))} before anything was edited.",
                    cure="Prove the commit without twins first.",
                )
            write_pack(self.pack, self.twin.edit(evidence))
            red = self._verify() - _REPORTED_OF_EVERY_PACK
        return Outcome(self.twin, red, gates, monotonic() - self.began)

    def _read_evidence(self) -> Evidence:
        if not (self.pack / DATA).exists():
            printed = self.log.read_text(encoding="utf-8", errors="replace")[-_TAIL:]
            raise TwinUnmade(
                f"Its proof ended without evidence:\n{printed}",
                cure="Prove the commit without twins first.",
            )
        return judge(read_evidence(read_file(self.pack, DATA)))

    def _verify(self) -> frozenset[str]:
        done = subprocess.run(  # noqa: S603 - our own command
            [*_SKELDIR, "verify", str(self.pack)],
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=_VERIFY_S,
            check=False,
        )
        codes = frozenset(f"verify: {code}" for code in _CODE.findall(done.stderr))
        return codes if done.returncode else frozenset()

    def _environment(self) -> dict[str, str]:
        return {
            **git_environment(self.copy),
            "HOME": str(self.folder),
            "TMPDIR": tempfile.gettempdir(),
            "PYTHONPATH": python_path(self.copy),
        }


_SKELDIR = (sys.executable, "-m", "skeldir.cli")


def _red(evidence: Evidence) -> frozenset[str]:
    return frozenset(
        check.name
        for hypothesis in evidence.hypotheses
        for check in hypothesis.checks
        if check.verdict != "PROVEN"
    )


def _failed(evidence: Evidence) -> frozenset[str]:
    return frozenset(gate.name for gate in evidence.gates if gate.verdict == "FAIL")


def prove_twins(
    root: Path,
    twins: Sequence[Twin],
    *,
    report: Callable[[str], None] = lambda _: None,
) -> list[Outcome]:
    """Make each twin of the commit at `root`, prove it, and return the outcomes, in the order of `twins`.

    Nothing is written at `root`, and nothing is left, even after an interruption. `report` gets a line for each twin.
    """
    outcomes: dict[str, Outcome] = {}
    waiting = deque(twins)
    with one_interruption(), tempfile.TemporaryDirectory(prefix="skt-") as place, _runs() as runs:
        while waiting or runs:
            while waiting and len(runs) < _AT_ONCE:
                runs.append(_Run(waiting.popleft(), Path(place).resolve()))
                _try_to_start(runs[-1], root)
            for run in [run for run in runs if run.has_ended()]:
                outcome = _try_to_read(run)
                runs.remove(run)
                outcomes[run.twin.name] = outcome
                report(_line_of(outcome))
            sleep(_PAUSE_S)
    return [outcomes[twin.name] for twin in twins]


@contextmanager
def _runs() -> Iterator[list[_Run]]:
    """Hold the runs; those that are still there at the end of the block are ended."""
    runs: list[_Run] = []
    try:
        yield runs
    finally:
        for run in runs:
            run.end()


def _try_to_start(run: _Run, root: Path) -> None:
    try:
        run.start(root)
    except SkeldirError as fault:
        run.trouble = fault.detail


def _try_to_read(run: _Run) -> Outcome:
    try:
        if not run.trouble:
            return run.read()
    except SkeldirError as fault:
        run.trouble = fault.detail
    return Outcome(run.twin, seconds=monotonic() - run.began, trouble=run.trouble)


def _line_of(outcome: Outcome) -> str:
    red = ", ".join(sorted(outcome.red)) or "nothing"
    result = "caught" if outcome.is_caught else "NOT CAUGHT AS IT MUST BE"
    line = f"{outcome.twin.name}: {result}; red: {red}; {outcome.seconds:.0f} s"
    return f"{line}\n  {outcome.trouble}" if outcome.trouble else line
