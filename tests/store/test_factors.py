"""Second factors: codes are taken once, guesses have a budget, the last factor stays."""

from __future__ import annotations

import json
import re

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catchments.core.errors import InputRefused
from catchments.core.roles import Role
from catchments.runtime.key_files import KeyTrouble
from catchments.store import schema
from catchments.store.accounts import factors as rooms
from catchments.store.accounts.factors import STEP_S, Factors, Kind, cleaned
from catchments.store.accounts.letters import Letters
from catchments.store.accounts.people import People
from catchments.store.integrity.audit import AuditTrail
from tests.staff import APP, add_person
from tests.waiting import Clock
from tests.worlds import HOSTILE, at_once, opened

START = 1_800_000_000.0
CREDENTIAL = {"credential": "aWQ", "public_key": "a2V5", "uses": 0}


@pytest.fixture
def clock(monkeypatch) -> Clock[float]:
    made = Clock(START)
    monkeypatch.setattr(rooms, "clock", made)
    return made


@pytest.fixture
def factors(store) -> Factors:
    return Factors(store)


@pytest.fixture
def aroha(store):
    return add_person(store, "aroha", Role.APPROVER)


@pytest.fixture
def codes(clock, factors, aroha):
    """Aroha's recovery codes; she has an app, whose code of this step is used."""
    return factors.add_app(aroha, APP.secret, APP.at(clock()))


def code(clock, steps=1):
    return APP.at(clock() + steps * STEP_S)


def entries(store):
    return [e.action for e in AuditTrail(store).entries(at_most=99)][::-1]


# --- an app's codes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "is_taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_a_code_is_good_a_step_before_and_after(clock, factors, aroha, codes, steps, is_taken):
    clock.now += 10 * STEP_S
    taken = factors.take_code(aroha, code(clock, steps))
    assert taken == (Kind.APP if is_taken else None)


def test_a_code_is_taken_once_and_none_before_it_after_that(clock, factors, aroha, codes):
    assert factors.take_code(aroha, code(clock, 0)) is None, "it set the app up"
    assert factors.take_code(aroha, code(clock, 1)) is Kind.APP
    assert factors.take_code(aroha, code(clock, 1)) is None
    assert factors.take_code(aroha, code(clock, 0)) is None
    assert factors.take_code(aroha, code(clock, -1)) is None


def test_a_clock_that_is_set_back_has_no_code_taken_again(clock, factors, aroha, codes):
    clock.now += 10 * STEP_S
    given_once = code(clock, 0)
    assert factors.take_code(aroha, given_once) is Kind.APP
    clock.now -= 5 * STEP_S
    assert factors.take_code(aroha, code(clock, 0)) is None
    assert factors.take_code(aroha, given_once) is None


def test_of_many_that_give_one_code_at_once_one_is_let_in(
    database_url, clock, factors, aroha, codes
):
    the_code = code(clock)

    def elsewhere():
        with opened(database_url) as other:  # as another worker has it
            return Factors(other).take_code(aroha, the_code)

    results = at_once(elsewhere, elsewhere, elsewhere, elsewhere)
    assert results.count(Kind.APP) == 1
    assert results.count(None) == 3


@pytest.mark.parametrize("form", ["{0} {1}", " {0}-{1} ", "\t{0}\u00a0{1}\n"])
def test_a_code_may_be_typed_as_it_is_shown(clock, factors, aroha, codes, form):
    digits = code(clock)
    assert factors.take_code(aroha, form.format(digits[:3], digits[3:])) is Kind.APP


@pytest.mark.parametrize("text", ["", "0", "1" * 10_000_000, HOSTILE, "١٢٣٤٥٦", "\x00", "12345６"])
def test_what_is_no_code_is_refused(factors, aroha, codes, text):
    assert factors.take_code(aroha, text) is None


@given(st.text())
def test_a_code_is_cleaned_to_what_a_second_time_leaves_alone(text):
    assert cleaned(cleaned(text)) == cleaned(text)


def test_an_app_counts_only_once_it_has_given_a_code(clock, factors, aroha):
    assert (
        factors.add_app(aroha, APP.secret, "000000" if code(clock, 0) != "000000" else "1") is None
    )
    assert factors.add_app(aroha, APP.secret, code(clock, 2)) is None
    assert factors.of(aroha).count() == 0


