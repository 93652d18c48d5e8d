"""The lookup, asked as any other service asks it: over HTTP, by its public contract.

What it says is believed; when it does not answer, nothing is guessed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote

import requests

from catchments.core.errors import CatchmentsError, NotKnown, shown
from catchments.requests.rules.served import Served

TIMEOUT_S = (3.05, 10.0)
ASKED_AT_ONCE = 500
"""Schools of one bulk request."""
LARGEST = 20_000_000
"""Bytes of an answer that is read."""
NOT_AS_PROMISED = (AttributeError, KeyError, TypeError, ValueError)
"""What reading an answer ends in that is not of the contract's shape."""
UNKNOWN, OPEN_SCHOOL = "unknown", "open"
"""What the contract calls a school that there is not, and one that is open."""


class LookupAway(CatchmentsError):
    """The lookup does not answer, or not as it promises to."""

    def __init__(self) -> None:
        super().__init__(
            "Who serves your school cannot be asked just now.",
            next_step="Nothing is lost. Try again in a few minutes.",
        )


@dataclass(frozen=True, slots=True)
class PublishedEdition:
    """An edition that is in force or will be."""

    number: int
    effective_from: date


@dataclass(frozen=True, slots=True)
class Feed:
    """What is published: the editions that count, and whether what they say is made up."""

    editions: tuple[PublishedEdition, ...]
    demonstration: bool
    state: str
    """A digest that differs whenever anything was published or withdrawn."""

    def days_after(self, today: date) -> list[date]:
        """Return the days after today on which another edition comes into force."""
        return sorted({e.effective_from for e in self.editions if e.effective_from > today})


class Lookup:
    """The lookup at an address, such as http://127.0.0.1:8000."""

    def __init__(self, address: str, *, key: str = "") -> None:
        self._address = address.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["User-Agent"] = "catchments-requests"
        if key:
            self._session.headers["X-API-Key"] = key

    def served(self, school_id: int, on: date) -> Served:
        """Return who serves a school on a day. Raises NotKnown and LookupAway."""
        asked = {"school_id": str(school_id), "on": on.isoformat()}
        answer = self._get("/v1/provider", asked, missing=f"There is no school {school_id}.")
        try:
            return _served(answer, on)
        except NOT_AS_PROMISED as error:
            raise LookupAway from error

    def all_served(self, school_ids: Iterable[int], on: date) -> dict[int, Served]:
        """Return who serves each of some schools on a day, by number; unknown ones are left out.

        Raises LookupAway.
        """
        found: dict[int, Served] = {}
        asked = sorted(set(school_ids))
        for at in range(0, len(asked), ASKED_AT_ONCE):
            some = asked[at : at + ASKED_AT_ONCE]
            found |= {served.school_id: served for served in self._some(some, on)}
        return found

    def provider_name(self, code: str) -> str:
        """Return what a provider is called. Raises NotKnown and LookupAway."""
        path = f"/v1/providers/{quote(code, safe='')}"
        answer = self._get(path, {}, missing=f"There is no provider {shown(code)}.")
        try:
            return str(answer["name"])
        except NOT_AS_PROMISED as error:
            raise LookupAway from error

    def schools(self, at_most: int) -> list[int]:
        """Return the numbers of some open schools. Raises LookupAway."""
        page = self._get("/v1/schools.json", {"status": OPEN_SCHOOL, "limit": str(at_most)})
        try:
            return [each["school"]["school_id"] for each in page["items"]]
        except NOT_AS_PROMISED as error:
            raise LookupAway from error

    def feed(self) -> Feed:
        """Return the editions that are not withdrawn. Raises LookupAway."""
        listed, path = [], "/v1/editions?limit=1000"
        try:
            while path:
                page = self._get(path, {})
                listed += page["items"]
                path = (page["next"] or "").removeprefix(self._address)
            counted = tuple(
                PublishedEdition(e["number"], date.fromisoformat(e["effective_from"]))
                for e in listed
                if e["withdrawn_at"] is None
            )
            return Feed(
                counted,
                any(e["demonstration"] for e in listed if e["withdrawn_at"] is None),
                hashlib.sha256(repr(counted).encode()).hexdigest(),
            )
        except NOT_AS_PROMISED as error:
            raise LookupAway from error

    def _some(self, school_ids: list[int], on: date) -> list[Served]:
        answer = self._asked(
            "POST",
            "/v1/providers:resolve",
            params={"on": on.isoformat()},
            json={"school_ids": school_ids},
        )
        try:
            about = {"edition": answer["edition"], "demonstration": answer["demonstration"]}
            known = (each for each in answer["answers"] if each["status"] != UNKNOWN)
            return [_served(about | each, on) for each in known]
        except NOT_AS_PROMISED as error:
            raise LookupAway from error

    def _get(self, path: str, asked: dict[str, str], *, missing: str = "") -> Any:
        return self._asked("GET", path, params=asked, missing=missing)

    def _asked(self, method: str, path: str, *, missing: str = "", **sent: Any) -> Any:
        try:
            with self._session.request(
                method,
                f"{self._address}{path}",
                timeout=TIMEOUT_S,
                allow_redirects=False,
                stream=True,
                **sent,
            ) as response:
                if response.status_code == requests.codes.not_found and missing:
                    raise NotKnown(missing)
                response.raise_for_status()
                content = response.raw.read(LARGEST + 1, decode_content=True)
                if len(content) > LARGEST:
                    raise LookupAway
                return json.loads(content)
        except (requests.RequestException, RecursionError, ValueError, OSError) as error:
            raise LookupAway from error


def _served(answer: dict[str, Any], on: date) -> Served:
    school, catchment = answer.get("school") or {}, answer.get("catchment") or {}
    provider, edition = answer.get("provider") or {}, answer["edition"] or {}
    return Served(
        school_id=school.get("school_id") or answer["school_id"],
        school_name=school.get("name", ""),
        on=on,
        edition_number=edition.get("number", 0),
        catchment_code=catchment.get("code", ""),
        catchment_name=catchment.get("name", ""),
        provider_code=provider.get("code", ""),
        provider_name=provider.get("name", ""),
        in_school_provision=answer.get("in_school_provision") is not None,
        is_open=school.get("status", OPEN_SCHOOL) == OPEN_SCHOOL,
        demonstration=answer["demonstration"],
    )
