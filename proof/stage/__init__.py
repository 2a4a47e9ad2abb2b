"""Where a proof takes place: server, databases, the running service, its two tenants, and how a check asks them."""
