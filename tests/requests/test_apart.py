"""What leaves, such as e-mails, logs, addresses and counts, has nothing of a student."""

from __future__ import annotations

import json
import logging

import pytest
import sqlalchemy as sa

from catchments.core.errors import InputRefused
from catchments.core.roles import Role
from catchments.core.settings import Settings
from catchments.requests.application import Following, create_app
from catchments.requests.lookup import LookupAway
from catchments.requests.rules.cases import Step
from catchments.requests.rules.handovers import Move
from catchments.requests.rules.roles import OrganisationKind
from catchments.requests.settings import DEFAULT_DATABASE_URL, RequestsSettings
from catchments.requests.store.case_rows import THE_SERVICE
from catchments.requests.store.handovers import Handovers
from catchments.requests.store.looks import OUTSIDE, Looks
from catchments.requests.store.mail import CaseLetters
from catchments.requests.store.notes import Notes
from catchments.requests.store.organisations import Organisations
from catchments.requests.web.portal import EXTENSION
from catchments.store import schema
from catchments.store.integrity.audit import AuditTrail
from catchments.store.outbox import mail_sending, trail_sending
from catchments.store.outbox.mail_sending import MailWorker
from tests.requests.desk import NORTH, SOUTH, TODAY, served
from tests.requests.portal import COUNTS_KEY, Pages, begun, hidden, pages_of, post
from tests.staff import words

OF_A_STUDENT = ("Made-up Student", "Made-up Parent", "021 000", "Nothing that is real", "2014-03")


@pytest.fixture
def pages(desk) -> Pages:
    return pages_of(desk)


def test_no_letter_log_line_or_address_has_anything_of_a_student(pages, caplog, monkeypatch):
    caplog.set_level(logging.DEBUG)
    ana, wiki = pages.of("ana"), pages.of("wiki")
    where = begun(pages, ana).headers["Location"]
    sent = post(ana, f"{where}/send", **hidden(ana.get(f"{where}/check")))
    reference = sent.headers["Location"].rpartition("/")[2]
    case = f"/requests/cases/{reference}"
    manager = str(pages.desk.people["cam"].id)
    given = post(wiki, "/requests/cases/assign", case=f"{reference}:1", assignee=manager)
    note = {"text": "Made-up Student was away.", "once": "a-note-of-the-tests"}
    shared = post(wiki, f"{case}/notes", **note, **{"for": "shared"})
    refused = post(wiki, f"{case}/step/pause", form="pause", version="2", reason="Made-up Student")
    found = post(wiki, "/requests/search", student_name="Made-up Student", born_on="2014-03-04")
    assert {given.status_code, shared.status_code, sent.status_code} == {303}
    typed = post(wiki, "/requests/search", reference="Made-up Student")
    assert (refused.status_code, found.status_code, typed.status_code) == (403, 200, 400)
    letters = _letters(pages, monkeypatch)
    assert len(letters) >= 4
    assert all(reference[:4] in text for text in letters)
    leads_to = [each.headers["Location"] for each in (given, shared, sent)]
    with pages.desk.database.reading() as connection:
        columns = (schema.audit_entry.c.subject, schema.audit_entry.c.detail)
        trail = [str(row) for row in connection.execute(sa.select(*columns))]
    for word in OF_A_STUDENT:
        for told in (*letters, *leads_to, *trail, caplog.text):
            assert word not in told


def _letters(pages: Pages, monkeypatch) -> list[str]:
    sent = []
    monkeypatch.setattr(mail_sending, "send_email", lambda _, claimed: sent.append(claimed))
    environment = {"CATCHMENTS_SMTP_URL": "smtp://127.0.0.1", "CATCHMENTS_MAIL_FROM": "a@b.example"}
    settings = RequestsSettings.from_environment(environment).accounts
    MailWorker(CaseLetters(pages.desk.database, "https://b.example"), settings).send_due()
    return [f"{each.subject}\n{each.text}" for each in sent if "Account:" not in each.text]


