"""The one store: connections, tenant transactions, named statements, locks and the embedded server."""
