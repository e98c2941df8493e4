"""Fixtures of the integration tests, each from the module of its server."""

from integration.fixtures_postgres import empty_url, ledger, ledger_url, new_database, postgres_server

__all__ = ["empty_url", "ledger", "ledger_url", "new_database", "postgres_server"]