def test_every_answer_is_kept_by_nobody_and_asks_for_nothing_elsewhere(pages):
    ana = pages.of("ana")
    for path in ("/", "/healthz", "/readyz", "/requests", "/requests/cases", "/requests/nothing"):
        response = ana.get(path)
        assert response.headers["Cache-Control"] == "no-store", path
        assert response.headers["Content-Security-Policy"].startswith("default-src 'none'"), path
        assert response.headers["Referrer-Policy"] == "same-origin", path
        assert "http" not in response.text.replace("http://localhost", ""), path


def test_without_its_database_it_says_so_and_lives(tmp_path):
    settings = RequestsSettings(
        Settings(database_url=f"sqlite:///{tmp_path / 'none.sqlite'}", data_keys=("k" * 32,))
    )
    client = create_app(settings).test_client()
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
    form = {"login": "ana", "password": "x"}
    page = post(client, "/requests/sign-in", page="/requests/sign-in", **form)
    assert page.status_code == 503
    assert "<h1>" in page.text


def test_styles_are_kept_by_browsers_under_their_version(pages):
    client = pages.app.test_client()
    page = client.get("/requests/sign-in").text
    path = page.partition('href="/requests-static/')[2].partition('"')[0]
    with client.get(f"/requests-static/{path}") as styles:
        assert "immutable" in styles.headers["Cache-Control"]


def test_whoever_may_see_students_sets_up_a_second_step_first(desk):
    pages = pages_of(desk, second_factor=frozenset(Role))
    client = pages.of("ana")
    assert client.get("/requests").headers["Location"].startswith("/requests/second-step/set-up")
    assert client.get("/requests/second-step/set-up").status_code == 200
    assert RequestsSettings.from_environment({}).accounts.second_factor == frozenset(Role)


def test_nobody_administers_accounts_here(pages):
    for login in ("auth54", "authn", "wiki", "mina"):
        client = pages.of(login)
        for path in ("/requests/people", "/requests/people/new", "/requests/people/1"):
            assert client.get(path).status_code == 403, (login, path)


# --- people ---------------------------------------------------------------------------------------


def test_an_authoriser_invites_gives_roles_and_closes_accounts(pages):
    client, school = pages.of("auth54"), pages.desk.organisations["54"].id
    path = f"/requests/organisations/{school}/people"
    fields = {"name": "Nia New", "email": "nia@made-up.example", "roles": "Primary Contact"}
    refused = post(client, path, **(fields | {"roles": "Case Manager"}))
    assert refused.status_code == 400
    assert "Nia New" in refused.text
    page = post(client, path, **fields)
    assert page.status_code == 200
    assert "shown this once" in page.text
    first = page.text.partition('<code class="key">')[2].partition("<")[0]
    assert first
    assert first not in client.get(path).text
    again = post(client, path, **fields).text.partition('<code class="key">')[2].partition("<")[0]
    assert again not in {"", first}, "a form sent twice leaves them with a password that holds"
    first = again
    nia = pages.app.test_client()
    form = {"login": "nia@made-up.example", "password": first}
    signed = post(nia, "/requests/sign-in", page="/requests/sign-in", **form)
    assert signed.status_code == 303
    number = pages.desk.organisations and max(
        member.person.id for member in _members(pages, school)
    )
    changed = post(client, f"{path}/{number}/roles", roles=["Office Support", "Primary Contact"])
    assert changed.status_code == 303
    assert post(client, f"{path}/{number}/disable").status_code == 303
    assert "closed" in words(client.get(path))
    assert nia.get("/requests").status_code == 303, "whoever was signed in is so no more"


def test_an_account_that_belongs_elsewhere_too_is_closed_by_nobody_here(pages):
    client, school = pages.of("auth54"), pages.desk.organisations["54"].id
    team = pages.desk.people["team"].id
    path = f"/requests/organisations/{school}/people/{team}"
    for act in ("disable", "password"):
        page = post(client, f"{path}/{act}")
        assert page.status_code == 400
        assert "another organisation as well" in page.text


def test_nobody_is_made_a_member_by_the_number_of_their_account(pages):
    client, school = pages.of("auth54"), pages.desk.organisations["54"].id
    stranger = pages.desk.people["lena"].id
    path = f"/requests/organisations/{school}/people/{stranger}/roles"
    assert post(client, path, roles="Primary Contact").status_code == 404


