"""Two databases that count alike are told apart by the platforms that both work on."""

from pathlib import Path

from sqlalchemy import update

from schema.store.database import Database
from schema.store.versions import upgrade
from schema.tables import clock
from tests.world.world import World


def installations(*databases: Database) -> set[str]:
    """Return by what platforms know these databases."""
    found = set()
    for database in databases:
        with database.look() as connection:
            found.add(connection.execute(clock.select()).one().installation)
        database.close()
    return found


def test_every_database_gets_an_installation_of_its_own(tmp_path: Path) -> None:
    made = [Database(f"sqlite:///{tmp_path}/{name}.db") for name in ("one", "two")]
    for database in made:
        upgrade(database)
    assert len(installations(*made)) == 2


def test_I3_the_same_operation_of_another_database_is_another_effect(world: World) -> None:
    other = update(clock).values(installation="elsewhere")
    world.submit("open", "line-1")
    world.work()
    before = [each.key for each in world.platform.effects()]
    world.do(lambda transaction: transaction.connection.execute(other))
    world.submit("open", "line-2")
    world.work()
    after = [each.key for each in world.platform.effects()[len(before) :]]
    assert {key.partition("@")[2] for key in before} == {"world"}
    assert {key.partition("@")[2] for key in after} == {"elsewhere"}