def test_a_new_app_takes_the_place_of_the_one_before(clock, factors, aroha, codes):
    other = pyotp.TOTP(pyotp.random_base32())
    assert factors.add_app(aroha, other.secret, other.at(clock())) == [], "the codes stay"
    assert factors.take_code(aroha, code(clock)) is None
    assert factors.take_code(aroha, other.at(clock() + STEP_S)) is Kind.APP
    assert factors.of(aroha).recovery_codes == 10


def test_the_secret_is_not_in_the_database_and_opens_for_its_own_person_alone(
    store, clock, factors, aroha, codes
):
    table = schema.authenticator
    ben = add_person(store, "ben")
    with store.writing() as connection:
        (row,) = connection.execute(table.select()).all()
        assert APP.secret not in str(row)
        stolen = {**row._mapping, "person_id": ben.id}
        connection.execute(table.insert().values(**stolen))
    with pytest.raises(KeyTrouble):
        factors.take_code(ben, code(clock))


# --- recovery codes -------------------------------------------------------------------------------


def test_recovery_codes_are_ten_each_works_once_and_none_is_kept(store, factors, aroha, codes):
    assert len(set(codes)) == 10
    assert all(re.fullmatch("([0-9a-z]{4}-){6}[0-9a-z]{4}", each) for each in codes)
    assert factors.take_code(aroha, codes[3]) is Kind.RECOVERY
    assert factors.take_code(aroha, codes[3]) is None
    assert factors.take_code(aroha, codes[4].replace("-", " ").upper()) is Kind.RECOVERY
    assert factors.of(aroha).recovery_codes == 8
    with store.reading() as connection:
        kept = str(connection.execute(schema.recovery_code.select()).all())
    assert not any(each in kept or each.replace("-", "") in kept for each in codes)


def test_letters_that_are_read_alike_are_taken_as_one():
    assert cleaned("OIL0-11oi") == "01101101"


def test_of_many_that_give_one_recovery_code_at_once_one_is_let_in(database_url, aroha, codes):
    def elsewhere():
        with opened(database_url) as other:
            return Factors(other).take_code(aroha, codes[0])

    assert at_once(elsewhere, elsewhere, elsewhere).count(Kind.RECOVERY) == 1


def test_new_recovery_codes_end_those_before(factors, aroha, codes):
    anew = factors.new_recovery_codes(aroha)
    assert factors.take_code(aroha, codes[0]) is None
    assert factors.take_code(aroha, anew[0]) is Kind.RECOVERY


def test_another_persons_recovery_code_is_none(store, factors, codes):
    assert factors.take_code(add_person(store, "ben"), codes[0]) is None


def test_recovery_codes_do_without_the_data_key(database_url, factors, aroha, codes):
    with opened(database_url) as other:
        other.sealer.place = None  # whatever asks for a key fails
        assert Factors(other).take_code(aroha, codes[0]) is Kind.RECOVERY


# --- wrong ones -----------------------------------------------------------------------------------


def test_five_wrong_codes_lock_a_right_one_out_and_it_is_on_record(
    store, clock, factors, aroha, codes
):
    for _ in range(5):
        assert factors.take_code(aroha, "000000x") is None
    assert factors.take_code(aroha, code(clock)) is None
    assert factors.take_code(aroha, codes[0]) is None
    assert entries(store)[-6:] == ["person.second-step.fail"] * 5 + ["person.codes-lock"]
    assert People(store).sign_in("aroha", "x" * 12) is None, "passwords have a budget of their own"


def test_many_guesses_at_once_are_not_more_than_one_after_the_other(
    database_url, store, aroha, codes
):
    def guesses():
        with opened(database_url) as other:
            return [Factors(other).take_code(aroha, "000000x") for _ in range(5)]

    at_once(*[guesses] * 4)
    assert entries(store).count("person.second-step.fail") == 5


def test_a_right_code_forgives_the_wrong_ones(clock, factors, aroha, codes):
    for steps in (1, 2, 3):
        for _ in range(4):
            factors.take_code(aroha, "000000x")
        clock.now += STEP_S
        assert factors.take_code(aroha, code(clock, 0)) is Kind.APP, steps


