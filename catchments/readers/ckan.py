"""The school directory straight from data.govt.nz: a CKAN datastore, page by page."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from datetime import UTC, date, datetime
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError, ProtocolError
from urllib3.exceptions import TimeoutError as Urllib3TimeoutError
from urllib3.util.retry import Retry

from catchments.core.errors import FileRefused, shown
from catchments.core.model import DirectoryRelease, SchoolStatus, Source, SourceKind
from catchments.readers.directory import (
    AUTHORITY,
    COLUMNS,
    LICENCE,
    MAX_SCHOOLS,
    TITLE,
    DirectoryReading,
    statuses_told,
)
from catchments.readers.formats.cells import cell_text, tidy
from catchments.readers.formats.table_parts.sections import say_unread
from catchments.readers.report import Progress, Report, no_progress
from catchments.runtime.new_zealand import NEW_ZEALAND_TIME

BASE_URL = "https://catalogue.data.govt.nz/api/3/action/"
CURRENT_SCHOOLS = "4b292323-9fcc-41f8-814b-3c7b19cf14b3"
"""The resource “Current Schools”; its dated CSV path changes daily, its id does not."""
MAX_PAGE_MB = 20
MAX_RETRY_AFTER_S = 30

_BLOCK_BYTES = 1 << 16
_BODY_ATTEMPTS = 3
_SLOWEST_PAGE = 4
"""A page may take so many time-outs in all, however steadily it drips."""
_RETRIED = (429, 500, 502, 503, 504)
_USER_AGENT = "catchments-import (school directory; python-requests)"


def fetch_directory(
    *,
    today: date,
    base_url: str = BASE_URL,
    resource_id: str = CURRENT_SCHOOLS,
    progress: Progress = no_progress,
    timeout_s: float = 30.0,
    page_size: int = 500,
    session: requests.Session | None = None,
    statuses: Mapping[str, SchoolStatus] | None = None,
) -> tuple[DirectoryRelease, Report]:
    """Fetch the whole directory; it is dated as the catalogue says, else `today`.

    Raises FileRefused when the service cannot be reached, answers with anything but whole,
    consistent pages, or its rows cannot be right. A table that changes meanwhile is read anew once.
    """
    with nullcontext(session) if session else retrying_session() as opened:
        catalogue = _Catalogue(opened, base_url, timeout_s)
        records, sha256, changed = _consistent_pages(
            catalogue, resource_id, max(1, page_size), progress
        )
    reading = DirectoryReading(catalogue.name, told=statuses_told(statuses or {}))
    _read_records(reading, records)
    if changed is None:
        reading.report.problem(
            catalogue.name, "does not say when the directory last changed", f"dated {today}"
        )
    released = min(changed or today, today)
    source = Source(
        kind=SourceKind.DIRECTORY,
        title=TITLE,
        authority=AUTHORITY,
        licence=LICENCE,
        release=released.isoformat(),
        sha256=sha256,
        url=catalogue.url("datastore_search") + f"?resource_id={resource_id}",
    )
    return reading.release(released, source), reading.report


def retrying_session(*, retries: int = 5, backoff_s: float = 0.5) -> requests.Session:
    """Return a session that tries again after lost connections, 429 and 5xx, more patiently."""
    retry = Retry(
        total=retries,
        read=min(2, retries),  # each waits a whole time-out
        backoff_factor=backoff_s,
        backoff_max=MAX_RETRY_AFTER_S,
        retry_after_max=MAX_RETRY_AFTER_S,
        status_forcelist=_RETRIED,
        allowed_methods={"GET"},
    )
    session = requests.Session()
    session.headers.update({"User-Agent": _USER_AGENT, "Accept": "application/json"})
    session.max_redirects = 5
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


class _ChangedMeanwhileError(Exception):
    """The table was replaced while it was read."""


def _consistent_pages(
    catalogue: _Catalogue, resource_id: str, page_size: int, progress: Progress
) -> tuple[list[Mapping[str, Any]], str, date | None]:
    """Return all records, the digest of their pages, and the day on which they last changed."""
    for _ in range(2):
        try:
            before = catalogue.last_modified(resource_id)
            records, sha256 = _all_pages(catalogue, resource_id, page_size, progress)
            if catalogue.last_modified(resource_id) == before:
                return records, sha256, before and before.date()
        except _ChangedMeanwhileError:
            pass
    raise FileRefused(
        f"The directory at {catalogue.name} changed while it was read, twice.",
        next_step="Try again in an hour.",
    )


def _all_pages(
    catalogue: _Catalogue, resource_id: str, page_size: int, progress: Progress
) -> tuple[list[Mapping[str, Any]], str]:
    digest = hashlib.sha256()
    records: list[Mapping[str, Any]] = []
    seen: set[int] = set()
    total: int | None = None
    while total is None or len(records) < total:
        result, raw = catalogue.get(
            "datastore_search",
            resource_id=resource_id,
            limit=str(page_size),
            offset=str(len(records)),
            sort="_id",
        )
        digest.update(raw)
        total = _same_total(catalogue.name, result.get("total"), total)
        page = _page(catalogue.name, result.get("records"), min(page_size, total - len(records)))
        _refuse_repeated(catalogue.name, page, seen)
        records.extend(page)
        progress(f"Fetching schools from {catalogue.name}", len(records), total)
    return records, digest.hexdigest()


def _same_total(name: str, given: object, total: int | None) -> int:
    if not isinstance(given, int) or not 1 <= given <= MAX_SCHOOLS:
        raise FileRefused(
            f"{name} says that the directory has {shown(given)} rows.",
            allowed=f"From 1 to {MAX_SCHOOLS:,} are read.",
            next_step="Check the resource id.",
        )
    if total is not None and given != total:
        raise _ChangedMeanwhileError
    return given


def _page(name: str, records: object, expected: int) -> list[Mapping[str, Any]]:
    page = records if isinstance(records, list) else []
    if len(page) != expected:
        raise FileRefused(
            f"{name} gave a page of {len(page)} rows where {expected} were due.",
            next_step="Try again in an hour, or download the CSV and import that.",
        )
    return page


def _refuse_repeated(name: str, page: list[Mapping[str, Any]], seen: set[int]) -> None:
    for record in page:
        row = record.get("_id") if isinstance(record, dict) else None
        if not isinstance(row, int) or row in seen:
            what = f"{row} twice" if row in seen else "without its number (_id)"
            raise FileRefused(
                f"{name} gave a row {what}: its pages do not fit together.",
                next_step="Try again in an hour, or download the CSV and import that.",
            )
        seen.add(row)


def _read_records(reading: DirectoryReading, records: list[Mapping[str, Any]]) -> None:
    reading.report.took(f"{len(records):,} records")
    say_unread(reading.report, COLUMNS, [name for name in records[0] if name != "_id"])
    for record in records:
        names = list(record)
        positions = COLUMNS.positions(names)
        missing = COLUMNS.missing(positions)
        if missing:
            raise FileRefused(
                f"{reading.name}, row {record['_id']}: there is no column named {missing[0]}.",
                next_step="Check the resource id.",
            )
        cells = {field: tidy(cell_text(record[names[at]])) for field, at in positions.items()}
        reading.add(f"row {record['_id']}", cells)


class _Catalogue:
    """A CKAN action API; every answer is bounded in size and time, and checked."""

    def __init__(self, session: requests.Session, base_url: str, timeout_s: float) -> None:
        self.session = session
        self.base_url = base_url.rstrip("/")
        self.timeout_s = timeout_s
        self.name = self.base_url.partition("://")[2].partition("/")[0] or self.base_url

    def url(self, action: str) -> str:
        return f"{self.base_url}/{action}"

    def last_modified(self, resource_id: str) -> datetime | None:
        """Return when the resource last changed, if the catalogue says so understandably."""
        status, raw = self._fetched("resource_show", {"id": resource_id})
        try:
            said = self._result("resource_show", status, raw).get("last_modified")
            parsed = datetime.fromisoformat(str(said))
            utc = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
            return utc.astimezone(NEW_ZEALAND_TIME)
        except (FileRefused, ValueError, OverflowError):
            return None

    def get(self, action: str, **parameters: str) -> tuple[Mapping[str, Any], bytes]:
        """Return the `result` of an action, and the bytes that held it."""
        status, raw = self._fetched(action, parameters)
        return self._result(action, status, raw), raw

    def _result(self, action: str, status: int, raw: bytes) -> Mapping[str, Any]:
        answer = self._json(status, raw)
        if answer.get("success") is not True or status != requests.codes.ok:
            error = answer.get("error")
            said = error.get("message") if isinstance(error, dict) else error
            raise FileRefused(
                f"{self.name} refused {action} with status {status}: {shown(said or 'no reason')}.",
                next_step="Check the resource id.",
            )
        result = answer.get("result")
        return result if isinstance(result, dict) else {}

    def _json(self, status: int, raw: bytes) -> Mapping[str, Any]:
        try:
            answer = json.loads(raw)
        except (ValueError, RecursionError):
            answer = None
        if isinstance(answer, dict):
            return answer
        web = raw.lstrip()[:1] == b"<"
        what = "a web page, perhaps a check for robots," if web else "something else"
        raise FileRefused(
            f"{self.name} answered with {what} instead of JSON (status {status}).",
            next_step="Download the CSV in a browser and import that.",
        )

    def _fetched(self, action: str, parameters: Mapping[str, str]) -> tuple[int, bytes]:
        try:
            for _ in range(_BODY_ATTEMPTS - 1):
                with suppress(ProtocolError):  # it broke off half-way: the session tries no more
                    return self._once(action, parameters)
            return self._once(action, parameters)
        except (requests.RequestException, HTTPError, TimeoutError) as error:
            raise self._unreachable(error) from error

    def _once(self, action: str, parameters: Mapping[str, str]) -> tuple[int, bytes]:
        body = bytearray()
        with self.session.get(
            self.url(action), params=parameters, timeout=self.timeout_s, stream=True
        ) as response:
            deadline = time.monotonic() + _SLOWEST_PAGE * self.timeout_s
            # read1 returns what has arrived; read would wait for a whole block past any deadline.
            while block := response.raw.read1(_BLOCK_BYTES, decode_content=True):
                body += block
                self._refuse_excess(len(body), deadline)
            return response.status_code, bytes(body)

    def _refuse_excess(self, size: int, deadline: float) -> None:
        if size > MAX_PAGE_MB << 20:
            raise FileRefused(
                f"{self.name} sent a page of more than {MAX_PAGE_MB} MB.",
                next_step="Ask for smaller pages, or download the CSV and import that.",
            )
        if time.monotonic() > deadline:
            raise requests.Timeout

    def _unreachable(self, error: Exception) -> FileRefused:
        tried = error.args[0] if error.args else None  # requests wraps what the retries ended with
        reason = tried.reason if isinstance(tried, MaxRetryError) and tried.reason else error
        what = f"cannot be read ({type(reason).__name__})"
        if isinstance(error, requests.exceptions.RetryError):
            what = "keeps answering that it is busy or broken"
        elif isinstance(
            reason, NewConnectionError
        ):  # refused or unknown; urllib3 has it a time-out
            what = "cannot be reached"
        elif isinstance(reason, (requests.Timeout, Urllib3TimeoutError, TimeoutError)):
            what = f"did not answer within {self.timeout_s:g} s"
        return FileRefused(
            f"{self.name} {what}.",
            next_step="Nothing was imported: try again later, or download the CSV and import that.",
        )
