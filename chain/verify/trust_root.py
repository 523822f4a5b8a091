"""The trust root: all that an auditor believes beforehand. One JSON file, believed by its fingerprint.

It is public. What changes by the governors' vote (tag keys, record rules, least votes, authorities) does not stand
here: a verifier reads it from the registry under the bundle's own header, so that an old trust root hides no epoch and
no rule. The fingerprint covers the whole file in its canonical form.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from chain.encoding import Json, format_json, parse_json
from chain.errors import MalformedTrustRoot
from chain.proof import json_members
from chain.proof.hashes import sha256
from chain.proof.json_members import Members
from chain.proof.witness_policy import WitnessPolicy

FORMAT = "tongguan-trust-root/2"
TRUST_ROOT_BYTES_MAX = 1 << 20
RANGES_MAX = 1000
VALIDATORS_MAX = 256
REGISTRY = "MemberRegistry"
LEDGER = "RecordLedger"
_FINGERPRINT_GROUPS = 8


def spoken_fingerprint(fingerprint: bytes) -> str:
    """The first half of a fingerprint of 32 bytes in eight groups of four hex digits, to be read aloud."""
    digits = fingerprint.hex()
    return " ".join(digits[4 * group : 4 * group + 4] for group in range(_FINGERPRINT_GROUPS))


@dataclass(frozen=True)
class Contract:
    """Where one of the two contracts stands, and the hash of its code, for a range of blocks."""

    name: str
    address: bytes
    code_hash: bytes
    from_block: int
    to_block: int | None


@dataclass(frozen=True)
class ValidatorRange:
    """Who seals the blocks of a range; `to_block` None while it is open."""

    from_block: int
    to_block: int | None
    accepted: bool
    """False once these validators' keys may have leaked: bundles sealed by them must be refreshed."""
    addresses: tuple[bytes, ...]


