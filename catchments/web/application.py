"""The application that a server serves: every door there is, and what goes on beside requests."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

from flask import Blueprint, Flask, request
from flask.wrappers import Response
from flask_compress import Compress

from catchments import __version__
from catchments.core.errors import CatchmentsError
from catchments.core.settings import Settings
from catchments.editions.delivery import DeliveryWorker, payloads
from catchments.lookup.resolver import kilometres
from catchments.runtime.connections import SlowReaders
from catchments.runtime.disk import exposed
from catchments.runtime.free_memory import give_back_free_memory
from catchments.runtime.keep_doing import keep_doing
from catchments.runtime.processes import end_with_parent
from catchments.store.accounts.letters import Letters
from catchments.store.engine import database_file
from catchments.store.outbox.queue import Outbox
from catchments.store.outbox.trail_sending import NOWHERE
from catchments.store.site.reports import MistakeReports
from catchments.web import ogc, pages, v1
from catchments.web.accounts import routes as accounts_routes
from catchments.web.common import assets, cors, i18n, problems, request_log, security
from catchments.web.common.query_parameters import Code, Number
from catchments.web.common.services import (
    EXTENSION,
    Services,
    address,
    service,
    shows_a_demonstration,
)
from catchments.web.front import (
    metrics,
    metrics_endpoint,  # noqa: F401 - its address is the health page's
    onion,
    slashes,
)
from catchments.web.front.languages import Languages
from catchments.web.front.one_connection import OneConnection
from catchments.web.front.rate_limits import RateLimitMiddleware
from catchments.web.front.response_cache import ResponseCache
from catchments.web.pages.downloads import Digest
from catchments.web.staff import routes as staff_routes
from catchments.web.staff.room import staff_room
from catchments.web.v1 import provider
from catchments.web.v1.formats import Ending

PAGES = [import_module(each.name) for each in walk_packages(pages.__path__, f"{pages.__name__}.")]
"""A module that is put there adds its blueprint: no list is kept."""
_OF_PAGES = [getattr(each, "blueprint", None) for each in PAGES]
BLUEPRINTS = (
    provider.blueprint,
    v1.blueprint,
    ogc.blueprint,
    *dict.fromkeys(each for each in _OF_PAGES if isinstance(each, Blueprint)),
    staff_routes.blueprint,
)
SEND_EVERY_S = 5.0
LOOK_EVERY_S = 5.0
FORGET_EVERY_S = 3_600.0
GIVE_BACK_EVERY_S = 30.0
NOT_REFRESHED = "the snapshot could not be refreshed"
READ_WITHIN_S = 20.0
LEAST_READ_A_S = 1_024
"""Whoever takes less a second of an answer, for so long, is ended."""
HASH_GOES_NOWHERE = (
    "The audit trail's last hash goes nowhere by itself: whoever owns the database could cut off "
    "its end unseen. Set CATCHMENTS_AUDIT_OUT."
)
WEB = Path(__file__).parent
"""Where templates and static files are."""


def web_app(settings: Settings | None = None) -> Flask:
    """Return the application with every page; the first request builds a snapshot."""
    settings = settings or Settings.from_environment()
    app = i18n.MultilingualFlask("catchments", root_path=str(WEB))
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024
    app.extensions[EXTENSION] = Services.of(settings)
    app.url_map.converters |= {"int": Number, "code": Code, "ending": Ending, "digest": Digest}
    app.jinja_env.filters["distance"] = kilometres
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    assets.register(app)
    i18n.register(app)
    problems.register(app, problems.Surroundings(address, shows_a_demonstration))
    security.register(app, lambda: service().settings)
    cors.register(app)
    accounts_routes.register(app, staff_room(app))
    _compress_pages(app)
    slashes.register(app)  # the last, so that the others see where it leads
    app.wsgi_app = OneConnection(  # type: ignore[method-assign]
        app.wsgi_app, lambda: app.extensions[EXTENSION].store
    )
    app.wsgi_app = Languages(app.wsgi_app, i18n.others(app))  # type: ignore[method-assign]
    app.wsgi_app = RateLimitMiddleware(app, ResponseCache(app))  # type: ignore[method-assign]
    onion.enclose(app, settings)
    metrics.register(app, access_log=settings.access_log)
    return app


def serve_app() -> Flask:
    """Return the application with its snapshot built and kept up to date: a server's factory."""
    end_with_parent()
    settings = Settings.from_environment()
    request_log.configure(settings)
    logging.getLogger("catchments").info("version %s", __version__)  # before all other lines
    app = web_app(settings)
    running: Services = app.extensions[EXTENSION]
    for sentence in exposed(files_of(settings)):
        app.logger.warning("%s", sentence)
    try:
        made_up = running.snapshots.current().demonstration
    except CatchmentsError as error:
        app.logger.warning("not ready: %s", error)
        made_up = True  # nothing is served that the trail could be about
    if not settings.audit_out and not made_up:
        app.logger.warning("%s", HASH_GOES_NOWHERE)
    _keep_up(app, running)
    return app


