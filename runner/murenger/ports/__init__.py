"""What we need from the world: Protocols that adapters implement and stages are given.

Input: values of `murenger.model`. Output: values of `murenger.model`, or an error of `murenger.errors`: an adapter
wraps every foreign exception. Each port has one contract suite that every adapter passes.
"""

from murenger.ports.clock import Clock
from murenger.ports.devices import ChangeSession, ConfigSource, FlowReport, Inventory, Lease, Leases, Remediator, Staged
from murenger.ports.golden import GoldenFile, GoldenStore, Vault
from murenger.ports.ledger import AnchorSink, Ledger
from murenger.ports.notify import Notifier
from murenger.ports.probes import Prober, Sighting
from murenger.ports.signing import ApprovalStore, Signatory, Signer, Verifier

__all__ = [
    "AnchorSink",
    "ApprovalStore",
    "ChangeSession",
    "Clock",
    "ConfigSource",
    "FlowReport",
    "GoldenFile",
    "GoldenStore",
    "Inventory",
    "Lease",
    "Leases",
    "Ledger",
    "Notifier",
    "Prober",
    "Remediator",
    "Sighting",
    "Signatory",
    "Signer",
    "Staged",
    "Vault",
    "Verifier",
]
