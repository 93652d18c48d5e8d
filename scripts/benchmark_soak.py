"""A million mixed requests, a hundred publications meanwhile, and staff at work: nothing may drift.

A real server with two workers on the demonstration edition. wrk asks all kinds of things without
pause; clients ask schools whose provider has the edition's number in its name, one by one and in
bulk, and look whether each answer is whole: of one edition, none of another, none older than one
that was seen before by the same connection to the same worker. An editor moves schools in draft
after draft. Told are memory, the slowest answers of each tenth, and whatever was wrong.
"""

from __future__ import annotations

import http.client
import itertools
import json
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import requests

from catchments.changes.kinds.edit_provider import EditProvider
from catchments.core.roles import Role
from catchments.runtime.new_zealand import today_in_new_zealand
from catchments.store import Store
from scripts.benchmark_memory import MIX, told
from scripts.benchmark_together import TIMEOUT_S, Asking, all_asking
from scripts.benchmarking import Load, console, options, refuse_without_wrk, run, seed, show, wrk
from scripts.servers import Served, serving
from tests.staff import PASSWORD, add_person

CHUNK_S = 10
CROWD, AS_USUAL = 224, 16
"""Connections before anybody looks, so that all threads have begun that there may be; and then."""
OVERTAKEN = "any more. Choose the edition to begin from"
PAUSE_S = 2.0
"""How long an editor thinks before the next draft."""
BULK = 200
SETTLED = 0.4
"""The part that does not count for what drifts: in it each worker makes, when first asked, what it
keeps. The last four editions, boundaries prepared for points near them, texts, drafts."""
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


@dataclass
class Seen:
    """What was answered, by all who look closely."""

    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[object] = field(default_factory=list)
    editions: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Marked:
    """The provider whose name tells the edition, and the schools that it serves in all of them."""

    code: str
    name: str
    schools: Sequence[int]
    other: str
    """A catchment of another provider."""

    def named(self, edition: int) -> str:
        return self.name if edition == 1 else f"{self.name}, edition {edition}"


@dataclass(frozen=True)
class Sample:
    """What the server told after so many requests."""

    count: int
    memory_mb: float
    p99_ms: float
    published: int


def main() -> None:
    given = options(__doc__, requests=1_000_000, publications=100)
    refuse_without_wrk()
    with tempfile.TemporaryDirectory() as name:
        database = Path(name) / "soak.sqlite"
        url = f"sqlite:///{database}"
        seed(url)
        marked = _prepared(url)
        words = ("flask", "serve", "--port={port}", "--workers=2", f"--database={database}")
        settings = {"FLASK_APP": "app.py", "CATCHMENTS_INSECURE_COOKIES": "1"}
        with serving(*words, **settings) as server:
            seen, published = Seen(), Published(url, marked, given.publications)
            turns: list[Callable[[], None]] = [
                published,
                Client(server, marked, seen),
                Client(server, marked, seen),
                Editor(server, marked, seen, published),
            ]
            _asked(server, Path(name), 0, CROWD)
            with all_asking(*turns) as threads:
                samples = _sampled(server, Path(name), given, published, seen, threads)
    _show(samples, seen)


def _prepared(url: str) -> Marked:
    """Return the provider that serves the most schools, once there is an editor."""
    store = Store(url)
    edition = store.edition(1)
    add_person(store, "hana", Role.EDITOR)
    store.close()
    served_by = {
        number: edition.catchments[code].provider_code for number, code in edition.listings.items()
    }
    code = Counter(filter(None, served_by.values())).most_common(1)[0][0]
    schools = [number for number, provider in sorted(served_by.items()) if provider == code]
    other = next(c.code for c in edition.catchments.values() if c.provider_code != code)
    return Marked(code, edition.providers[code].name, schools, other)


def _asked(server: Served, folder: Path, seed: int, connections: int) -> Load:
    """Ask all kinds of things for a while, each time others."""
    script = folder / "mix.lua"
    script.write_text(MIX.replace("SEED", str(seed)))
    return wrk(
        *(f"http://127.0.0.1:{server.port}/readyz", CHUNK_S, "-t2"),
        connections=connections, script=script, answers_only=False,
    )  # fmt: skip