def files_of(settings: Settings) -> list[Path]:
    """Return the databases that are files of this machine: the service's own, and its addresses."""
    own = database_file(settings.database_url)
    return [path for path in (own, settings.addresses_path) if path]


def _keep_up(app: Flask, running: Services) -> None:
    """Begin what goes on beside requests, each in a thread of its own: nothing waits for another.

    Every worker sends what is due, and claims see to it that each goes out once.
    """
    settings, trail = running.settings, running.trail
    keep = partial(keep_doing, app.logger)
    keep(_refreshing(app, running), every_s=settings.refresh_s, failing=NOT_REFRESHED)
    keep(_sending(running), every_s=SEND_EVERY_S, failing="nothing is being sent")
    if trail is not None and trail.state != NOWHERE:
        failing = "the audit trail's last hash does not go out"
        keep(trail.send_due, every_s=SEND_EVERY_S, failing=failing)
    keep(_ending_slow(app), every_s=LOOK_EVERY_S, failing="slow connections are not ended")
    # Whether anybody looks at them or not.
    forget = partial(MistakeReports(running.store).forget_older_than, settings.reports_kept_days)
    keep(forget, every_s=FORGET_EVERY_S, failing="old reports of mistakes are not deleted")
    failing = "free memory is not given back"
    keep(_giving_back(running), every_s=GIVE_BACK_EVERY_S, failing=failing)
    count = app.extensions[metrics.MEASURED].publish
    keep(count, every_s=metrics.PUBLISH_EVERY_S, failing="nothing is being counted")


def _refreshing(app: Flask, running: Services) -> Callable[[], None]:
    def refresh() -> None:
        try:
            if running.snapshots.refresh():
                app.logger.info("serving a new snapshot")
        except CatchmentsError as error:
            # Answers go on from memory; /readyz says so.
            metrics.REFRESH_FAILURES.inc()
            app.logger.warning("the database is away: %s", error)
        except Exception:
            metrics.REFRESH_FAILURES.inc()
            raise

    return refresh


def _sending(running: Services) -> Callable[[], None]:
    store, settings = running.store, running.settings
    payload = payloads(store, running.snapshots, settings)
    boxes = (Outbox(store), Letters(store, settings.public_url))
    couriers = [DeliveryWorker(box, settings, payload) for box in boxes]

    def send() -> None:
        for courier in couriers:
            courier.send_due()

    return send


def _giving_back(running: Services) -> Callable[[], None]:
    """Return what gives back that editions which are over, and large answers, have left free."""
    before: object = None

    def give_back() -> None:
        nonlocal before
        latest = running.snapshots.latest
        if latest is not None and latest.state != before:
            before = latest.state
            gc.collect()  # it would come to what is old once a quarter more is there, which is late
        give_back_free_memory()

    return give_back


def _ending_slow(app: Flask) -> Callable[[], None]:
    """Return what ends connections whose clients do not take what they asked for."""
    slow = SlowReaders(within_s=READ_WITHIN_S, least_a_s=LEAST_READ_A_S)

    def end() -> None:
        if ended := slow.end_them():
            app.logger.warning("ended %s connections that took too little", ended)

    return end


def _compress_pages(app: Flask) -> None:
    app.config["COMPRESS_REGISTER"] = False
    compress = Compress(app)
    compress.compress_mimetypes_set |= {
        "application/geo+json",
        "application/linkset+json",
        "text/csv",
    }

    def compressed(response: Response) -> Response:
        # An answer of the API is smaller than a network packet; compressing it only costs time.
        # A file to download is what its digest says, and any part of it may be asked for.
        as_it_is = request.blueprint == provider.blueprint.name or "Repr-Digest" in response.headers
        return response if as_it_is else compress.after_request(response)

    app.after_request(compressed)
