"""Columns of questions: school numbers or places, each row that is neither marked with why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from re import Pattern
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from pyproj.exceptions import ProjError

from catchments.bulk.columns import Chosen
from catchments.core.errors import FileRefused, InputRefused, shown
from catchments.geometry.coordinates import NEW_ZEALAND_LAT, NEW_ZEALAND_LNG_360, WGS84, transformer
from catchments.geometry.wkb import POINTS, Kinds, sound
from catchments.lookup.values import DECIMAL_COMMA as WITH_COMMA
from catchments.lookup.values import DEGREES, HIGHEST_NUMBER, LAT_LIMITS, LNG_LIMITS, NUMBER

ROWS_AT_ONCE = 1 << 16
BYTES_AT_ONCE = 32 << 20
"""A batch ends with the row that reaches either, so that memory does not grow with the file."""

Floats = npt.NDArray[np.float64]
Problems = npt.NDArray[np.uint8]

PROBLEMS = (
    "",
    "There is no school number.",
    "The school number is not a whole number of at most nine digits.",
    "There is no place.",
    "The longitude or the latitude is not a number.",
    "The place is outside -180…360 degrees of longitude or -90…90 of latitude.",
    "Longitude and latitude look exchanged.",
    "The geometry is not one point.",
    "No school directory release has held this school number.",
    "The latitude looks as if its minus sign were missing.",
    "The longitude or the latitude has a comma where a decimal point belongs.",
    "The place looks like degrees, where the CRS that is named has metres.",
)
"""What may be wrong with a row; a row's problem is its place here, 0 where all is well."""
(
    NO_NUMBER,
    BAD_NUMBER,
    NO_PLACE,
    NOT_A_NUMBER,
    OUT_OF_RANGE,
    EXCHANGED,
    NO_POINT,
    UNKNOWN,
    SIGN_MISSING,
    DECIMAL_COMMA,
    DEGREES_FOR_METRES,
) = range(1, len(PROBLEMS))

_POINT_BYTES = 21
_LITTLE_ENDIAN_POINT = bytes((1, 1, 0, 0, 0))


@dataclass(frozen=True)
class Asked:
    """What the rows of a table ask: arrays of one length, `numbers` or both axes.

    `lng` and `lat` are WGS 84 degrees, NaN where a row has a problem; `numbers` is 0 there.
    """

    problems: Problems
    numbers: npt.NDArray[np.int64] | None = None
    lng: Floats | None = None
    lat: Floats | None = None


@dataclass(frozen=True, slots=True)
class How:
    """Where in a table the question is, and how points in it are kept."""

    chosen: Chosen
    crs: str = ""
    """Anything that PROJ takes, its own JSON included; WGS 84 if empty."""
    encoding: str = "WKB"
    """Of the geometry: `WKB`, or `point`, which GeoParquet calls a struct of x and y."""


def asked(columns: Mapping[str, Any], how: How) -> Asked:
    """Return what the rows of some Arrow columns ask.

    Raises FileRefused for a column whose type can be neither numbers nor points.
    """
    chosen = how.chosen
    if chosen.school_id:
        return _numbers(columns[chosen.school_id], chosen.school_id)
    if chosen.geometry:
        x, y, problems = _points(columns[chosen.geometry], chosen.geometry, how.encoding)
    else:
        x, y, problems = _axes(columns, chosen)
    return _places(x, y, problems, how.crs)


def check_crs(crs: str) -> None:
    """Raise InputRefused for a CRS that PROJ does not know."""
    if not crs:
        return
    try:
        transformer(crs, WGS84)
    except ProjError as error:
        raise InputRefused(
            f"The CRS {shown(crs)} is not known.",
            field="crs",
            allowed="It must be one that PROJ knows, such as EPSG:2193.",
        ) from error


# --- school numbers -------------------------------------------------------------------------------


def _numbers(column: Any, name: str) -> Asked:
    numbers, empty = _read(column, name, NUMBER)
    whole = (numbers >= 0) & (numbers <= HIGHEST_NUMBER) & (numbers == np.floor(numbers))
    problems = np.where(empty, NO_NUMBER, np.where(whole, 0, BAD_NUMBER)).astype(np.uint8)
    return Asked(problems, numbers=np.where(whole, numbers, 0).astype(np.int64))


# --- places ---------------------------------------------------------------------------------------