def _sampled(
    server: Served,
    folder: Path,
    given: Any,
    published: Published,
    seen: Seen,
    threads: Sequence[Asking],
) -> list[Sample]:
    """Ask and ask, until there were so many requests and publications."""
    samples, noted = list[Sample](), 0
    for chunk in itertools.count(1):
        load = _asked(server, folder, chunk, AS_USUAL)
        count, memory = told(server.port)
        samples.append(Sample(count, sum(memory), load.p99_ms, published.number - 1))
        last = samples[-1]
        console.print(
            f"{count:>9,} requests, {last.published} publications: {last.memory_mb:.1f} MB, "
            f"p99 {load.p99_ms:.0f} ms; {len(seen.wrong)} wrong"
        )
        for each in seen.wrong[noted:]:
            console.print(each)
        noted = len(seen.wrong)
        if not all(thread.is_alive() for thread in threads):
            raise SystemExit("Somebody who was to publish, ask or edit has stopped: see above.")
        if count >= given.requests and last.published >= given.publications:
            return samples
    raise AssertionError


# --- who publishes, asks and edits ----------------------------------------------------------------


class Published:
    """Publishes edition after edition, as an operator would, spread over the requests."""

    def __init__(self, url: str, marked: Marked, most: int) -> None:
        self._url, self._marked, self._most = url, marked, most
        self.number = 1

    def __call__(self) -> None:
        if self.number > self._most:
            time.sleep(1)
            return
        store = Store(self._url)
        provider = store.edition(self.number).providers[self._marked.code]
        change = EditProvider(replace(provider, name=self._marked.named(self.number + 1)))
        title = f"Edition {self.number + 1}"
        draft = store.add_to_draft(change, draft_id=None, title=title, base_number=self.number)
        store.close()
        words = ("editions", "publish", str(draft), f"--effective-from={today_in_new_zealand()}")
        run("app.py", *words, "--reason=A soak", DATABASE_URL=self._url)
        self.number += 1


class Client:
    """Asks schools of the marked provider, one and many, and holds each answer to its edition."""

    def __init__(self, server: Served, marked: Marked, seen: Seen) -> None:
        self._marked, self._seen, self._server = marked, seen, server
        self._line = http.client.HTTPConnection(server.host, server.port, timeout=TIMEOUT_S)
        self._schools = itertools.cycle(marked.schools)
        self._newest = 0

    def __call__(self) -> None:
        for school in itertools.islice(self._schools, 50):
            self._check("one", *self._ask("GET", f"/v1/provider?school_id={school}"))
        body = json.dumps({"school_ids": self._marked.schools[:BULK]})
        self._check("bulk", *self._ask("POST", "/v1/providers:resolve", body))
        self._line.close()  # and to another worker, perhaps
        self._newest = 0

    def _ask(self, method: str, path: str, body: str = "") -> tuple[int, bytes]:
        headers = {"Content-Type": "application/json"} if body else {}
        try:
            self._line.request(method, path, body or None, headers)
            response = self._line.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            self._line.close()
            return 0, repr(error).encode()

    def _check(self, kind: str, status: int, content: bytes) -> None:
        self._seen.answers[kind] += 1
        if status != http.client.OK:
            self._seen.wrong.append((kind, status, content[:200]))
            return
        answer = json.loads(content)
        number = answer["edition"]["number"]
        names = {each["provider"]["name"] for each in answer.get("answers", [answer])}
        if names != {self._marked.named(number)} or number < self._newest:
            self._seen.wrong.append((kind, number, self._newest, sorted(names)))
        self._newest = number
        self._seen.editions.add(number)


class NotDone(Exception):
    """A page was refused; it was noted."""