def test_a_disabled_account_has_no_code_taken(store, clock, factors, aroha, codes):
    add_person(store, "ana", Role.ADMINISTRATOR)
    People(store).disable("aroha")
    assert factors.take_code(aroha, code(clock)) is None
    assert factors.take_code(aroha, codes[0]) is None


# --- making and removing --------------------------------------------------------------------------


def test_whatever_changes_a_factor_ends_sessions_and_is_on_record(store, clock, factors, aroha):
    people, before = People(store), 0
    for deed, action in [
        (lambda: factors.add_app(aroha, APP.secret, code(clock, 0)), "person.app.add"),
        (lambda: factors.add_passkey(aroha, **CREDENTIAL, name="Laptop"), "person.passkey.add"),
        (lambda: factors.remove_app(aroha, required=True), "person.app.remove"),
        (lambda: factors.reset("aroha", by="ana"), "person.factors.reset"),
    ]:
        deed()
        after = people.account(aroha.id).epoch
        assert after > before
        before = after
        last = AuditTrail(store).last()
        assert (last.action, last.subject) == (action, "person aroha")
    assert last.actor == "ana"
    told = [letter.kind for letter in Letters(store).to(aroha.id)][::-1]
    assert told == ["factor-added", "factor-added", "factor-removed", "factors-reset"]
    said = json.dumps([e.detail for e in AuditTrail(store).entries(at_most=99)])
    assert APP.secret not in said


def test_the_last_factor_stays_where_a_role_needs_one(clock, factors, aroha, codes):
    with pytest.raises(InputRefused, match="your only one"):
        factors.remove_app(aroha, required=True)
    factors.add_passkey(aroha, **CREDENTIAL, name="Laptop")
    factors.remove_app(aroha, required=True)
    (passkey,) = factors.of(aroha).passkeys
    with pytest.raises(InputRefused, match="your only one"):
        factors.remove_passkey(aroha, passkey.number, required=True)
    assert factors.of(aroha).recovery_codes == 10
    factors.remove_passkey(aroha, passkey.number, required=False)
    assert factors.of(aroha) == rooms.Held(None, [], 0), "recovery codes stand in for nothing now"
    with pytest.raises(InputRefused, match="you have neither"):
        factors.new_recovery_codes(aroha)


def test_nobody_removes_another_persons_passkey(store, factors, aroha):
    ben = add_person(store, "ben")
    factors.add_passkey(aroha, **CREDENTIAL, name="Laptop")
    (passkey,) = factors.of(aroha).passkeys
    factors.remove_passkey(ben, passkey.number, required=False)
    assert factors.of(aroha).passkeys == [passkey]


def test_a_passkey_belongs_to_one_person_and_has_a_name_in_one_line(store, factors, aroha):
    factors.add_passkey(aroha, **CREDENTIAL, name=" a\n\u202eb " + "x" * 100)
    (passkey,) = factors.of(aroha).passkeys
    assert passkey.name.startswith("a b xxx")
    assert len(passkey.name) == 60
    with pytest.raises(InputRefused, match="known already"):
        factors.add_passkey(add_person(store, "ben"), **CREDENTIAL, name="Laptop")
    for number in range(9):
        factors.add_passkey(aroha, **{**CREDENTIAL, "credential": str(number)}, name="")
    with pytest.raises(InputRefused, match="10 passkeys"):
        factors.add_passkey(aroha, **{**CREDENTIAL, "credential": "more"}, name="")
    assert factors.of(aroha).passkeys[-1].name == "Passkey"


def test_a_reset_forgets_everything_and_opens_the_lock(clock, factors, aroha, codes):
    factors.add_passkey(aroha, **CREDENTIAL, name="Laptop")
    for _ in range(5):
        factors.take_code(aroha, "000000x")
    factors.reset("aroha")
    assert factors.of(aroha) == rooms.Held(None, [], 0)
    clock.now += 10 * STEP_S
    assert factors.add_app(aroha, APP.secret, code(clock, 0))
    assert factors.take_code(aroha, code(clock)) is Kind.APP
