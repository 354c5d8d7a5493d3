"""What Alembic runs: the migrations, in the transaction of the connection that it was handed."""

from alembic import context

from watcher.store import schema

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=[schema.state, schema.inbox],
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
