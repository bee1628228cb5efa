"""Each proof fails on a product that is broken on purpose: a proof that cannot fail proves nothing."""

from collections.abc import Callable

import pytest

from tests.products.broken import variants
from tests.products.test_tables import try_cell
from tests.world import proofs
from tests.world.fixtures import MakeWorld
from tests.world.journeys import reach
from tests.world.subjects import Subject

OPEN, RENAME, CLOSE = ("open", None), ("rename", "open"), ("close", "open")

#: A proof, a broken product, the verb at which it breaks, and what the proof says.
CASES: list[tuple[Callable[..., None], Subject, tuple[str, str | None], str]] = [
    (proofs.prove_a_step_run_twice_acts_once, variants.WITHOUT_KEY, OPEN, "keys honoured: True"),
    (proofs.prove_a_step_run_twice_acts_once, variants.WITHOUT_ASK, OPEN, "keys honoured: False"),
    (proofs.prove_a_crash_anywhere_resumes, variants.WITHOUT_ASK, OPEN, "died after"),
    (proofs.prove_a_crash_anywhere_resumes, variants.ACTING_TWICE, OPEN, "died after"),
    (proofs.prove_a_cancel_is_undone_or_refused, variants.WITHOUT_UNDO, CLOSE, "not undone"),
    (proofs.prove_a_failure_is_undone_or_ticketed, variants.KEEPING_ITS_PLACE, OPEN, "not undone"),
    (proofs.prove_a_failure_is_undone_or_ticketed, variants.WITHOUT_TICKET, OPEN, "power"),
    (proofs.prove_a_deadline_makes_one_ticket, variants.NEVER_ENDING, RENAME, "rename"),
    (proofs.prove_nothing_secret_is_told, variants.TALKATIVE, OPEN, "is told"),
    (proofs.prove_a_step_run_twice_acts_once, variants.MAILING_TWICE, OPEN, "keys honoured"),
    (proofs.prove_a_crash_anywhere_resumes, variants.MAILING_TWICE, OPEN, "died after"),
    (proofs.prove_nothing_secret_is_told, variants.MAILING_ITS_CODE, OPEN, "is told"),
    (proofs.prove_no_step_blocks_the_loop, variants.BLOCKING, OPEN, "connect_line"),
]


@pytest.mark.parametrize(("proof", "subject", "case", "says"), CASES)
def test_a_proof_fails_on_its_broken_product(
    make_sqlite_world: MakeWorld,
    proof: Callable[..., None],
    subject: Subject,
    case: tuple[str, str | None],
    says: str,
) -> None:
    with pytest.raises(AssertionError, match=says):
        proof(make_sqlite_world, subject, case)


@pytest.mark.parametrize(
    "proof",
    [
        proofs.prove_a_step_run_twice_acts_once,
        proofs.prove_a_crash_anywhere_resumes,
        proofs.prove_a_cancel_is_undone_or_refused,
        proofs.prove_nothing_secret_is_told,
    ],
)
def test_CO_4_a_product_that_mails_and_keeps_secrets_passes_them(
    make_sqlite_world: MakeWorld, proof: Callable[..., None]
) -> None:
    proof(make_sqlite_world, variants.MAILING, OPEN)


def test_a_state_that_moves_off_the_table_is_seen(make_sqlite_world: MakeWorld) -> None:
    world = make_sqlite_world(variants.moving_off_the_table())
    world.submit("open")
    world.settle()
    with pytest.raises(AssertionError, match="opened is not in the table"):
        world.check()


def test_a_table_that_promises_something_else_is_seen(make_sqlite_world: MakeWorld) -> None:
    world = make_sqlite_world(variants.staying_behind_its_table())
    reach(world, "open")
    with pytest.raises(AssertionError):
        try_cell(world, ("close", "open", "Y"))