def _axes(columns: Mapping[str, Any], chosen: Chosen) -> tuple[Floats, Floats, Problems]:
    found, empty, bad = [], [], []
    for name in (chosen.lng, chosen.lat):
        numbers, missing = _read(columns[name], name, DEGREES)
        found.append(numbers)
        empty.append(missing)
        bad.append(~np.isfinite(numbers))
    problems = np.zeros(len(bad[0]), dtype=np.uint8)
    none = bad[0] | bad[1]
    if none.any():
        problems[none] = np.where(empty[0] & empty[1], NO_PLACE, NOT_A_NUMBER)[none]
        for name in (chosen.lng, chosen.lat):
            problems[none & _has_comma(columns[name])] = DECIMAL_COMMA
    return found[0], found[1], problems


def _points(column: Any, name: str, encoding: str) -> tuple[Floats, Floats, Problems]:
    values = _one(column)
    if encoding == "point" and pa.types.is_struct(values.type):
        x, y = (_as_floats(pc.struct_field(values, axis), name) for axis in ("x", "y"))
        problems = np.where(np.isfinite(x) & np.isfinite(y), 0, NO_PLACE).astype(np.uint8)
        return x, y, problems
    if not (pa.types.is_binary(values.type) or pa.types.is_large_binary(values.type)):
        raise _not_this(name, values.type, "points as WKB")
    if encoding != "WKB":
        raise _not_this(name, encoding, "points as WKB")
    return _plain_points(values) or _any_points(values)


def _plain_points(values: Any) -> tuple[Floats, Floats, Problems] | None:
    """Return the axes where every value is a plain point of 21 bytes, as nearly all files have."""
    if values.null_count or not len(values):
        return None
    offsets, content = _offsets_and_content(values)
    if (np.diff(offsets) != _POINT_BYTES).any():
        return None
    rows = content[offsets[0] : offsets[-1]].reshape(-1, _POINT_BYTES)
    if (rows[:, :5] != np.frombuffer(_LITTLE_ENDIAN_POINT, dtype=np.uint8)).any():
        return None
    xy = np.ascontiguousarray(rows[:, 5:]).view("<f8")
    x, y = xy[:, 0].astype(np.float64), xy[:, 1].astype(np.float64)
    problems = np.where(np.isfinite(x) & np.isfinite(y), 0, NO_PLACE).astype(np.uint8)
    return x, y, problems


def _any_points(values: Any) -> tuple[Floats, Floats, Problems]:
    geometries = shapes_of(values, POINTS)
    nothing = shapely.is_missing(geometries) | shapely.is_empty(geometries)
    absent = np.asarray(values.is_null()) | shapely.is_empty(geometries)
    # A multipoint of one point is one: some programs write nothing else.
    kinds = np.isin(shapely.get_type_id(geometries), (0, 4))
    one = kinds & (shapely.get_num_coordinates(geometries) == 1) & ~nothing
    x, y = np.full(len(values), np.nan), np.full(len(values), np.nan)
    x[one], y[one] = shapely.get_coordinates(geometries[one]).T
    problems = np.where(absent, NO_PLACE, np.where(one, 0, NO_POINT)).astype(np.uint8)
    return x, y, problems


def shapes_of(values: Any, kinds: Kinds) -> npt.NDArray[np.object_]:
    """Return the geometries of an Arrow array of WKB: none for what is missing or not sound."""
    if not len(values):
        return np.empty(0, dtype=object)
    wkb = values.to_numpy(zero_copy_only=False)
    wkb[~sound(*_offsets_and_content(values), kinds)] = None
    return np.asarray(shapely.from_wkb(wkb, on_invalid="ignore"))


def _places(x: Floats, y: Floats, problems: Problems, crs: str) -> Asked:
    lng, lat = _degrees(x, y, crs)
    problems = problems.copy()
    plain = _in_new_zealand(lng, lat) & (lng >= LNG_LIMITS[0])
    doubtful = np.flatnonzero((problems == 0) & ~plain)
    if len(doubtful):  # else nothing is wrong: where most files end
        here, degrees = (x[doubtful], y[doubtful]), (lng[doubtful], lat[doubtful])
        problems[doubtful] = _wrong(here, degrees, crs)
    bad = problems > 0
    return Asked(problems, lng=np.where(bad, np.nan, lng), lat=np.where(bad, np.nan, lat))


def _wrong(here: tuple[Floats, Floats], degrees: tuple[Floats, Floats], crs: str) -> Problems:
    """Return what is wrong with places, as they are in their CRS and in degrees."""
    (x, y), (lng, lat) = here, degrees
    ranged = _between(lng, LNG_LIMITS) & _between(lat, LAT_LIMITS)
    elsewhere = ~_in_new_zealand(lng, lat)
    in_degrees = elsewhere & (_in_new_zealand(x, y) | _in_new_zealand(y, x))
    exchanged = elsewhere & _in_new_zealand(*_degrees(y, x, crs))
    mirrored = (lat > 0) & _in_new_zealand(lng, -lat)
    found = np.select(
        [exchanged, in_degrees, ~ranged, mirrored],
        [EXCHANGED, DEGREES_FOR_METRES, OUT_OF_RANGE, SIGN_MISSING],
        default=0,
    )
    return found.astype(np.uint8)


