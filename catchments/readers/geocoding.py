"""Asking a geocoder elsewhere for addresses that are not known here: off unless it is switched on.

A geocoder that is slow, wrong or away never breaks a page: every question has a time-out, and after
three failures it is left alone for a minute. Then the answer is the same as without it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from catchments.core.errors import InputRefused, shown
from catchments.core.model import MatchKind, NamedPlace, Place, PlaceKind
from catchments.core.settings import Settings
from catchments.core.text_folding import folded
from catchments.geometry.coordinates import in_new_zealand, to_180
from catchments.lookup.search.abbreviations import spelled_out
from catchments.lookup.search.addresses.match import Around, fit_of
from catchments.lookup.search.addresses.parts import without_end
from catchments.lookup.search.addresses.text import AddressText
from catchments.lookup.search.typed_text import TypedText

if TYPE_CHECKING:
    from geopy.geocoders.base import Geocoder as GeopyGeocoder

LINZ = "linz"
LINZ_LAYER = "layer-123113"
FAILURES_AT_MOST = 3
LEFT_ALONE_S = 60
ASKED_AT_ONCE = 4
"""Questions a process has under way; one more is not asked, so that none is sent too late."""
COUNTRY = "New Zealand"

_log = logging.getLogger(__name__)


class RemoteGeocoder:
    """A geocoder elsewhere, asked with a time-out and behind a circuit breaker."""

    def __init__(self, name: str, geocoder: GeopyGeocoder, *, timeout_s: float) -> None:
        from pybreaker import CircuitBreaker  # and Tornado with it: only who has a geocoder pays

        self._name = name
        self._geocoder = geocoder
        self._timeout_s = timeout_s
        self._breaker = CircuitBreaker(fail_max=FAILURES_AT_MOST, reset_timeout=LEFT_ALONE_S)
        self._pool = ThreadPoolExecutor(ASKED_AT_ONCE, thread_name_prefix="geocoder")
        self._free = BoundedSemaphore(ASKED_AT_ONCE)

    def candidates(self, typed: TypedText | AddressText, *, at_most: int) -> list[NamedPlace]:
        """Return the addresses in New Zealand that it knows for a text; none where it fails.

        Exact is one whose whole name was typed, with a place: whether there are more of its name is
        not known here.
        """
        from pybreaker import CircuitBreakerError

        wanted = AddressText.of(typed)
        try:
            # As a context manager: `call` would hold the breaker's lock while the geocoder thinks.
            with self._breaker.calling():
                if not self._free.acquire(blocking=False):
                    raise TimeoutError  # those before have not been answered: it is too slow
                # The library's time-out is one for each read; a slow drip would outlast it.
                asked = self._pool.submit(self._ask_and_release, wanted)
                return asked.result(self._timeout_s)[:at_most]
        except CircuitBreakerError:
            return []
        except Exception as error:
            # The kind only: an error's text may repeat the address that was typed.
            _log.warning("the geocoder %s failed: %s", self._name, type(error).__name__)
            return []

    def _ask_and_release(self, typed: AddressText) -> list[NamedPlace]:
        try:
            return self._ask(typed)
        finally:
            self._free.release()

    def _ask(self, typed: AddressText) -> list[NamedPlace]:
        text = typed.typed.text
        wanted = text if COUNTRY.casefold() in text.casefold() else f"{text}, {COUNTRY}"
        found = self._geocoder.geocode(wanted, exactly_one=False, timeout=self._timeout_s)
        named = [_named(each, typed) for each in found or () if _is_in_new_zealand(each)]
        # For a number that they do not know geocoders give the middle of the road or of the town.
        return [each for each in named if each]


def geocoder_of(settings: Settings) -> RemoteGeocoder | None:
    """Return the geocoder that the settings switch on, or None.

    Raises InputRefused for a name that is none or for options that it does not take.
    """
    if not settings.geocoder:
        return None
    from geopy.adapters import URLLibAdapter

    name = settings.geocoder.casefold()
    make = _maker(name)
    try:
        options = json.loads(settings.geocoder_options)
        # The other adapter tries again by itself, and its library logs the address that it asks.
        logging.getLogger("geopy").setLevel(logging.WARNING)
        quiet = {"adapter_factory": URLLibAdapter, "timeout": settings.geocoder_timeout_s}
        made = make(**options, **quiet)
    except Exception as error:  # whatever a geocoder of geopy's finds wrong with its options
        raise InputRefused(
            f"The geocoder {shown(name)} cannot be set up with CATCHMENTS_GEOCODER_OPTIONS: "
            f"{type(error).__name__}.",  # not its text, which may hold a key
            field="CATCHMENTS_GEOCODER_OPTIONS",
            allowed="It must be a JSON object of what geopy's class of that name takes.",
            next_step='For example {"user_agent": "attendance-finder of …"} for nominatim.',
        ) from None
    return RemoteGeocoder(name, made, timeout_s=settings.geocoder_timeout_s)


def _maker(name: str) -> Callable[..., GeopyGeocoder]:
    from geopy.exc import GeocoderNotFound
    from geopy.geocoders import SERVICE_TO_GEOCODER, get_geocoder_for_service

    if name == LINZ:
        return _linz()
    try:
        return get_geocoder_for_service(name)  # type: ignore[no-any-return]
    except GeocoderNotFound:
        raise InputRefused(
            f"CATCHMENTS_GEOCODER is {shown(name)}.",
            field="CATCHMENTS_GEOCODER",
            allowed=f"It must be one of {', '.join(sorted([*SERVICE_TO_GEOCODER, LINZ]))}.",
            next_step="Correct it or leave it out.",
        ) from None


def _linz() -> Callable[..., GeopyGeocoder]:
    """Return a geocoder of geopy's kind for the LINZ Data Service, which geopy has none for."""
    from geopy.geocoders.base import Geocoder
    from geopy.location import Location

    class Linz(Geocoder):  # type: ignore[misc]
        """NZ Addresses by Web Feature Service; needs a key of the LINZ Data Service."""

        def __init__(
            self, *, api_key: str, domain: str = "data.linz.govt.nz", **kwargs: Any
        ) -> None:
            super().__init__(**kwargs)
            self._address = f"{self.scheme}://{domain}/services;key={api_key}/wfs"

        def geocode(self, query: str, *, exactly_one: bool = True, timeout: float) -> Any:
            """Return addresses that begin with the text."""
            # Folded, in full and without a postcode, as the column has it; “%” for its commas.
            wanted = "%".join(spelled_out(without_end(folded(query).split())[0]))
            asked = {
                "service": "WFS",
                "version": "2.0.0",
                "request": "GetFeature",
                "typeNames": LINZ_LAYER,
                "outputFormat": "json",
                "srsName": "EPSG:4326",
                "count": 5,
                "cql_filter": f"full_address_ascii ILIKE '{wanted}%'",
            }

            def parsed(body: Any) -> Any:
                features = body.get("features", [])
                found = [self._location(each) for each in features if each.get("geometry")]
                return (found[0] if found else None) if exactly_one else found

            url = f"{self._address}?{urlencode(asked)}"
            return self._call_geocoder(url, parsed, timeout=timeout)

        @staticmethod
        def _location(feature: Any) -> Location:
            lng, lat = feature["geometry"]["coordinates"][:2]
            return Location(feature["properties"]["full_address"], (lat, lng), feature)

    return Linz


def _named(found: Any, typed: AddressText) -> NamedPlace | None:
    """Return what a geocoder found as a place; None where it has another street number."""
    name = str(found.address).removesuffix(f", {COUNTRY}")[:200]
    own = AddressText.of(TypedText.of(name))
    if own.street_number != typed.street_number:
        return None
    place = Place(lng=float(to_180(found.longitude)), lat=found.latitude)
    return NamedPlace(PlaceKind.ADDRESS, name, places=(place,), match=_match(typed, own))


def _match(typed: AddressText, own: AddressText) -> MatchKind:
    road, *around = own.segments or [()]
    fit = fit_of(typed.words, road, Around(tuple(around)), {})
    is_same = typed.numbers == own.numbers and typed.unit in {"", own.unit}
    if fit is None or not fit.has_place or not is_same or typed.is_partial or typed.is_mail:
        return MatchKind.PART
    return fit.match


def _is_in_new_zealand(found: Any) -> bool:
    return in_new_zealand(lng=found.longitude, lat=found.latitude)
