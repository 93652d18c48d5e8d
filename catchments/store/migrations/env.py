"""Alembic's way in: migrations run on the connection that the store hands over."""

from alembic import context

from catchments.store.schema import is_ours, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_object=is_ours,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