@dataclass(frozen=True)
class TrustRoot:
    """A trust root."""

    consortium: bytes
    chain_id: int
    genesis_hash: bytes
    contracts: tuple[Contract, ...]
    validators: tuple[ValidatorRange, ...]
    """Empty for a chain whose blocks nobody seals: every bundle of it is UNTRUSTED_CHAIN."""
    least_votes: int
    """Fewest attestations that a checkpoint must have, also where the registry demands fewer."""
    independent_validators: bool
    independent_attesters: bool
    predecessor: bytes | None
    """Fingerprint of the trust root that this one extends."""
    witnesses: WitnessPolicy | None = None
    """Which outsiders must have cosigned; None where none are demanded."""

    @classmethod
    def parse(cls, said: bytes) -> TrustRoot:
        """The trust root in a file; any JSON layout, exactly these members. Raises MalformedTrustRoot."""
        if len(said) > TRUST_ROOT_BYTES_MAX:
            raise MalformedTrustRoot("trust root", f"is longer than {TRUST_ROOT_BYTES_MAX} bytes", value=len(said))
        try:
            value = parse_json(said)
        except ValueError as error:
            raise MalformedTrustRoot("trust root", str(error)) from None
        root = Members(value, "trust root", _NAMES, MalformedTrustRoot, optional=(_WITNESSES,))
        root.text("format", FORMAT, f"must be {FORMAT}")
        predecessor = root.any("predecessor")
        parsed = cls(
            consortium=root.hexadecimal("consortium", 32, prefix=""),
            chain_id=root.number("chain_id", least=1),
            genesis_hash=root.hexadecimal("genesis_hash", 32),
            contracts=root.array("contracts", RANGES_MAX, _contract, least=2),
            validators=root.array("validators", RANGES_MAX, _validator_range),
            least_votes=root.number("least_votes", least=1, most=0xFFFF),
            independent_validators=root.flag("independent_validators"),
            independent_attesters=root.flag("independent_attesters"),
            predecessor=None
            if predecessor is None
            else json_members.hexadecimal(predecessor, "predecessor", 32, MalformedTrustRoot, prefix=""),
            witnesses=WitnessPolicy.parse(root.any(_WITNESSES), _WITNESSES) if _WITNESSES in root.value else None,
        )
        parsed._check_ranges()
        return parsed

    def format(self) -> bytes:
        """The file: indented for people, members in a fixed order, a newline at the end."""
        return (json.dumps(self._members(), ensure_ascii=False, indent=2) + "\n").encode("utf-8")

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of the canonical form: the members in their fixed order, as JSON without spaces."""
        return sha256(format_json(self._members()).encode("utf-8"))

    @property
    def short_fingerprint(self) -> str:
        """The first half of the fingerprint, to compare by eye or by telephone."""
        return spoken_fingerprint(self.fingerprint)

    @property
    def is_unsealed(self) -> bool:
        """Whether it names no validators at all, so that no block can be believed by it."""
        return not self.validators

    def find_validators(self, block: int) -> ValidatorRange | None:
        """The range that a block lies in; None before the first and after the last."""
        return next((one for one in self.validators if _holds(one.from_block, one.to_block, block)), None)

    def find_contract(self, name: str, block: int) -> Contract | None:
        """Where the contract of that name stands at a block; None where the trust root does not say."""
        return next(
            (one for one in self.contracts if one.name == name and _holds(one.from_block, one.to_block, block)), None
        )

    def extended(self, last_block: int, addresses: Sequence[bytes], *, old_accepted: bool = True) -> TrustRoot:
        """The trust root after a change of validators: the open range ends with `last_block`, a new one follows.

        Raises MalformedTrustRoot where the open range begins later than `last_block`.
        """
        if self.is_unsealed:
            raise MalformedTrustRoot("validators", "a chain that nobody seals has no range to close")
        *closed, open_range = self.validators
        ranges = (
            *closed,
            replace(open_range, to_block=last_block, accepted=old_accepted),
            ValidatorRange(last_block + 1, None, True, tuple(sorted(addresses))),
        )
        return TrustRoot.parse(replace(self, validators=ranges, predecessor=self.fingerprint).format())

    def without_trust_in(self, from_block: int) -> TrustRoot:
        """The trust root after the keys of the closed range that begins at `from_block` may have leaked."""
        if not any(one.from_block == from_block and one.to_block is not None for one in self.validators):
            raise MalformedTrustRoot("validators", "no closed range begins at this block", value=from_block)
        ranges = tuple(replace(one, accepted=False) if one.from_block == from_block else one for one in self.validators)
        return replace(self, validators=ranges, predecessor=self.fingerprint)

    def with_witnesses(self, policy: WitnessPolicy | None) -> TrustRoot:
        """The trust root that demands these witnesses from now on; raises MalformedTrustRoot for a wrong policy."""
        return TrustRoot.parse(replace(self, witnesses=policy, predecessor=self.fingerprint).format())

    def _check_ranges(self) -> None:
        for name in (REGISTRY, LEDGER):
            _check_order([(c.from_block, c.to_block) for c in self.contracts if c.name == name], f"contracts {name}")
        if not self.is_unsealed:
            _check_order([(v.from_block, v.to_block) for v in self.validators], "validators")
            if not self.validators[-1].accepted:
                raise MalformedTrustRoot(
                    "validators", "the open range must be accepted", fix="Close it with a last block"
                )

    def _members(self) -> dict[str, Json]:
        members: dict[str, Json] = {
            "format": FORMAT,
            "consortium": self.consortium.hex(),
            "chain_id": self.chain_id,
            "genesis_hash": "0x" + self.genesis_hash.hex(),
            "contracts": [
                {
                    "name": one.name,
                    "address": "0x" + one.address.hex(),
                    "code_hash": "0x" + one.code_hash.hex(),
                    "from_block": one.from_block,
                    "to_block": one.to_block,
                }
                for one in self.contracts
            ],
            "validators": [
                {
                    "from_block": one.from_block,
                    "to_block": one.to_block,
                    "accepted": one.accepted,
                    "addresses": ["0x" + address.hex() for address in one.addresses],
                }
                for one in self.validators
            ],
            "least_votes": self.least_votes,
            "independent_validators": self.independent_validators,
            "independent_attesters": self.independent_attesters,
            "predecessor": None if self.predecessor is None else self.predecessor.hex(),
        }
        if self.witnesses is not None:
            members[_WITNESSES] = self.witnesses.members()
        return members


_WITNESSES = "witnesses"
"""The one member that may be absent."""
_NAMES = (
    "format",
    "consortium",
    "chain_id",
    "genesis_hash",
    "contracts",
    "validators",
    "least_votes",
    "independent_validators",
    "independent_attesters",
    "predecessor",
)


def _contract(value: Json, field: str) -> Contract:
    one = Members(value, field, ("name", "address", "code_hash", "from_block", "to_block"), MalformedTrustRoot)
    return Contract(
        one.text("name", f"{REGISTRY}|{LEDGER}", f"must be {REGISTRY} or {LEDGER}"),
        one.hexadecimal("address", 20),
        one.hexadecimal("code_hash", 32),
        one.number("from_block"),
        _to_block(one),
    )


def _validator_range(value: Json, field: str) -> ValidatorRange:
    one = Members(value, field, ("from_block", "to_block", "accepted", "addresses"), MalformedTrustRoot)
    addresses = one.array(
        "addresses",
        VALIDATORS_MAX,
        lambda item, at: json_members.hexadecimal(item, at, 20, MalformedTrustRoot),
        least=1,
    )
    json_members.ascending(addresses, lambda address: address, one.where("addresses"), MalformedTrustRoot)
    return ValidatorRange(one.number("from_block"), _to_block(one), one.flag("accepted"), addresses)


def _to_block(one: Members) -> int | None:
    return None if one.any("to_block") is None else one.number("to_block")


def _check_order(ranges: Sequence[tuple[int, int | None]], field: str) -> None:
    if not ranges:
        raise MalformedTrustRoot(field, "must have a range")
    for (first, last), (following, _) in itertools.pairwise(ranges):
        if last is None or not first <= last or following != last + 1:
            raise MalformedTrustRoot(field, "each range must begin right after the one before it")
    if ranges[-1][1] is not None:
        raise MalformedTrustRoot(field, "the last range must be open (to_block null)")


def _holds(first: int, last: int | None, block: int) -> bool:
    return first <= block and (last is None or block <= last)
