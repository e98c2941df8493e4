"""Fixtures of the integration tests, each from the module of its server."""

from integration.fixtures_postgres import (
    empty_url,
    ledger,
    ledger_url,
    new_database,
    postgres_server,
    sqlite_file,
    sqlite_ledger,
    sqlite_template,
)
from integration.fixtures_s3 import (
    admin_keys,
    admin_session,
    as_worker,
    demo_users,
    deployed,
    perimeter,
    root_s3,
    s3_server,
    worker_keys,
    worker_session,
)
from integration.fixtures_sftp import inbox, ssh_server

__all__ = [
    "admin_keys",
    "admin_session",
    "as_worker",
    "demo_users",
    "deployed",
    "empty_url",
    "inbox",
    "ledger",
    "ledger_url",
    "new_database",
    "perimeter",
    "postgres_server",
    "root_s3",
    "s3_server",
    "sqlite_file",
    "sqlite_ledger",
    "sqlite_template",
    "ssh_server",
    "worker_keys",
    "worker_session",
]
