"""The files of each edition: the files themselves, a page, a manifest, and DCAT for catalogues.

A file has two addresses. The one with the beginning of its SHA-256 names those very bytes for good;
the plain one is always the newest, for a file is made anew where how it is written has changed.
"""

from __future__ import annotations

import base64
import re
from typing import Any

import msgspec
from flask import Blueprint, Response, request
from flask_babel import gettext
from werkzeug.routing import BaseConverter
from werkzeug.wsgi import FileWrapper

from catchments.core.column_vocabulary import VOCABULARY, Column
from catchments.core.errors import NotKnown, shown
from catchments.core.model import EditionSummary
from catchments.lookup.snapshot import AsAt, Published
from catchments.store.artefacts import PIECE_BYTES, AboutArtefact, ArtefactFile, Artefacts
from catchments.web.common.cache_control import A_MINUTE, FOR_GOOD
from catchments.web.common.query_parameters import page_parameters, refuse_unknown_or_repeated
from catchments.web.common.services import (
    absolute_url,
    address,
    as_at,
    attached,
    kept_by_content,
    public_page,
    service,
)
from catchments.web.pages.machines import structured_data
from catchments.web.pages.machines.dcat import LD_JSON, catalogue
from maps.exports.data_package import data_package
from maps.exports.downloads import FILES, MANIFEST

blueprint = Blueprint("downloads", __name__)

DIGEST_CHARACTERS = 12
NAMES = frozenset(file.name for file in FILES)
Json = dict[str, Any]


class Digest(BaseConverter):
    """The beginning of a file's SHA-256 in an address."""

    regex = "[0-9a-f]{12}"


# --- files ----------------------------------------------------------------------------------------


@blueprint.get("/downloads/<int:edition>/<name>")
def newest(edition: int, name: str) -> Response:
    """Give a file of an edition as it was made last."""
    refuse_unknown_or_repeated(request.args, set())
    return _file(_known(edition, name), A_MINUTE)


@blueprint.get("/downloads/<int:edition>/<digest:digest>/<name>")
def exact(edition: int, digest: str, name: str) -> Response:
    """Give the file of an edition whose SHA-256 begins like this, which never changes."""
    refuse_unknown_or_repeated(request.args, set())
    about = _known(edition, name)
    if not about.sha256.startswith(digest):
        raise NotKnown(
            f"{name} of edition {edition} has no SHA-256 that begins with {digest}.",
            next_step=f"It has been made anew: see {address(f'/downloads/{edition}/{name}')}.",
        )
    return _file(about, FOR_GOOD)


def _known(edition: int, name: str) -> AboutArtefact:
    _standing(service().snapshots.current(), edition)
    name = _as_kept(edition).get(name, name)
    if name not in NAMES:
        raise NotKnown(
            f"Edition {edition} has no file {shown(name)}.",
            next_step=f"See those that there are at /downloads/{edition}.",
        )
    about = Artefacts(service().store).about(edition, name)
    if about is None:
        raise NotKnown(
            f"Edition {edition} has no {name} yet.", next_step="Run `flask setup` to make it."
        )
    return about


def _standing(world: Published, number: int) -> EditionSummary:
    """Return a published edition that was not withdrawn. Raises NotKnown."""
    for edition in world.timeline.editions:
        if edition.number == number:
            return edition
    raise NotKnown(
        f"There is no edition {number}.", next_step="Choose one from the list at /downloads."
    )


def _file(about: AboutArtefact, control: str) -> Response:
    """Return a file in pieces: whole, a range of it, or word that the client has it already."""
    content = ArtefactFile(Artefacts(service().store), about)
    body = FileWrapper(content, PIECE_BYTES)  # type: ignore[arg-type]
    response = Response(body, content_type=about.media_type, direct_passthrough=True)
    response.content_length = about.size
    digest = base64.b64encode(bytes.fromhex(about.sha256)).decode()
    response.headers["Repr-Digest"] = f"sha-256=:{digest}:"
    name = saved_as(about.edition, about.name)
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    response.headers["Cache-Control"] = control
    response.set_etag(about.sha256)
    asking = {name: value for name, value in request.environ.items() if name != "HTTP_RANGE"}
    response.make_conditional(asking, accept_ranges=True, complete_length=about.size)
    if response.status_code == 200 and (asked := _one_range(response, about.size)):
        # Only now: 304 and 412 come before any range (RFC 9110, 13.2.2).
        asking = {"REQUEST_METHOD": "GET", "HTTP_RANGE": asked}
        response.make_conditional(asking, accept_ranges=True, complete_length=about.size)
    return response


def _one_range(whole: Response, size: int) -> str | None:
    """Return the one range that is asked for; None to give all, as RFC 9110 (14.2) lets us.

    That is where several are asked for, where what is asked for is none, for HEAD, and where
    If-Range has another tag or a weak one. A suffix longer than the file is all of it.
    """
    asked = request.range
    if request.method != "GET" or asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        return None
    if request.headers.get("If-Range", tag := whole.headers["ETag"]).strip() != tag:
        return None
    ((start, _),) = asked.ranges
    return "bytes=0-" if start < -size else request.headers["Range"]


def _as_kept(edition: int) -> dict[str, str]:
    """Return the name of each file by the one that it is saved under.

    The data package and the list of digests name files so: they hold in a folder of what was saved,
    and at these addresses.
    """
    return {saved_as(edition, name): name for name in NAMES}


def saved_as(edition: int, name: str) -> str:
    """Return the name that a file is saved under, which tells its edition."""
    stem, dot, suffix = name.replace("boundaries", "catchments", 1).rpartition(".")
    return f"{stem}-edition-{edition}{dot}{suffix}"


# --- what there is --------------------------------------------------------------------------------


