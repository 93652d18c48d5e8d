"""`/metrics`: what all workers count, as Prometheus reads it."""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from flask import Response, current_app
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from catchments.core.errors import CatchmentsError, NotAllowed
from catchments.store import StoreUnavailable
from catchments.store.outbox.notices import STATES
from catchments.store.outbox.queue import Outbox
from catchments.store.outbox.trail_sending import WELL
from catchments.web.common.services import Services, service
from catchments.web.front.metrics import MEASURED, REFRESHED, REGISTRY
from catchments.web.front.watchers import is_watcher
from catchments.web.pages.health import blueprint

SHARED = "PROMETHEUS_MULTIPROC_DIR"
ANSWERS_WITHIN_S = 2.0
"""A database that takes longer is away as far as whoever asks here can wait."""
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_LIVE = re.compile(r"gauge_liveall_([0-9]+)\.db")


@blueprint.get("/metrics")
def metrics() -> Response:
    """Give all workers' counts in the text format of Prometheus. Raises NotAllowed."""
    _refuse_strangers(service().settings.metrics_token)
    current_app.extensions[MEASURED].publish()
    registry = CollectorRegistry()
    registry.register(_Workers(service()))
    return Response(
        generate_latest(registry),
        content_type=CONTENT_TYPE_LATEST,
        headers={"Cache-Control": "no-store"},
    )


def _refuse_strangers(token: str) -> None:
    if is_watcher(token):
        return
    raise NotAllowed(
        "These figures are not for everybody.",
        allowed="This very machine may read them, or whoever has the token where one is set.",
        next_step="Set CATCHMENTS_METRICS_TOKEN, and have Prometheus send it as a bearer token.",
    )


class _Workers:
    """Collects what all workers counted, and what is looked up when somebody asks."""

    def __init__(self, running: Services) -> None:
        self._running = running

    def collect(self) -> Iterator[Metric]:
        """Yield every family of figures."""
        families = [*_counted()]
        yield from families
        yield from (_age(family) for family in families if family.name == REFRESHED)
        yield _memory(_workers())
        yield self._trail()
        yield from self._queues()

    def _trail(self) -> Metric:
        sender = self._running.trail
        return GaugeMetricFamily(
            "catchments_audit_out",
            "Whether the audit trail's last hash goes out by itself.",
            value=bool(sender and sender.state == WELL),
        )

    def _queues(self) -> Iterator[Metric]:
        waiting = GaugeMetricFamily(
            "catchments_deliveries", "E-mails and calls to webhooks by state.", labels=["state"]
        )
        up = GaugeMetricFamily("catchments_database_up", "Whether the database answers.")
        try:
            if not self._running.store.answers(within_s=ANSWERS_WITHIN_S):
                raise StoreUnavailable("The database does not answer.")
            counted: Counter[str] = Counter()
            for states in Outbox(self._running.store).counts().values():
                counted.update(states)
        except CatchmentsError:
            up.add_metric([], 0)
        else:
            up.add_metric([], 1)
            for state in STATES:
                waiting.add_metric([state], counted[state])
            yield waiting
        yield up


def _counted() -> Iterable[Metric]:
    folder = os.environ.get(SHARED)
    if not folder:
        return REGISTRY.collect()
    for pid in _workers():
        if not Path(f"/proc/{pid}").exists():
            # Its gauges go, its counts stay.
            mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]
    collector = MultiProcessCollector(None, folder)  # type: ignore[no-untyped-call]
    return collector.collect()  # type: ignore[no-any-return,no-untyped-call]


def _workers() -> list[int]:
    folder = os.environ.get(SHARED)
    if not folder:
        return [os.getpid()]
    names = (_LIVE.fullmatch(path.name) for path in Path(folder).iterdir())
    return sorted(int(name[1]) for name in names if name)


def _age(refreshed: Metric) -> Metric:
    # Worked out when it is asked for: a worker that hangs does not go on saying that all is new.
    family = GaugeMetricFamily(
        "catchments_snapshot_age_seconds",
        "For how long the database has told a worker nothing.",
        labels=["pid"],
    )
    at = time.time()
    for sample in refreshed.samples:
        if sample.value:
            family.add_metric([sample.labels.get("pid", str(os.getpid()))], at - sample.value)
    return family


def _memory(pids: Iterable[int]) -> Metric:
    family = GaugeMetricFamily(
        "catchments_resident_memory_bytes", "Memory of a worker.", labels=["pid"]
    )
    for pid in pids:
        try:
            pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
        except OSError:
            continue  # it has ended, or this is no Linux
        family.add_metric([str(pid)], int(pages) * PAGE_BYTES)
    return family
