"""For everything that reads what the public sends: sixteen times as much is no more than forty
times the work.

The work is this thread's time on the processor, two sizes of one kind in one run, so that a busy
machine changes little; what is over is measured again before it is believed. A parser that copies
the rest for each piece takes 256 times.
"""

from __future__ import annotations

import gzip
import math
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from catchments.web.front.header_lengths import LONGEST_HEADER
from catchments.web.v1.bulk.unpacking import LONGEST_BODY, MEMBERS_AT_MOST

TIMES, WORK = 16, 40
HARMLESS_S = 0.0005
"""Forty times this is 20 ms, which nobody notices at the largest size that is taken."""
ATTEMPTS = 6
EMPTY_MEMBER = gzip.compress(b"")
ALL_MEMBERS = len(EMPTY_MEMBER) * MEMBERS_AT_MOST

HEADER, QUERY, FORM, BODY = LONGEST_HEADER // TIMES, 2_000, 3_800, 100_000
"""Bytes of the smaller of two requests; sixteen times that is not far from the most."""


@pytest.fixture
def client(small_app: Flask) -> FlaskClient:
    """A client without cookies of its own, so that they can be made up."""
    return small_app.test_client(use_cookies=False)


Ask = Callable[[FlaskClient], Any]
Make = Callable[[int], Ask]