def _degrees(x: Floats, y: Floats, crs: str) -> tuple[Floats, Floats]:
    """Return longitudes and latitudes of WGS 84; infinity for what lies nowhere."""
    lng, lat = (x, y) if crs in {"", WGS84} else transformer(crs, WGS84).transform(x, y)
    return np.asarray(lng, dtype=np.float64), np.asarray(lat, dtype=np.float64)


def _between(values: Floats, limits: tuple[float, float]) -> npt.NDArray[np.bool_]:
    low, high = limits
    inside: npt.NDArray[np.bool_] = (values >= low) & (values <= high)
    return inside


def _in_new_zealand(lng: Floats, lat: Floats) -> npt.NDArray[np.bool_]:
    west, east = NEW_ZEALAND_LNG_360
    south, north = NEW_ZEALAND_LAT
    lng_360 = np.where(lng < 0, lng + 360.0, lng)
    within: npt.NDArray[np.bool_] = (
        (lng_360 >= west) & (lng_360 <= east) & (lat >= south) & (lat <= north)
    )
    return within


# --- Arrow ----------------------------------------------------------------------------------------


def _one(column: Any) -> Any:
    """Return a column in one piece."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _plain(column: Any) -> Any:
    """Return a column in one piece, its texts as plain texts."""
    values = _one(column)
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_large_string(values.type) or pa.types.is_string_view(values.type):
        values = values.cast(pa.string())
    if pa.types.is_string(values.type) and pc.any(pc.match_substring(values, '="')).as_py():
        # As `readers.formats.cells.unwrapped` has it: what keeps a spreadsheet from reckoning.
        values = pc.replace_substring_regex(values, r'^\s*="([^"]*)"\s*$', r"\1")
    return values


def _missing(values: Any) -> npt.NDArray[np.bool_]:
    null = pc.is_null(values, nan_is_null=pa.types.is_floating(values.type))
    if pa.types.is_string(values.type):
        blank = pc.equal(pc.utf8_trim_whitespace(values), "")
        null = pc.or_(null, pc.fill_null(blank, fill_value=True))
    return np.asarray(null)


def _read(column: Any, name: str, pattern: Pattern[str]) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return the numbers of a column, NaN where a text is not of the pattern, and what is empty."""
    values = _plain(column)
    empty = _missing(values)
    if pa.types.is_string(values.type):
        values = pc.utf8_trim_whitespace(values)
        good = pc.match_substring_regex(values, f"^(?:{pattern.pattern})$")
        values = pc.if_else(good, values, pa.scalar(None, pa.string()))
    return _as_floats(values, name), empty


def _has_comma(column: Any) -> npt.NDArray[np.bool_]:
    """Return which texts of a column are numbers with a decimal comma."""
    values = _plain(column)
    if not pa.types.is_string(values.type):
        return np.zeros(len(values), dtype=bool)
    pattern = f"^(?:{WITH_COMMA.pattern})$"
    found = pc.match_substring_regex(pc.utf8_trim_whitespace(values), pattern)
    return np.asarray(pc.fill_null(found, fill_value=False))


def _as_floats(values: Any, name: str) -> Floats:
    """Return numbers, NaN where there is none. Raises FileRefused for what is no number."""
    kind = values.type
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if not (is_number or pa.types.is_string(kind) or pa.types.is_null(kind)):
        raise _not_this(name, kind, "numbers")
    floats = values.cast(pa.float64(), safe=False)
    return np.asarray(floats.to_numpy(zero_copy_only=False), dtype=np.float64)


def _offsets_and_content(
    values: Any,
) -> tuple[npt.NDArray[np.signedinteger[Any]], npt.NDArray[np.uint8]]:
    """Return where the values of an array of bytes begin and end, and the bytes."""
    _, offsets, content = values.buffers()
    kind: Any = np.int64 if pa.types.is_large_binary(values.type) else np.int32
    found = np.frombuffer(offsets, dtype=kind)
    # Arrow leaves out what holds nothing, as where every value is missing.
    raw = np.frombuffer(content, dtype=np.uint8) if content else np.empty(0, dtype=np.uint8)
    return found[values.offset : values.offset + len(values) + 1], raw


def _not_this(name: str, kind: object, wanted: str) -> FileRefused:
    return FileRefused(
        f"The column {shown(name)} holds {shown(kind)}.",
        allowed=f"It must hold {wanted}.",
        next_step="Name another column, or write this one anew.",
    )
