"""schema.org's words for pages, as JSON-LD: a school, its service, the files, the website.

What is made up is said of nobody: on a demonstration only the website and its files are described,
and called what they are. Nothing is said here that the page does not say, or that it calls a guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from catchments.core.errors import long_date
from catchments.core.model import (
    Answer,
    Basis,
    Catchment,
    EditionSummary,
    Provider,
    School,
    SchoolStatus,
    Status,
)
from catchments.lookup.snapshot import AsAt, Published
from catchments.web.common.i18n import in_new_zealand
from catchments.web.common.services import address
from catchments.web.pages.edition_history import history_of
from catchments.web.pages.machines.blueprint import halves
from catchments.web.pages.machines.page_heads import path_of

Json = dict[str, Any]
CONTEXT = "https://schema.org"
NAME = "Find your attendance service provider"
SERVICE = "Attendance service"
MADE_UP = "Demonstration data: "
NUMBERED_BY = "School number (New Zealand Ministry of Education)"
CERTAIN = frozenset({Basis.LISTED, Basis.LOCATED})
"""How a catchment is known for certain; the nearest one is a guess."""


def of_website(asked: AsAt) -> Json:
    """Return what the website is, and how it is searched."""
    home = address(path_of("finder.home"))
    search = {"@type": "EntryPoint", "urlTemplate": f"{home}?q={{search_term_string}}"}
    return _document(
        {
            "@type": "WebSite",
            "@id": f"{home}#website",
            "url": home,
            "name": f"{MADE_UP if asked.demonstration else ''}{NAME}",
            "inLanguage": "en-NZ",
            "potentialAction": {
                "@type": "SearchAction",
                "target": search,
                "query-input": "required name=search_term_string",
            },
        }
    )


def of_school(asked: AsAt, answer: Answer) -> Json | None:
    """Return a school and who serves it, on a page of today; None for what is made up or closed."""
    school = answer.school
    if school is None or asked.demonstration or asked.day != asked.world.today:
        return None
    if school.status is not SchoolStatus.OPEN:
        return None
    page = address(path_of("finder.school", school_id=school.school_id))
    return _document(_school(school, page), *_service_of(answer))


def is_certain(answer: Answer) -> bool:
    """Whether one provider serves a school or a place for all that is known, today and plainly."""
    if answer.school and answer.school.status is not SchoolStatus.OPEN:
        return False
    known = answer.status is Status.RESOLVED and answer.basis in CERTAIN
    return known and not answer.alternatives


def of_catchment(asked: AsAt, catchment: Catchment, provider: Provider | None) -> Json | None:
    """Return the service in a catchment, on a page of today; None for what is made up."""
    if asked.demonstration or asked.day != asked.world.today or provider is None:
        return None
    return _document(_service(catchment, provider))


def _document(*things: Json) -> Json:
    return {"@context": CONTEXT, "@graph": list(things)}


def _said(**given: Any) -> Json:
    """Return what is known: what is empty is not said."""
    return {name: value for name, value in given.items() if value not in ("", None, [], {})}


def _school(school: School, page: str) -> Json:
    place = school.place
    where = place and {"@type": "GeoCoordinates", "latitude": place.lat, "longitude": place.lng}
    lines = [each for each in (school.address, school.suburb) if each]
    written = _said(
        streetAddress=", ".join(lines), addressLocality=school.city, postalCode=school.postcode
    )
    numbered = {
        "@type": "PropertyValue",
        "propertyID": NUMBERED_BY,
        "value": str(school.school_id),
    }
    return {
        "@type": "School",
        "@id": f"{page}#school",
        "name": school.name,
        "identifier": numbered,
        "mainEntityOfPage": page,
        **_said(
            address=written and {"@type": "PostalAddress", **written, "addressCountry": "NZ"},
            geo=where,
            url=_web(school.website),
        ),
    }


def _service_of(answer: Answer) -> list[Json]:
    if not is_certain(answer) or answer.catchment is None or answer.provider is None:
        return []
    return [_service(answer.catchment, answer.provider)]


def _service(catchment: Catchment, provider: Provider) -> Json:
    page = address(path_of("directory.catchment", code=catchment.code))
    return {
        "@type": "GovernmentService",
        "@id": f"{page}#service",
        "name": f"{SERVICE}: {catchment.name}",
        "serviceType": SERVICE,
        "url": page,
        "areaServed": {
            "@type": "Place",
            "@id": f"{page}#catchment",
            "name": f"{catchment.name} catchment",
            "identifier": catchment.code,
            "address": {
                "@type": "PostalAddress",
                **_said(addressRegion=catchment.education_region),
                "addressCountry": "NZ",
            },
            "hasMap": address(path_of("mapping.page", catchment=catchment.code)),
        },
        "provider": {
            "@type": "Organization",
            "name": provider.name,
            **_said(telephone=provider.phone, email=provider.email, url=_web(provider.website)),
        },
    }


def _web(text: str) -> str:
    return text if text.lower().startswith(("https://", "http://")) else ""


# --- files ----------------------------------------------------------------------------------------


def of_files(world: Published, edition: EditionSummary, manifest: Json | None) -> Json | None:
    """Return an edition's files as a data set; None before they are made."""
    if manifest is None:
        return None
    page = address(path_of("downloads.edition_page", edition=edition.number))
    made_up = MADE_UP if manifest["demonstration"] else ""
    based_on = filter(None, (_web(each["url"]) for each in manifest["sources"]))
    return _document(
        {
            "@type": "Dataset",
            "@id": f"{page}#dataset",
            "url": page,
            "name": f"{made_up}Attendance service catchments and providers, "
            f"edition {edition.number}",
            "description": _description(edition, made_up),
            "version": str(edition.number),
            "datePublished": in_new_zealand(edition.published_at).date().isoformat(),
            "isAccessibleForFree": True,
            "inLanguage": "en-NZ",
            "temporalCoverage": _period(world, edition),
            **_said(
                license=[each["url"] for each in manifest["licences"] if each["url"]],
                spatialCoverage=_place(manifest["bounds"]),
                isBasedOn=list(dict.fromkeys(based_on)),
            ),
            "distribution": [_file(edition, each) for each in manifest["files"]],
        }
    )


def _description(edition: EditionSummary, made_up: str) -> str:
    said = "these catchments and providers are invented. " if made_up else ""
    return (
        f"{made_up}{said}Boundaries, schools and providers of the catchments of New Zealand’s "
        f"attendance service, in force from {long_date(edition.effective_from)}."
    )


def _period(world: Published, edition: EditionSummary) -> str:
    """Return from when to when an edition holds, as an interval of ISO 8601."""
    begins, ends = edition.effective_from, history_of(world).last_day(edition)
    return f"{begins}/{ends if ends and ends >= begins else '..'}"


def _place(bounds: list[float] | None) -> Json | None:
    """Return where it is: a box for each side of 180°."""
    if bounds is None:
        return None
    boxes = [{"@type": "GeoShape", "box": f"{s} {w} {n} {e}"} for w, s, e, n in halves(bounds)]
    return {"@type": "Place", "name": "New Zealand", "geo": boxes}


def _file(edition: EditionSummary, file: Mapping[str, Any]) -> Json:
    named = {"digest": file["sha256"][:12], "name": file["name"]}
    path = path_of("downloads.exact", edition=edition.number, **named)
    return {
        "@type": "DataDownload",
        "name": f"{file['title']} ({file['format']})",
        "contentUrl": address(path),
        "encodingFormat": file["media_type"].partition(";")[0],
        "contentSize": f"{file['bytes']} B",
        "sha256": file["sha256"],
    }