def filled(unit: str, size: int) -> str:
    """A text of some size: a unit again and again."""
    return (unit * (size // len(unit) + 1))[:size]


def header(name: str, unit: str, path: str) -> Make:
    return lambda n: lambda client: client.get(path, headers={name: filled(unit, n)})


def query(path: str, name: str, unit: str) -> Make:
    return lambda n: lambda client: client.get(path, query_string={name: filled(unit, n)})


def raw_query(path: str, unit: str) -> Make:
    return lambda n: lambda client: client.get(path, query_string=filled(unit, n))


def path_of(start: str, unit: str) -> Make:
    return lambda n: lambda client: client.get(start + filled(unit, n))


def form(kind: str, unit: str) -> Make:
    return lambda n: (
        lambda client: client.post(
            "/staff/sign-in", data=filled(unit, n).encode(), content_type=kind
        )
    )


def resolve(
    kind: str, unit: str | bytes, *, before: bytes = b"", after: bytes = b"", **headers: str
) -> Make:
    unit = unit.encode() if isinstance(unit, str) else unit

    def ask(n: int) -> Ask:
        body = before + unit * max(1, n // len(unit)) + after
        return lambda client: client.post(
            "/v1/providers:resolve", data=body, content_type=kind, headers=headers
        )

    return ask


def named(kind: str, units: str | tuple[str, ...], make: Callable[[str], Make], size: int) -> Any:
    for unit in units:
        yield pytest.param(make(unit), size, id=f"{kind} {unit[:30]!r}")


PROVIDER, PAGE = "/v1/provider?school_id=54", "/"
JSON, NDJSON, CSV = "application/json", "application/x-ndjson", "text/csv"
GZIP = {"Content-Encoding": "gzip"}
MULTIPART = "multipart/form-data; boundary=x"
PART = "--x\r\nContent-Disposition: form-data; name=a\r\n\r\nb\r\n"
TYPED = ("a ", "1/", "a\u0304", "'", "road 1 ")


def headers() -> Iterator[Any]:
    for name, path, units in (
        ("Accept", PROVIDER, ("a/b,", "a/b;q=0.5,", ";", ",", '"', "a/b;a=b;")),
        ("Accept", PAGE, ("a/b;q=", "a/b;a= ", "*/*,")),
        ("Accept-Language", PAGE, ("en,", "a-b;q=0.5,", "a-", ";q=")),
        ("Accept-Encoding", PAGE, ("gzip,", "br;q=0.1,", ";", "*")),
        ("If-None-Match", PROVIDER, ('"a",', "W/", "a,", '"', "a")),
        ("If-None-Match", PAGE, ('W/"a",', " ")),
        ("If-Modified-Since", "/static/site.css", ("Mon, ", "(", "1 ")),
        ("Range", "/static/site.css", ("0-1,", "-", "9")),
        ("Cookie", "/staff/sign-in", ("a=b;", "a", '"', 'a="\\', "=;", "staff=x;")),
        ("Cookie", PAGE, ("a=b;",)),
        ("X-Forwarded-For", PAGE, ("1.2.3.4,", '"')),
        ("Forwarded", "/staff/sign-in", ("for=a;", '"')),
        ("X-Api-Key", PAGE, ("a",)),
        ("Host", PAGE, ("a.", ":", "[")),
        ("Origin", PROVIDER, ("a", "/")),
        ("Content-Type", PAGE, (";a=b", ";", '"', ";a*0=b")),
    ):
        yield from named(
            f"{name} of {path}", units, lambda u, n=name, p=path: header(n, u, p), HEADER
        )


def addresses() -> Iterator[Any]:
    for path, name, units in (
        ("/v1/provider", "address", TYPED),
        ("/v1/provider", "school_id", ("1", " ")),
        ("/v1/provider", "lat", ("1", "-1.", "1e")),
        ("/v1/provider", "schoolid", ("1", "0.")),
        ("/v1/provider", "on", ("2026-01-05", "1")),
        ("/v1/search", "q", TYPED),
        ("/v1/suggest", "q", TYPED),
        ("/", "q", TYPED),
        ("/v1/schools", "region", ("ā", "a ")),
        ("/v1/schools", "bbox", ("1,", " ", "1")),
        ("/v1/schools", "catchment", ("a,",)),
        ("/v1/schools", "limit", ("1",)),
        ("/ogc/collections/schools/items", "bbox", ("1,", " ")),
        ("/ogc/collections/schools/items", "datetime", ("../", "2026-01-01T00:00:00Z/")),
        ("/ogc/collections/schools/items", "properties", ("school,", ",")),
        ("/ogc/collections/schools/items", "crs", ("http://", "[")),
        ("/changes", "since", ("1",)),
    ):
        yield from named(f"{path}?{name}=", units, lambda u, p=path, n=name: query(p, n, u), QUERY)
    for path in ("/v1/provider", "/", "/ogc/collections/schools/items"):
        units = ("a=b&", "&", "%", "%41", "a=%C4%81&", "on=1&")
        yield from named(f"{path}?", units, lambda u, p=path: raw_query(p, u), QUERY)
    for path in ("/", "/v1/catchments/", "/school/", "/ogc/collections/", "/static/"):
        units = ("a", "a/", "../", "-", ".")
        yield from named(path, units, lambda u, p=path: path_of(p, u), QUERY)


def forms() -> Iterator[Any]:
    units = ("a=b&", "&", "%", "login=a&")
    kind = "application/x-www-form-urlencoded"
    yield from named("form", units, lambda u: form(kind, u), FORM)
    units = (PART, "--x\r\n", "\r\n", "-", "--x\r\na: b\r\n")
    yield from named("multipart", units, lambda u: form(MULTIPART, u), FORM)


def row(text: str) -> dict[str, bytes]:
    """What stands before and after something in one row of JSON."""
    before, _, after = text.partition("…")
    return {"before": f'{{"rows":[{{{before}'.encode(), "after": f"{after}}}]}}".encode()}


ROWS = {"before": b'{"rows":[', "after": b"{}]}"}
BODIES: dict[str, tuple[Make, int]] = {
    "gzip, empty members": (
        resolve(JSON, EMPTY_MEMBER, **GZIP),
        2 * ALL_MEMBERS,
    ),
    "gzip, few members": (resolve(JSON, EMPTY_MEMBER, **GZIP), ALL_MEMBERS // TIMES),
    "gzip, much behind them": (
        resolve(JSON, b"x", before=EMPTY_MEMBER * (MEMBERS_AT_MOST - 1), **GZIP),
        BODY,
    ),
    "gzip, a long name": (
        resolve(JSON, b"a", before=b"\x1f\x8b\x08\x08" + b"\0" * 6, **GZIP),
        BODY,
    ),
    "JSON, numbers": (resolve(JSON, "54,", before=b'{"school_ids":[', after=b"54]}"), 1_800),
    "JSON, digits": (resolve(JSON, "1", before=b'{"school_ids":[', after=b"]}"), BODY),
    "JSON, decimals": (resolve(JSON, "1", **row('"lng":1,"lat":0.…')), BODY),
    "JSON, digits of a text": (resolve(JSON, "1", **row('"school_id":"…x"')), BODY),
    "JSON, decimals of a text": (resolve(JSON, "1", **row('"lng":"1.…x","lat":0')), BODY),
    "JSON, a long name of a field": (resolve(JSON, "_", **row('"lng…":1')), BODY),
    "JSON, digits of an id": (resolve(JSON, "1", **row('"school_id":1,"id":…')), BODY),
    "JSON, digits beside NaN": (resolve(JSON, "1", **row('"lat":NaN,"id":0.…')), BODY),
    "JSON, brackets": (resolve(JSON, "["), BODY),
    "JSON, brackets in a row": (resolve(JSON, "[", before=b'{"rows":['), BODY),
    "JSON, objects in objects": (resolve(JSON, '{"a":'), BODY),
    "JSON, brackets of an id": (resolve(JSON, "[", before=b'{"rows":[{"id":'), BODY),
    "JSON, blanks": (resolve(JSON, " "), BODY),
    "JSON, lines": (resolve(JSON, "\n", after=b"x"), BODY),
    "JSON, not UTF-8": (resolve(JSON, "\n", after=b"\xff"), BODY),
    "JSON, a long text": (resolve(JSON, "ahi ", **row('"address":"…"')), BODY),
    "JSON, escapes": (resolve(JSON, "\\u0041", **row('"address":"…"')), BODY),
    "JSON, quotes": (resolve(JSON, '\\"', **row('"address":"…"')), BODY),
    "JSON, a number for an address": (resolve(JSON, "1/", **row('"address":"…"')), BODY),
    "JSON, macrons": (resolve(JSON, "ā\u0304", **row('"address":"…"')), BODY),
    "JSON, the same field": (resolve(JSON, '"rows":[],', before=b"{", after=b'"a":1}'), BODY),
    "JSON, empty rows": (resolve(JSON, "{},", **ROWS), 1_800),
    "JSON, NaN": (resolve(JSON, '{"lat":NaN,"lng":1},', **ROWS), 4_000),
    "JSON, ids that are lists": (resolve(JSON, '{"id":[],"school_id":5},', **ROWS), 4_000),
    "NDJSON": (resolve(NDJSON, '{"school_id":54}\n'), 8_000),
    "NDJSON, no JSON": (resolve(NDJSON, "x\n"), 1_000),
    "NDJSON, blank lines": (resolve(NDJSON, "\n"), BODY),
    "NDJSON, returns": (resolve(NDJSON, "\r"), BODY),
    "NDJSON, brackets": (resolve(NDJSON, "["), BODY),
    "CSV": (resolve(CSV, "a,54\r\n", before=b"id,school_id\r\n"), 3_000),
    "CSV, a quote": (resolve(CSV, "a", before=b'id,school_id\r\n"'), BODY),
    "CSV, quotes": (resolve(CSV, '"', before=b"id,school_id\r\n"), BODY),
    "CSV, commas first": (resolve(CSV, ","), BODY),
    "CSV, digits of a longitude": (
        resolve(CSV, "1", before=b"id,lng,lat\r\na,", after=b"x,1\r\n"),
        8_000,
    ),
    "CSV, a separator": (resolve(CSV, ";", before=b"sep=;"), BODY),
    "CSV, quoted columns": (resolve(CSV, '"a",'), BODY),
    "CSV, one column again": (resolve(CSV, "id,"), BODY),
    "CSV, blank lines": (resolve(CSV, "\r\n"), BODY),
    "CSV, blank lines below": (resolve(CSV, "\r\n", before=b"id,school_id\r\n"), BODY),
    "CSV, blank cells": (resolve(CSV, " ,\r\n", before=b"id,school_id\r\n"), BODY),
    "CSV, a wide row": (resolve(CSV, ",", before=b"id,school_id\r\n"), BODY),
    "CSV, digits": (resolve(CSV, "1", before=b"id,school_id\r\na,"), BODY // 2),
    "CSV, not UTF-8": (resolve(CSV, "\n", after=b"\xff"), BODY),
}


def bodies() -> Iterator[Any]:
    for name, (make, size) in BODIES.items():
        assert TIMES * size <= LONGEST_BODY
        yield pytest.param(make, size, id=name)


def work_s(client: FlaskClient, ask: Ask) -> float:
    """The seconds on the processor that an answer takes, which must be one."""
    started = time.thread_time()
    response = ask(client)
    response.get_data()
    taken = time.thread_time() - started
    response.close()
    assert response.status_code < 500
    return taken


@pytest.mark.parametrize(("make", "size"), [*headers(), *addresses(), *forms(), *bodies()])
def test_sixteen_times_as_much_is_less_than_forty_times_the_work(
    client: FlaskClient, make: Make, size: int
) -> None:
    small, large = make(size), make(TIMES * size)
    few = many = math.inf
    for _ in range(ATTEMPTS):
        few, many = min(few, work_s(client, small)), min(many, work_s(client, large))
        if many < WORK * max(few, HARMLESS_S):
            return
    pytest.fail(f"{few * 1000:.1f} ms became {many * 1000:.0f} ms")


def test_members_over_the_most_are_refused_politely(client: FlaskClient) -> None:
    response = resolve(JSON, EMPTY_MEMBER, **GZIP)(ALL_MEMBERS + len(EMPTY_MEMBER))(client)
    assert response.status_code == 413
    assert response.json["detail"] == "The body has more than 1,000 gzip members."
    assert response.json["next_step"] == "Compress it as one."


@pytest.mark.parametrize("name", ["Accept", "Cookie", "If-None-Match", "Content-Type"])
def test_a_header_that_nobody_needs_is_not_read(client: FlaskClient, name: str) -> None:
    taken = client.get(PROVIDER, headers={name: "a" * LONGEST_HEADER})
    refused = client.get(PROVIDER, headers={name: "a" * (LONGEST_HEADER + 1)})
    assert taken.status_code != 431
    assert (refused.status_code, refused.mimetype) == (431, "application/problem+json")
    assert refused.json["detail"] == f"The header {name} is too long."
    assert refused.json["allowed"] == "A header may have 16,384 characters."
