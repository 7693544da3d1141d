"""Tickets: one record with everything that lets somebody else check it, laid into a folder.

Input: a log's folder and a record's number. Output: a bundle to attach to a ticket.
"""

from murenger.adapters.tickets.bundle import ticket_bundle
from murenger.adapters.tickets.folder import lay_down

__all__ = ["lay_down", "ticket_bundle"]
