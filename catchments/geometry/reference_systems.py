"""Names of coordinate reference systems: a code, a name or a definition; never a file.

PROJ takes more than that. `+init=/any/file:x` and grids of a projection's own make it open files of
this machine, and both can stand in a file from outside or in a form. So a text is held against
what a plain name or definition is made of before PROJ sees it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from catchments.core.text_folding import folded

LONGEST_TEXT = 50_000

_NAME = re.compile(r"[\w .,:/()#&'+-]{1,300}")
_QUOTED = re.compile(r'"[^"]*"')
_WORD = re.compile(r"(\w+)\s*[\[(]")
_WKT_WORDS = """
    PROJCS GEOGCS GEOCCS COMPD_CS VERT_CS VERTCS LOCAL_CS DATUM VDATUM VERT_DATUM LOCAL_DATUM
    SPHEROID PRIMEM UNIT AUTHORITY AXIS PROJECTION PARAMETER TOWGS84 LINUNIT METADATA
    PROJCRS PROJECTEDCRS GEOGCRS GEOGRAPHICCRS GEODCRS GEODETICCRS COMPOUNDCRS VERTCRS VERTICALCRS
    ENGCRS ENGINEERINGCRS BASEGEOGCRS BASEGEODCRS EDATUM ENGINEERINGDATUM TRF GEODETICDATUM
    VRF VERTICALDATUM ENSEMBLE ENSEMBLEACCURACY MEMBER DYNAMIC FRAMEEPOCH ANCHOR ANCHOREPOCH
    ELLIPSOID PRIMEMERIDIAN CONVERSION METHOD CS ORDER MERIDIAN ANGLEUNIT LENGTHUNIT SCALEUNIT
    TIMEUNIT ID USAGE SCOPE AREA BBOX VERTICALEXTENT TIMEEXTENT REMARK CITATION URI VERSION
"""
"""Of WKT 1 and 2 (ISO 19162): all that describes a system, and nothing that names a file."""
_WEB_MERCATOR = re.compile(
    r',EXTENSION\["PROJ4","\+proj=merc( \+(a|b|lat_ts|lon_0|x_0|y_0|k)=[0-9.]+)* \+units=m'
    r' \+nadgrids=@null( \+wktext)?( \+no_defs)?"\]'
)
"""What GDAL adds to the WKT of EPSG:3857: a grid that is none."""
_JSON_TYPES = """
    GeographicCRS GeodeticCRS ProjectedCRS CompoundCRS VerticalCRS EngineeringCRS Conversion
    GeodeticReferenceFrame DynamicGeodeticReferenceFrame VerticalReferenceFrame DatumEnsemble
    DynamicVerticalReferenceFrame EngineeringDatum Ellipsoid PrimeMeridian Unit LinearUnit
    AngularUnit ScaleUnit
"""
"""Of PROJJSON, likewise."""

_LONGEST_NAME = 300
_CODE = re.compile(r"(?:EPSG[\s:._-]*)?(\d{4,5})", re.IGNORECASE)
_CODE_IN_A_NAME = re.compile(r"\(?\bEPSG[\s:._-]*(\d{4,5})\b\)?", re.IGNORECASE)
_CALLED: Mapping[str, tuple[str, ...]] = {
    "EPSG:2193": (
        "NZTM",
        "NZTM2000",
        "New Zealand Transverse Mercator",
        "New Zealand Transverse Mercator 2000",
        "New Zealand Transverse Mercator 2000 (NZTM2000)",
        "NZGD2000 / NZTM",
        "NZGD2000 / NZTM2000",
        "NZGD2000 / New Zealand Transverse Mercator",
        "NZGD2000 / New Zealand Transverse Mercator 2000",
    ),
    "EPSG:3793": (
        "CITM",
        "CITM2000",
        "Chatham Islands TM 2000",
        "Chatham Islands Transverse Mercator 2000",
        "NZGD2000 / Chatham Islands TM 2000",
        "NZGD2000 / Chatham Islands Transverse Mercator 2000",
    ),
    "EPSG:4167": ("NZGD2000", "New Zealand Geodetic Datum 2000"),
    "EPSG:4272": ("NZGD49", "NZGD1949", "New Zealand Geodetic Datum 1949"),
    "EPSG:27200": (
        "NZMG",
        "New Zealand Map Grid",
        "NZGD49 / New Zealand Map Grid",
        "NZGD49 / NZMG",
    ),
    "EPSG:4326": ("WGS84", "WGS1984", "World Geodetic System 1984"),
    "EPSG:3857": ("Web Mercator", "WGS84 / Pseudo-Mercator", "WGS84 / Web Mercator"),
    "OGC:CRS84": ("CRS84", "WGS84 (CRS84)"),
}
"""What people call systems of New Zealand, beside the names that PROJ knows.

Names are those of the EPSG registry, and the short ones that Land Information New Zealand uses.
"""


def _key(text: str) -> str:
    return folded(text).replace(" ", "")


_MEANT = {_key(name): code for code, names in _CALLED.items() for name in (code, *names)}


def meant(text: str) -> str:
    """Return the code of a system by its usual names, NZTM2000 say; any other text as it is.

    A name with its code, as QGIS shows it, is understood where both mean one system.
    """
    if len(text) > _LONGEST_NAME:
        return text
    if alone := _CODE.fullmatch(text.strip()):
        return f"EPSG:{alone[1]}"
    codes = {f"EPSG:{number}" for number in _CODE_IN_A_NAME.findall(text)}
    rest = _key(_CODE_IN_A_NAME.sub(" ", text))
    named = {_MEANT[rest]} if rest in _MEANT else set()
    if codes and not named and rest:
        return text  # a definition, or a name that is none of these
    both = codes | named
    return both.pop() if len(both) == 1 else text


def is_plain(text: str) -> bool:
    """Whether a text names or describes a reference system and can make PROJ open no file.

    A code (EPSG:2193, a URN, an address of OGC's), a name, WKT, or PROJJSON. Not PROJ's own
    strings, in which the sign “=” stands.
    """
    text = _WEB_MERCATOR.sub("", text)
    if len(text) > LONGEST_TEXT or "=" in text:
        return False
    if text.lstrip().startswith("{"):
        return _is_plain_json(text)
    return bool(_NAME.fullmatch(text)) or _is_plain_wkt(text)


def _is_plain_wkt(text: str) -> bool:
    words = _WORD.findall(_QUOTED.sub("", text))
    return bool(words) and {word.upper() for word in words} <= set(_WKT_WORDS.split())


def _is_plain_json(text: str) -> bool:
    types: list[object] = []

    def noted(pairs: list[tuple[str, object]]) -> None:
        types.extend(value for key, value in pairs if key == "type")

    try:
        json.loads(text, object_pairs_hook=noted)
    except (ValueError, RecursionError):
        return False
    return bool(types) and all(str(each) in _JSON_TYPES.split() for each in types)