def test_people_of_other_organisations_are_looked_after_by_others(pages):
    for login in ("ana", "authn", "mina", "nobody"):
        client, school = pages.of(login), pages.desk.organisations["54"].id
        for page in ("people", "looks"):
            path = f"/requests/organisations/{school}/{page}"
            assert client.get(path).status_code == 404, (login, page)
        person = pages.desk.people["ofa"].id
        for act in ("roles", "disable", "password"):
            path = f"/requests/organisations/{school}/people/{person}/{act}"
            assert post(client, path).status_code == 404, (login, act)


def test_who_looked_is_told_the_authoriser_by_name_of_their_own_alone(pages):
    reference = pages.desk.send("ana")
    for login in ("ana", "wiki"):
        assert pages.of(login).get(f"/requests/cases/{reference}").status_code == 200
    school = pages.desk.organisations["54"].id
    said = words(pages.of("auth54").get(f"/requests/organisations/{school}/looks"))
    spaced = f"{reference[:4]} {reference[4:]}"
    assert f"Ana (made up) looked at it {spaced}" in said
    assert "Wiki" not in said
    assert f"Somebody who is not of your organisation now looked at it {spaced}" in said


def test_a_list_and_a_search_are_told_each_authoriser_whose_cases_were_in_it(pages):
    pages.desk.send("ana")
    wiki = pages.of("wiki")
    assert wiki.get("/requests/cases").status_code == 200
    asked = {"student_name": "Made-up Student", "born_on": "2014-03-04"}
    assert post(wiki, "/requests/search", **asked).status_code == 200
    for login, of, who in (("auth54", "54", "Somebody who is not of"), ("authn", NORTH, "Wiki")):
        number = pages.desk.organisations[of].id
        said = words(pages.of(login).get(f"/requests/organisations/{number}/looks"))
        assert said.count("looked at a list of cases") == 2, login
        assert who in said


def test_who_looked_before_a_handover_is_told_whoever_had_the_case_then(pages):
    reference, desk = pages.desk.send("ana"), pages.desk
    desk.cases.head(desk.people["wiki"], desk.viewer("wiki"), reference)
    move = Move(reference, TODAY, served(54, SOUTH, on=TODAY, edition=2))
    assert Handovers(desk.database).move(move)
    desk.cases.head(desk.people["wira"], desk.viewer("wira"), reference)
    said = {}
    for by, of in (("authn", NORTH), ("auths", SOUTH), ("auth54", "54")):
        looks = Looks(desk.database).of(desk.people[by], desk.organisations[of].id)
        said[by] = [(each.action, each.who) for each in looks]
    assert said["authn"] == [
        ("case.handed over", THE_SERVICE),
        ("case.look", "Wiki (made up)"),
        ("case.submitted", OUTSIDE),
    ]
    assert said["auths"] == [("case.look", "Wira (made up)"), ("case.handed over", THE_SERVICE)]
    assert len(said["auth54"]) == 4


def test_what_is_internal_tells_the_other_sides_authoriser_nothing(pages):
    reference, desk = pages.desk.send("ana"), pages.desk
    notes = Notes(desk.database)
    desk.cases.take(
        desk.people["wiki"], reference, Step.ASSIGN, version=1, assignee=desk.people["cam"].id
    )
    before = _trail(desk)
    for login, one in (("cam", "a"), ("ana", "b")):
        who = desk.people[login]
        notes.add(who, reference, "Internal.", once=one, shared=False)
        notes.attach(who, reference, "i.pdf", b"%PDF-", once=one, shared=False)
        [*_, file] = notes.files(desk.viewer(login), reference)
        notes.content(who, reference, file.id)
    done = ("case.file-taken", "case.file", "case.comment")
    told = _trail(desk)
    for by, mine in before.items():
        assert told[by] == [(each, reference) for each in done] + mine, by
    notes.share(desk.people["cam"], reference, 1)
    assert {each[0] for each in _trail(desk).values()} == {("case.comment", reference)}


def test_a_school_hears_no_more_of_a_case_once_its_student_has_left(pages, monkeypatch):
    reference, desk = pages.desk.send("ana"), pages.desk
    desk.cases.has_left(desk.people["ana"], reference, TODAY, version=1)
    before, letters = _trail(desk), len(_letters(pages, monkeypatch))
    decline = {"version": 2, "reason": "Made up."}
    desk.cases.take(desk.people["wiki"], reference, Step.DECLINE, **decline)
    assert _trail(desk)["auth54"] == before["auth54"]
    assert _trail(desk)["authn"] != before["authn"]
    assert len(_letters(pages, monkeypatch)) == 0 < letters


