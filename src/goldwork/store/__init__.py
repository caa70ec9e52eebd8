"""The store: one schema on SQLite (embedded, the default) and PostgreSQL."""
