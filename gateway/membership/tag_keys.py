"""The tag keys: under which tags a consignment's entries are filed, in each epoch of batch indexes.

File: `{"tag_keys": [{"from_batch": 0, "key": 32 bytes in base64url}, …]}`, as in the auditor's trust root.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chain.encoding import parse_base64url, parse_json_object
from chain.proof import batch
from gateway.store.vault import MalformedKeyFile

TAG_KEY_BYTES = 32


@dataclass(frozen=True)
class TagKey:
    """The key that tags are made with from a batch on."""

    from_batch: int
    key: bytes


@dataclass(frozen=True)
class TagKeys:
    """All tag keys, oldest first; the first begins at batch 0."""

    epochs: Sequence[TagKey]

    @classmethod
    def load(cls, file: Path) -> TagKeys:
        """The keys in a file; raises MalformedKeyFile, or OSError where it cannot be read."""
        try:
            said = parse_json_object(file.read_bytes())["tag_keys"]
            if not isinstance(said, list):
                raise ValueError("`tag_keys` is no list")
            epochs = tuple(_tag_key(one) for one in said)
        except (ValueError, KeyError, TypeError) as error:
            raise MalformedKeyFile("tag keys", f"must be a list of {{from_batch, key}}: {error}") from None
        starts = [epoch.from_batch for epoch in epochs]
        if not starts or starts[0] != 0 or starts != sorted(set(starts)):
            raise MalformedKeyFile("tag keys", "must begin at batch 0 and ascend", value=starts)
        return cls(epochs)

    def tag(self, ucr: str, batch_count: int) -> bytes:
        """The consignment's tag for an entry that will stand at or after this many batches."""
        return batch.tag(self._key_for(batch_count), ucr)

    def access_tag(self, ucr: str, batch_count: int) -> bytes:
        """The tag of reads of the consignment."""
        return batch.access_tag(self._key_for(batch_count), ucr)

    def all_tags(self, ucr: str) -> list[bytes]:
        """The consignment's tag in each epoch, oldest first: its records may stand under any of them."""
        return [batch.tag(epoch.key, ucr) for epoch in self.epochs]

    def all_access_tags(self, ucr: str) -> list[bytes]:
        """The tag of reads of the consignment in each epoch, oldest first."""
        return [batch.access_tag(epoch.key, ucr) for epoch in self.epochs]

    def _key_for(self, batch_count: int) -> bytes:
        return next(epoch.key for epoch in reversed(self.epochs) if epoch.from_batch <= batch_count)


def _tag_key(said: object) -> TagKey:
    if not isinstance(said, dict) or set(said) != {"from_batch", "key"}:
        raise ValueError("has the members from_batch and key")
    from_batch, key = said["from_batch"], parse_base64url(said["key"])
    if type(from_batch) is not int or len(key) != TAG_KEY_BYTES:
        raise ValueError(f"from_batch is a number, key has {TAG_KEY_BYTES} bytes")
    return TagKey(from_batch, key)
