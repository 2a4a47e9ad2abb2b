"""Signed payment webhooks: verified, recorded, and booked as entries of the ledger. The door of the room."""
