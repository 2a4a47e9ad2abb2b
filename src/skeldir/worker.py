"""The processes of `skeldir worker` and `skeldir beat`: maps job kinds and pulses to the functions that do them.

The supervisor runs it as a module, on DATABASE_URL; nobody imports it.
"""

from __future__ import annotations

import argparse
import sys

from skeldir.attribution.tasks import CREDIT_KIND
from skeldir.attribution.tasks import PULSES as CREDIT_PULSES
from skeldir.audit.tasks import AUDIT_KIND
from skeldir.audit.tasks import PULSES as AUDIT_PULSES
from skeldir.errors import ConfigurationInvalid
from skeldir.fits.tasks import KEEP_KIND, MAKE_FIT_KIND
from skeldir.inbox.tasks import ERASE_KIND
from skeldir.ingest.tasks import DELETE, FORGET, SCAN, UNDO_KIND
from skeldir.ingest.tasks import PULSES as INGEST_PULSES
from skeldir.jobs import QUEUES, JobKind, Pulse
from skeldir.matviews.tasks import PULSES as VIEW_PULSES
from skeldir.matviews.tasks import REFRESH_KIND
from skeldir.notices.tasks import CHECK_KIND, REVIEW_KIND, send_kind
from skeldir.notices.tasks import PULSES as NOTICE_PULSES
from skeldir.reconcile.tasks import RECONCILE_KIND
from skeldir.settings import load_settings
from skeldir.spend.tasks import RESTATE_KIND
from skeldir.wakeups import PULSES as WAKEUP_PULSES
from skeldir.wakeups.serving import WorkerSlot, serve_beat, serve_worker
from skeldir.web import write_letter

KINDS: tuple[JobKind, ...] = (
    CREDIT_KIND,
    REFRESH_KIND,
    FORGET,
    SCAN,
    DELETE,
    UNDO_KIND,
    RESTATE_KIND,
    ERASE_KIND,
    AUDIT_KIND,
    RECONCILE_KIND,
    MAKE_FIT_KIND,
    KEEP_KIND,
    CHECK_KIND,
    REVIEW_KIND,
    send_kind(write_letter),
)
# Beat does these jobs itself, so that no backlog of credit delays them; without beat, workers do.
BEAT_KINDS: tuple[JobKind, ...] = (REFRESH_KIND,)
SCHEDULE: tuple[Pulse, ...] = (
    *WAKEUP_PULSES,
    *CREDIT_PULSES,
    *VIEW_PULSES,
    *INGEST_PULSES,
    *AUDIT_PULSES,
    *NOTICE_PULSES,
)


def main(words: list[str]) -> int:
    """Run a worker, or beat, until a signal; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m skeldir.worker", description=__doc__)
    parser.add_argument("role", choices=("worker", "beat"))
    parser.add_argument("--index", type=int, default=0, help="Which of the workers this is.")
    parser.add_argument(
        "--queues", default=",".join(QUEUES), help="The queues that it is woken through."
    )
    parser.add_argument("--children", type=int, default=0, help="How many it forks; 0: none.")
    parser.add_argument("--life-pipe", type=int, help="The descriptor to write signs of life to.")
    options = parser.parse_args(words)
    settings = load_settings()
    if settings.database_url is None:
        raise ConfigurationInvalid(
            "DATABASE_URL is not set.",
            cure="Run `skeldir worker` or `skeldir beat`, which start the embedded server.",
        )
    url = settings.database_url.get_secret_value()
    if options.role == "beat":
        return serve_beat(settings, url, SCHEDULE, BEAT_KINDS, life_pipe=options.life_pipe)
    slot = WorkerSlot(options.index, options.queues.split(","), options.children, options.life_pipe)
    return serve_worker(settings, url, KINDS, SCHEDULE, slot)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
