"""Alembic's way in: runs the revisions in the transaction that ``geogate.ledger.schema`` has opened."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
