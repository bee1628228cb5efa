"""What alembic runs: all revisions in one transaction, on the connection that it was handed.

`schema.store.versions` hands it over; there is no alembic.ini.
"""

from alembic import context
from sqlalchemy import text

from schema.tables import metadata

#: Two programs that upgrade one PostgreSQL database take turns; SQLite knows only one writer.
TAKE_TURNS = text("SELECT pg_advisory_xact_lock(hashtext('turnup db upgrade'))")


def run() -> None:
    """Run the revisions that alembic was asked for."""
    given = context.config.attributes
    connection = given["connection"]
    context.configure(
        connection=connection,
        target_metadata=metadata,
        transactional_ddl=True,
        version_table=given["version_table"],
        movable_clock=given["movable_clock"],
        installation=given["installation"],
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(TAKE_TURNS)
        context.run_migrations()


run()
