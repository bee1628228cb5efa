"""What is only read is planned once."""

from sqlalchemy import text

from schema.store.database import Database
from tests.servers.postgres import PostgresServer

#: So often a statement is run before the driver prepares it, and once more.
OFTEN = 7


def test_postgresql_keeps_the_plan_of_what_is_read_often(postgres_server: PostgresServer) -> None:
    database = Database(postgres_server.create_database())
    for _ in range(OFTEN):
        with database.look() as connection:
            connection.execute(text("SELECT 1 AS looked")).one()
    with database.look() as connection:
        kept = connection.execute(text("SELECT statement FROM pg_prepared_statements")).scalars()
        assert "SELECT 1 AS looked" in list(kept)
    database.close()
