"""Accounts, sign-in, links and memberships, on both databases."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from goldwork.errors import (
    ConflictError,
    ForbiddenError,
    InputError,
    NotFoundError,
    RateLimitedError,
    UnauthenticatedError,
)
from goldwork.services import access, accounts, links, members, policy, projects, signin
from goldwork.services.check import check
from goldwork.store.database import Database
from goldwork.store.schema import account, annotator, member, sign_in_attempt, token
from goldwork.store.writer import Writer

NOW = 1_800_000_000_000
FORM = {
    "fields": [{"name": "text", "show": "text"}],
    "questions": [
        {
            "name": "kind",
            "title": "Which kind?",
            "task": {"type": "choice", "classes": [{"value": "a"}, {"value": "b"}]},
        }
    ],
}


@pytest.fixture
def writer(database: Database) -> Iterator[Writer]:
    made = Writer(database)
    yield made
    made.close()


def person(connection: sa.Connection, secret: str, now: int = NOW) -> access.Person | None:
    return access.who(connection, access.digest(secret), now)


def make_person(connection: sa.Connection, name: str = "Ada", *, accept: bool = True, **columns: Any) -> access.Person:
    account_id = accounts.create_account(connection, NOW, name=name, **columns)
    found = person(connection, signin.start_session(connection, account_id, NOW))
    assert found is not None
    if accept:
        accounts.accept_notice(connection, found, 1, NOW)
    again = connection.execute(sa.select(token.c.id).where(token.c.account == account_id)).scalar_one()
    assert again == found.token
    return access.Person(
        *[
            getattr(found, name) if name != "notice_version" else (1 if accept else None)
            for name in access.Person.__struct_fields__
        ]
    )


def make_project(connection: sa.Connection, database: Database, name: str = "P") -> access.Member:
    boss = make_person(connection, f"boss of {name}", administrator=True)
    return projects.create(connection, database, boss, name=name, form=FORM)


def test_a_new_database_has_no_account_and_no_token(database: Database) -> None:
    with database.read() as connection:
        assert not accounts.any_account(connection)
        assert connection.execute(sa.select(token)).first() is None


def test_only_hashes_of_tokens_are_stored(database: Database) -> None:
    with database.write() as connection:
        account_id = accounts.create_account(connection, NOW, name="Ada")
        secret = signin.start_session(connection, account_id, NOW)
        stored = connection.execute(sa.select(token)).one()
        assert bytes(stored.hash) == access.digest(secret)
        assert secret not in str(stored)
        assert len(secret) >= 43


def test_a_session_ends_30_days_after_its_last_use(database: Database) -> None:
    with database.write() as connection:
        account_id = accounts.create_account(connection, NOW, name="Ada")
        secret = signin.start_session(connection, account_id, NOW)
        last = NOW + signin.SESSION_MS
        found = person(connection, secret, last - 1)
        assert found is not None
        assert person(connection, secret, last) is None
        assert signin.is_stale(found, last - 1)
        assert not signin.is_stale(found, NOW + signin.HOUR)
        signin.touch(connection, found, last - 1)
        assert person(connection, secret, last + 1) is not None


def test_signing_out_ends_the_session_at_once(database: Database) -> None:
    with database.write() as connection:
        account_id = accounts.create_account(connection, NOW, name="Ada")
        secret, other = (signin.start_session(connection, account_id, NOW) for _ in range(2))
        found = person(connection, secret)
        assert found is not None
        signin.end_session(connection, found)
        assert person(connection, secret) is None
        assert person(connection, other) is not None


def test_an_api_token_is_its_owner_until_revoked(database: Database) -> None:
    with database.write() as connection:
        ada, eve = make_person(connection, "Ada"), make_person(connection, "Eve")
        token_id, secret = signin.create_api_token(connection, ada, " export ", NOW)
        found = person(connection, secret)
        assert found is not None
        assert (found.account, found.kind, found.expires_at) == (ada.account, "api", None)
        assert [one.label for one in signin.list_api_tokens(connection, ada)] == ["export"]
        assert signin.list_api_tokens(connection, eve) == []
        with pytest.raises(NotFoundError):
            signin.revoke_api_token(connection, eve, token_id)
        with pytest.raises(NotFoundError):
            signin.revoke_api_token(connection, ada, ada.token)
        signin.revoke_api_token(connection, ada, token_id)
        assert person(connection, secret) is None


@pytest.mark.parametrize("label", ["", " ", "x" * 101, "a\nb"])
def test_a_token_needs_a_label(database: Database, label: str) -> None:
    with database.write() as connection, pytest.raises(InputError, match="label"):
        signin.create_api_token(connection, make_person(connection), label, NOW)


def test_a_link_token_signs_nobody_in(database: Database) -> None:
    with database.write() as connection:
        ada = make_person(connection)
        made = links.make_sign_in_link(connection, ada.account, NOW)
        assert person(connection, made.secret) is None


# Accounts.


def test_an_email_address_is_one_account_however_it_is_written(database: Database) -> None:
    with database.write() as connection:
        accounts.create_account(connection, NOW, name="Ada", email=" Ada@Example.ORG ")
        with pytest.raises(ConflictError) as caught:
            accounts.create_account(connection, NOW, name="Other", email="ada@example.org")
        assert caught.value.reason == "email_taken"
        first, second = (accounts.create_account(connection, NOW, name="No address") for _ in range(2))
        assert first != second


@pytest.mark.parametrize("email", ["ada", "a@b c", "@", "a@", "x" * 250 + "@b.org", "a\n@b.org"])
def test_what_is_no_email_address_is_refused(email: str) -> None:
    with pytest.raises(InputError, match="email"):
        accounts.read_email(email)


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "a\0b", "a\u202eb"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="name"):
        accounts.read_name(name)


def test_pseudonyms_are_unique_short_and_random(database: Database) -> None:
    with database.write() as connection:
        for _ in range(300):
            accounts.add_annotator(connection, None)
        names = connection.execute(sa.select(annotator.c.pseudonym)).scalars().all()
    assert len(set(names)) == 300
    assert all(4 <= len(name) <= 8 for name in names)


def test_a_taken_pseudonym_is_not_given_again(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    given = iter(["k7m2", "k7m2", "b3d4"])
    monkeypatch.setattr(accounts, "invent_pseudonym", lambda syllables=2: next(given))
    with database.write() as connection:
        accounts.add_annotator(connection, None)
        accounts.add_annotator(connection, None)
        assert set(connection.execute(sa.select(annotator.c.pseudonym)).scalars()) == {"k7m2", "b3d4"}


def test_passwords() -> None:
    stored = accounts.hash_password("correct horse battery")
    assert stored.startswith("$argon2id$")
    assert accounts.verify_password("correct horse battery", stored)
    assert not accounts.verify_password("correct horse batterz", stored)
    assert not accounts.verify_password("correct horse battery", None)
    assert not accounts.verify_password("x", "no hash at all")
    for bad in ("short", "x" * 1025):
        with pytest.raises(InputError, match="password"):
            accounts.hash_password(bad)


def test_an_unknown_address_takes_as_long_as_a_known_one() -> None:
    """Both verify one hash of the same parameters."""
    stored = accounts.hash_password("correct horse battery")
    assert accounts._nobody().split("$")[:4] == stored.split("$")[:4]


def test_a_new_password_ends_the_other_sessions(database: Database) -> None:
    with database.write() as connection:
        ada = make_person(connection, email="ada@example.org")
        other = signin.start_session(connection, ada.account, NOW)
        _, api = signin.create_api_token(connection, ada, "x", NOW)
        accounts.update_account(connection, ada, {"name": "Ada L.", "password_hash": "h"})
        assert person(connection, other) is None
        assert person(connection, api) is not None
        assert connection.execute(sa.select(token.c.id).where(token.c.id == ada.token)).first() is not None
        assert accounts.find_account(connection, ada.account).name == "Ada L."


# The back-off.


def test_failures_have_to_wait_longer_and_longer() -> None:
    waits = [signin.wait_for(failures, NOW, NOW, 5) for failures in range(20)]
    assert waits[:5] == [0] * 5
    assert waits[5:9] == [1, 2, 4, 8]
    assert max(waits) == signin.MAX_WAIT
    assert signin.wait_for(10**9, NOW, NOW, 5) == signin.MAX_WAIT
    assert signin.wait_for(19, NOW, NOW + signin.MAX_WAIT * 1000, 5) == 0


def test_guessing_one_address_is_slow_and_others_are_free(database: Database) -> None:
    with database.write() as connection:
        for _ in range(signin.FREE["email"]):
            signin.claim_attempt(connection, "ada@example.org", "198.51.100.7", NOW)
        with pytest.raises(RateLimitedError) as caught:
            signin.claim_attempt(connection, "ada@example.org", "203.0.113.9", NOW)
        assert caught.value.seconds == 1
        signin.claim_attempt(connection, "eve@example.org", "203.0.113.9", NOW)
        signin.claim_attempt(connection, "ada@example.org", "203.0.113.9", NOW + 1000)


def test_guessing_from_one_network_is_slow(database: Database) -> None:
    with database.write() as connection:
        for number in range(signin.FREE["address"]):
            signin.claim_attempt(connection, f"{number}@example.org", f"2001:db8::{number}", NOW)
        with pytest.raises(RateLimitedError):
            signin.claim_attempt(connection, "new@example.org", "2001:db8::ffff", NOW)
        signin.claim_attempt(connection, "new@example.org", "2001:db8:0:1::1", NOW)


def test_success_forgets_the_failures(database: Database) -> None:
    with database.write() as connection:
        for _ in range(100):
            signin.claim_attempt(connection, "ada@example.org", "198.51.100.7", NOW)
            signin.forget_attempts(connection, "ada@example.org", "198.51.100.7")


def test_attempts_hold_no_address_and_are_forgotten_after_a_day(database: Database) -> None:
    with database.write() as connection:
        signin.claim_attempt(connection, "ada@example.org", "198.51.100.7", NOW)
        stored = str(connection.execute(sa.select(sign_in_attempt)).all())
        assert "ada" not in stored
        assert "198" not in stored
        signin.forget_expired(connection, NOW + signin.DAY + 1)
        assert connection.execute(sa.select(sign_in_attempt)).all() == []


@pytest.mark.parametrize("address", ["", "unix", "::ffff:198.51.100.7", "fe80::1%eth0", "198.51.100.7"])
def test_any_client_address_counts_as_something(address: str) -> None:
    assert isinstance(signin.network_of(address), str)


def test_only_active_accounts_sign_in(database: Database) -> None:
    with database.write() as connection:
        ada = accounts.create_account(connection, NOW, name="Ada", email="ada@example.org", password_hash="h")
        assert signin.find_for_sign_in(connection, "ada@example.org") == (ada, "h")
        assert signin.find_for_sign_in(connection, "nobody@example.org") is None
        accounts.deactivate(connection, ada)
        assert signin.find_for_sign_in(connection, "ada@example.org") is None


# Links.


def test_the_first_link_makes_an_administrator_once(database: Database) -> None:
    with database.write() as connection:
        now = database.now(connection)
        old, new = links.make_administrator_link(connection, now), links.make_administrator_link(connection, now)
        with pytest.raises(NotFoundError):
            links.look_at(connection, old.secret, now)
        assert links.look_at(connection, new.secret, now).kind == "administrator"
        with pytest.raises(InputError, match="name"), connection.begin_nested():
            links.use(connection, database, new.secret, None)
        used = links.use(connection, database, new.secret, None, name="Ada")
        assert used.session is not None
        found = person(connection, used.session, now)
        assert found is not None
        assert found.administrator
        with pytest.raises(NotFoundError):
            links.use(connection, database, new.secret, None, name="Eve")


def test_an_invitation_joins_with_its_role(database: Database) -> None:
    with database.write() as connection:
        now = database.now(connection)
        boss = make_project(connection, database)
        made = links.invite(connection, boss.project, "annotator", "new@example.org", now)
        seen = links.look_at(connection, made.secret, now)
        assert (seen.kind, seen.project, seen.role, seen.email) == ("invitation", "P", "annotator", "new@example.org")
        used = links.use(connection, database, made.secret, None, name="New")
        assert used.project == boss.project
        joined = [row for row in members.list_members(connection, boss) if row.account == used.account]
        assert [(row.role, row.email) for row in joined] == [("annotator", "new@example.org")]
        assert links.list_invitations(connection, boss.project, now) == []


def test_an_invitation_raises_a_role_and_never_lowers_it(database: Database) -> None:
    with database.write() as connection:
        now = database.now(connection)
        boss = make_project(connection, database)
        made = links.invite(connection, boss.project, "annotator", None, now)
        used = links.use(connection, database, made.secret, boss.person)
        assert (used.account, used.session) == (boss.person.account, None)
        assert access.find_member(connection, boss.person, boss.project).role == "manager"
        eve = make_person(connection, "Eve")
        for role in ("annotator", "adjudicator"):
            made = links.invite(connection, boss.project, role, None, now)
            links.use(connection, database, made.secret, eve)
            assert access.find_member(connection, eve, boss.project).role == role


def test_an_invitation_ends_by_time_and_by_withdrawal(database: Database) -> None:
    with database.write() as connection:
        now = database.now(connection)
        boss, other = make_project(connection, database), make_project(connection, database, "Q")
        made = links.invite(connection, boss.project, "annotator", None, now)
        with pytest.raises(NotFoundError):
            links.look_at(connection, made.secret, now + links.LIFETIME["invitation"])
        with pytest.raises(NotFoundError):
            links.withdraw(connection, other, made.id)
        links.withdraw(connection, boss, made.id)
        with pytest.raises(NotFoundError):
            links.use(connection, database, made.secret, None, name="Late")


def test_a_sign_in_link_is_a_way_back_for_active_accounts(database: Database) -> None:
    with database.write() as connection:
        now = database.now(connection)
        ada = make_person(connection)
        first, second = (links.make_sign_in_link(connection, ada.account, now) for _ in range(2))
        used = links.use(connection, database, first.secret, None)
        assert used.account == ada.account
        assert used.session is not None
        accounts.deactivate(connection, ada.account)
        with pytest.raises(NotFoundError):
            links.use(connection, database, second.secret, None)
        with pytest.raises(ConflictError, match="Activate"):
            links.make_sign_in_link(connection, ada.account, now)


def test_a_link_does_not_give_somebody_elses_account(database: Database) -> None:
    """Whoever passes an invitation on may know an address; that is no proof of being its owner."""
    with database.write() as connection:
        now = database.now(connection)
        boss = make_project(connection, database)
        accounts.create_account(connection, NOW, name="Ada", email="ada@example.org")
        made = links.invite(connection, boss.project, "annotator", "ada@example.org", now)
        with pytest.raises(ConflictError) as caught, connection.begin_nested():
            links.use(connection, database, made.secret, None, name="Mallory")
        assert caught.value.reason == "email_taken"
        assert links.look_at(connection, made.secret, now).id == made.id, "a refused use does not use the link up"


def test_of_racing_uses_exactly_one_wins(database: Database) -> None:
    """Two processes, so two writers, use the same link at the same moment."""
    writers = [Writer(database), Writer(database)]
    try:
        with database.write() as connection:
            boss = make_project(connection, database)
        for attempt in range(10):
            with database.write() as connection:
                made = links.invite(connection, boss.project, "annotator", None, database.now(connection))
            use = functools.partial(links.use, database=database, secret=made.secret, person=None, name=f"N{attempt}")
            results = _race([functools.partial(one.run, use) for one in writers])
            assert sorted(type(result).__name__ for result in results) == ["NotFoundError", "Used"], results
        with database.read() as connection:
            assert connection.execute(sa.select(sa.func.count()).select_from(member)).scalar_one() == 11
    finally:
        for one in writers:
            one.close()


def _race(calls: list[Any]) -> list[Any]:
    barrier, results = threading.Barrier(len(calls)), []

    def call(work: Any) -> None:
        barrier.wait()
        try:
            results.append(work())
        except Exception as error:
            results.append(error)

    threads = [threading.Thread(target=call, args=(work,)) for work in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


# The door.


def test_not_there_and_not_yours_look_the_same(database: Database) -> None:
    with database.write() as connection:
        boss = make_project(connection, database)
        eve = make_person(connection, "Eve")
        said = set()
        for project_id in (boss.project, boss.project + 1, 0, -1, 2**63, 2**80):
            with pytest.raises(NotFoundError) as caught:
                access.find_member(connection, eve, project_id)
            said.add(caught.value.message)
        assert len(said) == 1


def test_the_door_asks_in_order(database: Database) -> None:
    with database.write() as connection:
        boss = make_project(connection, database)
        fresh = make_person(connection, "Fresh", accept=False)
        members.join(connection, database, boss.project, fresh.account, "manager", fresh.account)
        with pytest.raises(UnauthenticatedError):
            access.find_member(connection, None, boss.project)
        with pytest.raises(ForbiddenError) as caught:
            access.find_member(connection, fresh, boss.project)
        assert caught.value.details["reason"] == "notice"
        eve = make_person(connection, "Eve")
        members.join(connection, database, boss.project, eve.account, "annotator", eve.account)
        with pytest.raises(ForbiddenError, match="manager"):
            access.find_member(connection, eve, boss.project, "manager")
        assert access.find_member(connection, eve, boss.project).role == "annotator"


def test_administrators_do_not_see_into_projects(database: Database) -> None:
    with database.write() as connection:
        boss = make_project(connection, database)
        root = make_person(connection, "root", administrator=True)
        with pytest.raises(NotFoundError):
            access.find_member(connection, root, boss.project)
        assert projects.list_projects(connection, root) == []


def test_who_may_begin_a_project(database: Database) -> None:
    with database.write() as connection:
        eve = make_person(connection, "Eve")
        with pytest.raises(ForbiddenError):
            projects.create(connection, database, eve, name="Mine", form=FORM)
        boss = make_project(connection, database)
        members.join(connection, database, boss.project, eve.account, "adjudicator", eve.account)
        with pytest.raises(ForbiddenError):
            projects.create(connection, database, eve, name="Mine", form=FORM)
        members.set_role(connection, database, boss, eve.account, "manager")
        assert projects.create(connection, database, eve, name="Mine", form=FORM).role == "manager"


# Members and leaving.


def test_a_project_keeps_a_manager(database: Database) -> None:
    with database.write() as connection:
        boss = make_project(connection, database)
        eve = make_person(connection, "Eve")
        me = boss.person.account
        for change in (
            lambda: members.remove(connection, database, boss, me),
            lambda: members.set_role(connection, database, boss, me, "annotator"),
        ):
            with pytest.raises(ConflictError) as caught:
                change()
            assert caught.value.reason == "last_manager"
        members.join(connection, database, boss.project, eve.account, "manager", me)
        members.set_role(connection, database, boss, me, "annotator")
        with pytest.raises(NotFoundError):
            members.remove(connection, database, boss, 10**6)
        assert list(check(connection)) == []


def test_the_last_administrator_stays(database: Database) -> None:
    with database.write() as connection:
        root = accounts.create_account(connection, NOW, name="root", administrator=True)
        for leave in (accounts.deactivate, accounts.erase):
            with pytest.raises(ConflictError) as caught:
                leave(connection, root)
            assert caught.value.reason == "last_administrator"
        other = accounts.create_account(connection, NOW, name="other", administrator=True)
        accounts.deactivate(connection, root)
        with pytest.raises(ConflictError):
            accounts.deactivate(connection, other)
        accounts.activate(connection, root)
        accounts.deactivate(connection, other)


def test_deactivating_ends_everything_at_once(database: Database) -> None:
    with database.write() as connection:
        account_id = accounts.create_account(connection, NOW, name="Ada")
        session = signin.start_session(connection, account_id, NOW)
        ada = person(connection, session)
        assert ada is not None
        _, api = signin.create_api_token(connection, ada, "x", NOW)
        link = links.make_sign_in_link(connection, account_id, NOW)
        accounts.deactivate(connection, account_id)
        accounts.activate(connection, account_id)
        assert person(connection, session) is None
        assert person(connection, api) is None
        with pytest.raises(NotFoundError):
            links.look_at(connection, link.secret, NOW)


def test_erasing_leaves_nothing_that_leads_back(database: Database) -> None:
    with database.write() as connection:
        boss = make_project(connection, database)
        now = database.now(connection)
        links.invite(connection, boss.project, "annotator", "ada.canary@example.org", now)
        made = links.invite(connection, boss.project, "manager", "ada.canary@example.org", now)
        used = links.use(connection, database, made.secret, None, name="Ada Canary")
        ada = used.account
        signin.claim_attempt(connection, "ada.canary@example.org", "198.51.100.7", NOW)
        members.remove(
            connection, database, access.Member(_of(connection, ada), boss.project, "manager"), boss.person.account
        )
        pseudonym = connection.execute(sa.select(annotator.c.pseudonym).where(annotator.c.account == ada)).scalar_one()
        assert accounts.erase(connection, ada) == ["P"]
        left = "".join(str(connection.execute(sa.select(table)).all()) for table in account.metadata.sorted_tables)
        assert "anary" not in left
        assert signin.attempt_of("email", "ada.canary@example.org") not in left
        assert pseudonym in left
        assert list(check(connection)) == []
        with pytest.raises(ConflictError) as caught:
            accounts.activate(connection, ada)
        assert caught.value.reason == "erased"


def _of(connection: sa.Connection, account_id: int) -> access.Person:
    return access.person_of(connection, account_id)


def test_expired_tokens_are_dropped(database: Database) -> None:
    with database.write() as connection:
        ada = make_person(connection)
        signin.create_api_token(connection, ada, "stays", NOW)
        signin.forget_expired(connection, NOW + signin.SESSION_MS + signin.DAY + 1)
        assert connection.execute(sa.select(token.c.kind)).scalars().all() == ["api"]


# Projects.


def test_what_changes_is_logged_without_text(database: Database) -> None:
    from goldwork.store.schema import event

    with database.write() as connection:
        boss = make_project(connection, database)
        projects.set_guideline(connection, database, boss, "CANARY guideline")
        projects.set_guideline(connection, database, boss, "CANARY guideline")
        projects.set_form(connection, database, boss, FORM | {"fields": []})
        assert policy.set_policy(connection, database, boss, lease_minutes=5) is False
        assert policy.set_policy(connection, database, boss, overlap=4) is True
        assert policy.set_policy(connection, database, boss, overlap=4) is False
        projects.set_state(connection, database, boss, "paused")
        projects.rename(connection, boss, "CANARY name")
        log = connection.execute(sa.select(event.c.kind, event.c.body).order_by(event.c.seq)).all()
        assert [row.kind for row in log][5:] == ["guideline", "form", "policy", "policy", "state"]
        assert "CANARY" not in str(log)
        shown = projects.describe(connection, boss)
        assert (shown.form_version, shown.guideline.version, shown.policy_version) == (2, 2, 3)
        assert (shown.overlap, shown.lease_minutes, shown.state, shown.name) == (4, 5, "paused", "CANARY name")
        assert list(check(connection)) == []


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"name": ""}, "name"),
        ({"overlap": 0}, "overlap"),
        ({"overlap": 101}, "overlap"),
        ({"lease_minutes": 0}, "lease_minutes"),
        ({"lease_minutes": 1441}, "lease_minutes"),
        ({"guideline": "x" * 200_001}, "guideline"),
        ({"form": {}}, "form"),
        ({"form": {"questions": []}}, "form"),
    ],
)
def test_a_bad_project_is_refused_and_leaves_nothing(database: Database, given: dict[str, Any], where: str) -> None:
    with database.write() as connection:
        root = make_person(connection, "root", administrator=True)
        good: dict[str, Any] = {"name": "P", "form": FORM}
        with pytest.raises(InputError) as caught:
            projects.create(connection, database, root, **(good | given))
        assert caught.value.where.startswith(where)
        assert projects.list_projects(connection, root) == []
