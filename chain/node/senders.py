"""Who may send transactions to this node: the accounts that the member registry knows, and those that are named.

Gas is free here, so a stranger's transactions would cost it nothing. Until the registry is deployed it knows nobody;
whoever deploys it is named by `--sender`, or has a balance in the genesis block.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chain.members import AccountState, AccountVersion
from chain.proof.storage_layout import account_slot, account_versions_slot

if TYPE_CHECKING:
    from chain.node.node import EmbeddedNode


def may_send(node: EmbeddedNode, sender: bytes) -> bool:
    """Whether the operator or the registry, as it stands at the head, lets this account (20 bytes) send."""
    senders, registry = node.settings.senders, node.settings.registry
    if (senders is None and registry is None) or (senders is not None and sender in senders):
        return True
    if registry is None:
        return False
    account = node.account(registry, node.head.state_root)
    count = node.storage(account, account_versions_slot(sender))
    version = AccountVersion.parse_word(node.storage(account, account_slot(sender, count - 1))) if count else None
    return version is not None and version.state is AccountState.ACTIVE
