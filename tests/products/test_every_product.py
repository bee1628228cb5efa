"""What every product owes; a product that is added is found here by itself and owes the same."""

import pytest

from tests.world import proofs
from tests.world.fixtures import MakeWorld
from tests.world.subjects import Subject, find_subjects

SUBJECTS = find_subjects()

#: Every verb of every product, in every state at rest in which it is carried out.
CASES = [
    pytest.param(subject, case, id=f"{name}-{case[0]}-{case[1] or 'none'}")
    for name, subject in SUBJECTS.items()
    for case in proofs.plays(subject)
]

every_case = pytest.mark.parametrize(("subject", "case"), CASES)

Case = tuple[str, str | None]


def test_the_sample_is_found_beside_the_real_products() -> None:
    assert {"cloud_pbx", "sample"} <= set(SUBJECTS)
    assert {str(case.id).split("-")[0] for case in CASES} == set(SUBJECTS)


@every_case
def test_I3_a_step_run_twice_acts_once(
    make_sqlite_world: MakeWorld, subject: Subject, case: Case
) -> None:
    proofs.prove_a_step_run_twice_acts_once(make_sqlite_world, subject, case)


@every_case
def test_I3_a_repeated_call_is_known_by_its_key(
    make_sqlite_world: MakeWorld, subject: Subject, case: Case
) -> None:
    proofs.prove_a_repeated_call_is_known(make_sqlite_world, subject, case)


@every_case
def test_I1_a_crash_at_any_point_resumes_and_ends_the_same(
    make_sqlite_world: MakeWorld, subject: Subject, case: Case
) -> None:
    proofs.prove_a_crash_anywhere_resumes(make_sqlite_world, subject, case)


@every_case
def test_CO_3_a_failure_at_any_step_is_undone_or_ticketed(
    make_sqlite_world: MakeWorld, subject: Subject, case: Case
) -> None:
    proofs.prove_a_failure_is_undone_or_ticketed(make_sqlite_world, subject, case)


@every_case
def test_CO_3_a_cancel_at_any_step_is_undone_or_refused(
    make_sqlite_world: MakeWorld, subject: Subject, case: Case
) -> None:
    proofs.prove_a_cancel_is_undone_or_refused(make_sqlite_world, subject, case)


@every_case
def test_CO_5_a_missed_deadline_makes_one_ticket(
    make_sqlite_world: MakeWorld, subject: Subject, case: Case
) -> None:
    proofs.prove_a_deadline_makes_one_ticket(make_sqlite_world, subject, case)


@every_case
def test_CO_4_nothing_secret_is_told(
    make_sqlite_world: MakeWorld, subject: Subject, case: Case
) -> None:
    proofs.prove_nothing_secret_is_told(make_sqlite_world, subject, case)


@every_case
def test_no_step_blocks_the_loop(
    make_sqlite_world: MakeWorld, subject: Subject, case: Case
) -> None:
    proofs.prove_no_step_blocks_the_loop(make_sqlite_world, subject, case)