def test_who_sees_a_case_no_longer_gets_no_letter_of_it(pages, monkeypatch):
    reference, desk = pages.desk.send("ana"), pages.desk
    roles = Organisations(desk.database)
    roles.set_roles(desk.people["pita"].id, desk.organisations["54"].id, set())
    _letters(pages, monkeypatch)
    decline = {"version": 1, "reason": "Made up."}
    desk.cases.take(desk.people["wiki"], reference, Step.DECLINE, **decline)
    [letter] = _letters(pages, monkeypatch)
    assert "A case needs another Primary Contact" in letter
    with desk.database.reading() as connection:
        table = schema.letter
        last = sa.select(table.c.person_id).order_by(table.c.id.desc()).limit(1)
        assert connection.scalar(last) == desk.people["ana"].id


def _trail(desk) -> dict[str, list[tuple[str, str]]]:
    looks, found = Looks(desk.database), {}
    for by, of in (("auth54", "54"), ("authn", NORTH)):
        listed = looks.of(desk.people[by], desk.organisations[of].id)
        found[by] = [(each.action, each.subject.removeprefix("case ")) for each in listed]
    return found


def _members(pages: Pages, organisation: int):
    return pages.app.extensions[EXTENSION].organisations.members(organisation)


# --- figures and counts ---------------------------------------------------------------------------


def test_figures_single_nobody_out(pages):
    for n in range(7):
        pages.desk.send("ana", student_name=f"Student {n}")
    pages.desk.send("ana", provider=SOUTH)
    said = words(pages.of("mina").get("/requests/figures"))
    assert "Made-up provider North 7 0 0 0 0 0 0 7" in said
    assert "Made-up provider South 1 to 5 0 0 0 0 0 0 1 to 5" in said
    assert "All 8 to 12" in said
    assert "In the last week 6 to 9" in said, "8 would tell that South has one"
    assert pages.of("wiki").get("/requests/figures").status_code == 403


def test_teams_of_schools_of_one_name_are_counted_apart(pages):
    organisations = Organisations(pages.desk.database)
    for n in range(13):
        school, login = ("54", "ana") if n < 6 else ("55", "lena")
        answer = served(int(school), NORTH, in_school_provision=True)
        pages.desk.send(login, school, served=answer, to_own_team=True)
    for number in ("54", "55"):
        kind, name = OrganisationKind.IN_SCHOOL_TEAM, "In-school team of Made-up Grammar"
        organisations.ensure(kind, number, name)
    said = words(pages.of("mina").get("/requests/figures"))
    assert "In-school team of Made-up Grammar School number 54 6 0 0 0 0 0 0 6" in said
    assert "In-school team of Made-up Grammar School number 55 7 0 0 0 0 0 0 7" in said


def test_counts_are_given_for_the_key_alone(pages):
    pages.desk.send("ana")
    client, path = pages.app.test_client(), "/requests/v1/counts"
    asked = {"json": {"school_ids": [54, 55]}}
    for key in ("", "Bearer ", f"Bearer {COUNTS_KEY}x", COUNTS_KEY, "Bearer é"):
        assert client.post(path, **asked, headers={"Authorization": key}).status_code == 401, key
    right = {"Authorization": f"Bearer {COUNTS_KEY}"}
    told = client.post(path, **asked, headers=right)
    assert told.get_json() == {
        "schools": [{"school_id": 54, "open_cases": 1, "held_by": {"P-NORTH": 1}}],
        "fewest_told": 6,
    }
    assert client.post(path, json={"school_ids": ["54"]}, headers=right).status_code == 400
    assert client.post(path, data="{", headers=right).status_code == 400
    many = {"school_ids": list(range(1, 10_002))}
    assert client.post(path, json=many, headers=right).status_code == 413


def test_without_a_key_there_are_no_counts(desk):
    client = pages_of(desk).app.test_client()
    settings = client.application.extensions[EXTENSION].settings
    object.__setattr__(settings, "counts_key", "")
    assert client.post("/requests/v1/counts", json={"school_ids": [54]}).status_code == 404


