"""The tag keys: in which lanes a consignment's entries are filed, in each epoch of batch indexes.

File: `{"tag_keys": [{"from_batch": 0, "secret": 32 bytes in base64url}, …]}`: the secret parts of the VRF keys that the
trust root names. Gateways share them; whoever has one can find the lanes of a UCR that it can guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from chain.encoding import parse_base64url, parse_json_object
from chain.errors import Malformed
from chain.proof.batch import Purpose, lane_tag, number_tag
from chain.proof.own_number import OwnNumber
from chain.proof.vrf import VrfSecretKey
from chain.sdjwt import ACCESS_TYPE, SignedRecord
from gateway.store.vault import MalformedKeyFile

OUTPUTS_KEPT_MAX = 32_768
"""VRF outputs kept in memory: one serves all records of its UCR, and each costs 0.1 ms."""
PROOFS_KEPT_MAX = 1_024


@dataclass(frozen=True)
class TagKey:
    """The key that lane tags are made with from a batch on."""

    from_batch: int
    secret: VrfSecretKey


@dataclass(frozen=True)
class TagKeys:
    """All tag keys, oldest first; the first begins at batch 0."""

    epochs: Sequence[TagKey]

    @classmethod
    def load(cls, file: Path) -> TagKeys:
        """The keys in a file; raises MalformedKeyFile, or OSError where it cannot be read."""
        try:
            items = parse_json_object(file.read_bytes())["tag_keys"]
            if not isinstance(items, list):
                raise ValueError("`tag_keys` is no list")
            epochs = tuple(_tag_key(item) for item in items)
        except (ValueError, KeyError, TypeError, Malformed) as error:
            raise MalformedKeyFile("tag keys", f"must be a list of {{from_batch, secret}}: {error}") from None
        starts = [epoch.from_batch for epoch in epochs]
        if not starts or starts[0] != 0 or starts != sorted(set(starts)):
            raise MalformedKeyFile("tag keys", "must begin at batch 0 and ascend", value=starts)
        return cls(epochs)

    def lane_tag(self, ucr: str, issuer: str, batch_count: int, purpose: Purpose = Purpose.UCR) -> bytes:
        """The tag of an issuer's lane for an entry that will stand at or after this many batches."""
        return lane_tag(_output(self._secret(batch_count), purpose, ucr), issuer)

    def number_tag(self, number: OwnNumber, batch_count: int) -> bytes:
        """The tag of a maker's number for an entry that will stand at or after this many batches."""
        return number_tag(_output(self._secret(batch_count), Purpose.INVOICE, number.name))

    def number_tags(self, number: OwnNumber) -> list[bytes]:
        """The tag of a maker's number in each epoch, oldest first."""
        return [number_tag(_output(epoch.secret, Purpose.INVOICE, number.name)) for epoch in self.epochs]

    def lane_tags(self, ucr: str, issuer: str, purpose: Purpose = Purpose.UCR) -> list[bytes]:
        """The tag of an issuer's lane in each epoch, oldest first: its records may stand under any of them."""
        return [lane_tag(_output(epoch.secret, purpose, ucr), issuer) for epoch in self.epochs]

    def prefixes(self, name: str, purpose: Purpose = Purpose.UCR) -> list[bytes]:
        """What all tags of the consignment, or of the number, begin with in each epoch, oldest first."""
        return [purpose.prefix(_output(epoch.secret, purpose, name)) for epoch in self.epochs]

    def prove(self, epoch: int, name: str, purpose: Purpose = Purpose.UCR) -> bytes:
        """The proof that the tags of this epoch are the UCR's, or the number's."""
        return _proof(self.epochs[epoch].secret, purpose, name)

    def _secret(self, batch_count: int) -> VrfSecretKey:
        return next(epoch.secret for epoch in reversed(self.epochs) if epoch.from_batch <= batch_count)


def purpose_of(signed: SignedRecord) -> Purpose:
    """In which lanes of its UCRs a record is filed: reads do not mix with what was said of the goods."""
    return purpose_for(signed.vct)


def purpose_for(record_type: str) -> Purpose:
    """As `purpose_of`, of every record of a type."""
    return Purpose.ACCESS if record_type == ACCESS_TYPE else Purpose.UCR


@lru_cache(maxsize=OUTPUTS_KEPT_MAX)
def _output(secret: VrfSecretKey, purpose: Purpose, name: str) -> bytes:
    return secret.output(purpose.vrf_input(name))


@lru_cache(maxsize=PROOFS_KEPT_MAX)
def _proof(secret: VrfSecretKey, purpose: Purpose, name: str) -> bytes:
    return secret.prove(purpose.vrf_input(name))


def _tag_key(item: object) -> TagKey:
    if not isinstance(item, dict) or set(item) != {"from_batch", "secret"}:
        raise ValueError("has the members from_batch and secret")
    from_batch = item["from_batch"]
    if type(from_batch) is not int:
        raise ValueError("from_batch is a number")
    return TagKey(from_batch, VrfSecretKey(parse_base64url(item["secret"])))
