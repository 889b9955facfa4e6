"""``make chaos``: what becomes of people while parts of an installation fail.

Real programs on loopback: three processes of the service behind HAProxy, PgBouncer in
transaction mode, Valkey, and PostgreSQL with a synchronous standby.
"""