# --- what goes on beside answering ----------------------------------------------------------------


def test_a_lookup_that_is_away_is_told_once(pages, monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    parts, away = pages.app.extensions[EXTENSION], [True]

    def follow(*_, **__):
        if away[0]:
            raise LookupAway

    monkeypatch.setattr("catchments.requests.application.follow", follow)
    following = Following(parts, logging.getLogger("catchments"))
    for _ in range(3):
        following.look()
    away[0] = False
    following.look()
    said = [record.message for record in caplog.records if "lookup" in record.message]
    assert said == [
        "the lookup does not answer; it is asked again and again",
        "the lookup answers again",
    ]


def test_readiness_says_when_the_lookup_was_heard_of(pages):
    client = pages.app.test_client()
    said = {"ready": True, "database": "answers", "lookup_heard_at": None}
    proxied = {"X-Forwarded-For": "192.0.2.1"}
    assert json.loads(client.get("/readyz", headers=proxied).text) == said
    watched = json.loads(client.get("/readyz").text)
    assert watched == said | {"audit_out": "nowhere"}, "as whoever watches from here is told"


def test_the_trails_last_hash_goes_out_under_a_name_of_its_own(desk, monkeypatch):
    sent, auditors = [], "auditors@ministry.example"
    monkeypatch.setattr(trail_sending, "send_email", lambda _, message: sent.append(message))
    environment = {
        "CATCHMENTS_REQUESTS_AUDIT_OUT": f"mailto:{auditors}",
        "CATCHMENTS_SMTP_URL": "smtp://127.0.0.1",
        "CATCHMENTS_MAIL_FROM": "a@b.example",
        "CATCHMENTS_AUDIT_OUT": "mailto:somebody.else@b.example",
    }
    settings = RequestsSettings.from_environment(environment)
    app = create_app(settings, database=desk.database)
    desk.send()
    sender = app.extensions[EXTENSION].trail
    assert [sender.send_due(), sender.send_due()] == [True, False]
    [message], last = sent, AuditTrail(desk.database).last()
    assert (message.email, last.hash in message.text) == (auditors, True)
    assert message.subject == f"Audit trail of requests for support: entry {last.number}"
    assert f"`flask requests verify --expect {last.hash}`" in message.text


# --- settings -------------------------------------------------------------------------------------


def test_settings_are_its_own_but_for_mail():
    key, other = "k" * 32, "o" * 32
    environment = {
        "DATABASE_URL": "sqlite:////tmp/lookup.sqlite",
        "CATCHMENTS_SECRET_KEY": key,
        "CATCHMENTS_DATA_KEY": other,
        "CATCHMENTS_SMTP_URL": "smtp://127.0.0.1",
        "CATCHMENTS_MAIL_FROM": "a@b.example",
    }
    settings = RequestsSettings.from_environment(environment)
    assert settings.accounts.database_url == DEFAULT_DATABASE_URL
    assert settings.accounts.secret_keys == settings.accounts.data_keys == ()
    assert settings.accounts.mail.sender == "a@b.example"
    assert settings.counts_key == ""
    own = {"CATCHMENTS_REQUESTS_DATA_KEY": key, "CATCHMENTS_REQUESTS_MAIL_FROM": "c@d.example"}
    settings = RequestsSettings.from_environment(environment | own)
    assert settings.accounts.data_keys == (key,)
    assert settings.accounts.mail.sender == "c@d.example"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CATCHMENTS_REQUESTS_SECRET_KEY", "short"),
        ("CATCHMENTS_REQUESTS_COUNTS_KEY", "short"),
        ("CATCHMENTS_REQUESTS_KEPT_YEARS", "0"),
        ("CATCHMENTS_REQUESTS_LOOKUP_URL", "ftp://x"),
        ("CATCHMENTS_REQUESTS_NSN", "yes"),
        ("CATCHMENTS_REQUESTS_SECOND_FACTOR", "everybody"),
    ],
)
def test_a_setting_that_will_not_do_is_named_as_it_is_set(name, value):
    with pytest.raises(InputRefused) as refused:
        RequestsSettings.from_environment({name: value})
    assert name in str(refused.value)