@blueprint.get("/downloads/<int:edition>/manifest.json")
def manifest(edition: int) -> Response:
    """Tell of every file of an edition: address, size, SHA-256; of its sources and licences."""
    return _json(_addressed(edition, _told(edition)), "application/json")


def _told(edition: int) -> Json:
    """Return the manifest of an edition. Raises NotKnown."""
    refuse_unknown_or_repeated(request.args, set())
    _standing(service().snapshots.current(), edition)
    found = kept_manifest(edition)
    if found is None:
        raise NotKnown(
            f"Edition {edition} has no manifest yet.", next_step="Run `flask setup` to make it."
        )
    return found


@blueprint.get("/downloads/<int:edition>/SHA256SUMS")
def digests(edition: int) -> Response:
    """List the SHA-256 of every file as `sha256sum -c` reads it, under the names of saved files."""
    told = _told(edition)
    lines = (f"{file['sha256']}  {saved_as(edition, file['name'])}\n" for file in told["files"])
    response = attached("".join(lines), "text/plain; charset=utf-8", "SHA256SUMS")
    return kept_by_content(response, A_MINUTE)


@blueprint.get("/downloads/<int:edition>/datapackage.json")
def package(edition: int) -> Response:
    """Describe an edition as a Data Package: each file, and what the columns of tables mean."""
    told, published = _told(edition), _standing(service().snapshots.current(), edition)
    names = {file["name"]: saved_as(edition, file["name"]) for file in told["files"]}
    home = absolute_url("downloads.edition_page", edition=edition)
    made = data_package(told, names, created=published.published_at, home=home)
    return _json(made, "application/json")


@blueprint.get("/downloads/<int:edition>/dcat.jsonld")
def dcat(edition: int) -> Response:
    """Describe an edition for a data catalogue, as DCAT in JSON-LD."""
    refuse_unknown_or_repeated(request.args, set())
    world = service().snapshots.current()
    described = [(_standing(world, edition), read_manifest(edition))]
    return _json(catalogue(world, described), LD_JSON)


@blueprint.get("/dcat.jsonld")
def whole_catalogue() -> Response:
    """Describe all editions for a data catalogue, as DCAT in JSON-LD."""
    refuse_unknown_or_repeated(request.args, set())
    world = service().snapshots.current()
    kept = Artefacts(service().store).all_named(MANIFEST)
    described = [
        (edition, _addressed(edition.number, msgspec.json.decode(kept[edition.number])))
        for edition in world.timeline.editions
        if edition.number in kept
    ]
    return _json(catalogue(world, described), LD_JSON)


def read_manifest(edition: int) -> Json | None:
    """Return what is kept of an edition's files, with their whole addresses; None if nothing is."""
    found = kept_manifest(edition)
    return _addressed(edition, found) if found else None


def kept_manifest(edition: int) -> Json | None:
    """Return what is kept of an edition's files; None if nothing is."""
    found = service().store.artefact(edition, MANIFEST)
    return msgspec.json.decode(found.content) if found else None


def _addressed(edition: int, found: Json) -> Json:
    """Return a manifest with the addresses of its files."""
    files = [
        {
            "name": file["name"],
            "saved_as": saved_as(edition, file["name"]),
            "url": _exact_url(edition, file),
            "newest_url": absolute_url("downloads.newest", edition=edition, name=file["name"]),
            **file,
        }
        for file in found["files"]
    ]
    return {**found, "files": files}


def _exact_url(edition: int, file: Json) -> str:
    digest = file["sha256"][:DIGEST_CHARACTERS]
    names = {"edition": edition, "digest": digest, "name": file["name"]}
    return absolute_url("downloads.exact", **names)


def _json(body: Json, media_type: str) -> Response:
    response = Response(msgspec.json.encode(body), content_type=media_type)
    return kept_by_content(response, A_MINUTE)


@blueprint.app_template_global("vocabulary")
def vocabulary() -> tuple[Column, ...]:
    """Return all columns there are, for the table of them at /api."""
    return VOCABULARY


# --- pages ----------------------------------------------------------------------------------------


@blueprint.get("/downloads")
def page() -> Response:
    """Show the files of the edition in force."""
    page_parameters(request.args, set())
    asked = as_at()
    timeline = asked.world.timeline
    return _page(asked, timeline.edition_on(asked.day) or timeline.editions[0])


@blueprint.get("/downloads/<int:edition>")
def edition_page(edition: int) -> Response:
    """Show the files of an edition."""
    page_parameters(request.args, set())
    asked = as_at()
    return _page(asked, _standing(asked.world, edition))


def _page(asked: AsAt, edition: EditionSummary) -> Response:
    found = kept_manifest(edition.number)
    timeline = asked.world.timeline
    return public_page(
        asked,
        "downloads.html",
        gettext("Downloads"),
        written=f"{edition.number}{_made(found)}",
        shown_edition=edition,
        manifest=found,
        files=found["files"] if found else [],
        sources_told=_once(found["sources"]) if found else [],
        texts={file.name: (file.title, file.about) for file in FILES},
        releases=timeline.releases,
        linked_data=structured_data.of_files(asked.world, edition, found),
        others=[each for each in reversed(timeline.editions) if each != edition],
    )


def _once(sources: list[Json]) -> list[Json]:
    """Return sources once: one may have supplied several things."""
    credited = ("title", "authority", "licence", "release")
    return list({tuple(source[name] for name in credited): source for source in sources}.values())


def _made(found: Json | None) -> str:
    """Return what tells one making of an edition's files from another."""
    digests = "".join(file["sha256"] for file in found["files"]) if found else ""
    return re.sub("[^0-9a-f]", "", digests)[:DIGEST_CHARACTERS] + str(len(digests))
