"""skeldir: which marketing channels earned the money, to the cent, for many tenants on one PostgreSQL."""

__version__ = "0.1.0"
