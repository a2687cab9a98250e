"""Alembic on the connection that the inbox hands over: one transaction, the caller's."""

from alembic import context

from orchestration.review.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=False,  # the caller's transaction holds it all
)
context.run_migrations()