class Editor:
    """Begins a draft, moves schools in it, looks at it, and gives it up."""

    def __init__(self, server: Served, marked: Marked, seen: Seen, published: Published) -> None:
        self._base, self._seen, self._published = server.address, seen, published
        self._to = marked.other
        self._numbers = " ".join(map(str, marked.schools[:3]))
        self._session = requests.Session()
        self._session.trust_env = False
        page = self._session.get(f"{self._base}/staff/sign-in", timeout=TIMEOUT_S)
        self._post("/staff/sign-in", page, login="hana", password=PASSWORD)

    def __call__(self) -> None:
        with suppress(NotDone):
            self._move_schools()
        self._session.close()  # and to another worker, perhaps: it stays signed in
        time.sleep(PAUSE_S)

    def _move_schools(self) -> None:
        page = self._get("/staff/drafts/new")
        told = {"title": "A soak", "reason": "To see", "base": str(self._published.number)}
        draft = self._post("/staff/drafts/new", page, **told).url.partition("?")[0]
        path = draft.removeprefix(self._base)
        change = f"{path}/change/move-schools"
        form = self._get(change)
        fields = {"numbers": self._numbers, "to": self._to, "version": _hidden(form)["version"]}
        seen = self._post(change, form, **fields)
        added = self._post(change, seen, **_hidden(seen), confirmed="yes")
        if added.url.partition("?")[0] != draft:
            self._seen.wrong.append(("staff: not added", added.url))
        self._get(f"{path}/map.json")
        self._post(f"{path}/abandon", added, **_hidden(added))
        self._seen.answers["staff"] += 1

    def _get(self, path: str) -> requests.Response:
        return self._told(self._session.get(f"{self._base}{path}", timeout=TIMEOUT_S))

    def _post(self, path: str, page: requests.Response, **fields: str) -> requests.Response:
        form = {"csrf_token": _hidden(page)["csrf_token"]} | fields
        return self._told(self._session.post(f"{self._base}{path}", form, timeout=TIMEOUT_S))

    def _told(self, answer: requests.Response) -> requests.Response:
        if answer.status_code == http.client.BAD_REQUEST and OVERTAKEN in answer.text:
            self._seen.answers["overtaken"] += 1  # another was published after its page was read
            raise NotDone
        if answer.status_code != http.client.OK:
            said = re.sub(r"<[^>]+>|\s+", " ", answer.text.partition("<main")[2])[:300]
            self._seen.wrong.append(("staff", answer.status_code, answer.url, said))
            raise NotDone
        return answer


def _hidden(page: requests.Response) -> dict[str, str]:
    """Return what the forms of a page send along unseen."""
    return {name: unescape(value) for name, value in _HIDDEN.findall(page.text)}


# --- what came of it ------------------------------------------------------------------------------


def _show(samples: Sequence[Sample], seen: Seen) -> None:
    counts = np.array([each.count for each in samples], dtype=float)
    settled = [s for s in samples if s.count >= counts[-1] * SETTLED]
    memory = [each.memory_mb for each in settled]
    first, last = (
        np.median([each.p99_ms for each in part])
        for part in (settled[: len(settled) // 3 + 1], settled[-(len(settled) // 3 + 1) :])
    )
    grown = np.median(memory[-3:]) - np.median(memory[:3])
    rows = [
        ("requests", f"{counts[-1]:,.0f}"),
        ("publications", f"{samples[-1].published:,}"),
        ("editions that were answered from", f"{len(seen.editions):,}"),
        ("answers held to their edition", f"{seen.answers['one'] + seen.answers['bulk']:,}"),
        ("drafts of staff", f"{seen.answers['staff']:,}"),
        ("begun on an edition that was overtaken, and told so", f"{seen.answers['overtaken']:,}"),
        ("wrong, mixed or failed", f"{len(seen.wrong):,}"),
        ("MB of both workers, after two fifths", f"{memory[0]:.1f}"),
        ("MB at the end", f"{memory[-1]:.1f}"),
        ("MB grown in between (medians of three)", f"{grown:+.1f}"),
        ("p99 of the last third against the first", f"{last / first:.2f} ×"),
    ]
    show("Soak", ("What", "how much"), rows)


if __name__ == "__main__":
    main()
