"""What every read has in common: who asks, which consignments it may know of, what the policy shows, the log of reads.

One order for each answer: who asks → what stands → what the policy shows → the read is logged → the answer. Nothing is
answered while the policy file is not the one that the members agreed on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chain.errors import NotFound
from chain.identifiers import Ucr
from chain.members import PolicyName, Role
from chain.rule_tables import tables_for
from chain.witness.checkpoint_log import CheckpointLog
from gateway.access.policy import ViewPolicy
from gateway.access.records import HeldRecord, Reader
from gateway.anchoring.patient_ledger import PatientLedger
from gateway.consignment.coverage import Coverage
from gateway.consignment.view import Sight, sight_of
from gateway.query.bundle_facts import read_rules_texts
from gateway.query.bundles import BundleMaker
from gateway.query.cosigned_notes import CosignedNotes
from gateway.query.directory import RegistryDirectory
from gateway.query.loader import ConsignmentLoader, LoadedConsignment, Opener
from gateway.query.read_log import AccessLog
from gateway.query.wholeness import WholenessService
from gateway.search_index.candidates import require_concern, whom_unless_at_large
from gateway.search_index.facts import fill_once
from gateway.services import Services
from gateway.store.consignments import find_receipts

LOADED_TOGETHER = 25
"""Consignments that a search asks of the store in one question."""


CHECKPOINTS_FILE = "checkpoints"
"""The log of checkpoints beside the index, derived like it."""


@dataclass(frozen=True)
class BundleAnswer:
    """A bundle's bytes with the signed read receipt."""

    content: bytes
    receipt: str
    coverage: Coverage | None = None
    """Of a consignment: what is lacking here, so that the bundle is not the whole of it."""


class ReaderContext:
    """What the read services of one gateway share; used by many threads."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.policy = ViewPolicy.load(services.settings.view_policy_file)
        self.tables = tables_for(services.settings.rule_tables_dir)
        self.opener = Opener(services.store.vault)
        self.loader = ConsignmentLoader(services.store, self.opener, services.index, services.tag_keys)
        self._directory: RegistryDirectory | None = None
        self.notes = _cosigned_notes(services)
        self.bundles = BundleMaker(
            PatientLedger(services.ledger, services.registry.age_s),
            services.index,
            services.tag_keys,
            services.trust_root,
            services.registry.snapshot,
            read_rules_texts(services.settings.record_rules_file),
            self.notes,
        )
        self.log = AccessLog(
            member=services.settings.member,
            consortium=services.trust_root.consortium.hex(),
            signer=services.signer,
            intake=services.intake,
            clock=services.clock,
        )
        self.wholeness = WholenessService(services)
        if fill_once(services.store):
            services.registry.refresh()  # that took its time, and who starts must have heard from the chain lately

    @property
    def batch_count(self) -> int:
        """How many batches the follower has read."""
        return self.services.index.progress().batch_count

    def check_policy(self) -> None:
        """Raises UnagreedPolicy unless the policy file is the one whose hash the registry holds."""
        self.policy.require_agreed(self.services.registry.snapshot().find_policy(PolicyName.VIEW))

    def reader(self, authorization: str | None) -> Reader:
        """Who asks; raises GatewayRefusal (401) where the header proves nobody, UnagreedPolicy as `check_policy`."""
        self.check_policy()
        bearer = self.services.tokens.reader(authorization)
        return self._reader(bearer.member, bearer.roles, bearer.kid, bearer.operator)

    def reader_of(self, member: str) -> Reader:
        """The member as the registry says now, without a key; raises GatewayRefusal, UnagreedPolicy."""
        self.check_policy()
        version = self.services.registry.snapshot().get_active_member(member)
        return self._reader(member, version.roles)

    def directory(self) -> RegistryDirectory:
        """The members at the head."""
        snapshot = self.services.registry.snapshot()
        if self._directory is None or not self._directory.is_of(snapshot):
            self._directory = RegistryDirectory(snapshot)
        return self._directory

    def sight(
        self, reader: Reader, ucr: str, *, also: Sequence[str] = (), is_empty_shown: bool = False
    ) -> tuple[LoadedConsignment, Sight]:
        """The consignment and what the reader sees of it; raises NotFound where the reader may not know of it.

        `also` are members whose records are loaded besides, whether they count or not; with `is_empty_shown` somebody
        who may see the consignment is answered where no record of it counts.
        """
        self.require_concern(reader, ucr)
        directory = self.directory()
        consignment = self.loader.load(ucr, directory, self.bundles.checkpoint_facts(), also=(reader.member, *also))
        return consignment, self._sight_of(reader, consignment, is_empty_shown=is_empty_shown)

    def require_concern(self, reader: Reader, ucr: str) -> None:
        """Raises NotFound where the consignment cannot concern the reader, Malformed where the UCR is none."""
        Ucr.parse(ucr)
        if (whom := self.whom(reader)) is not None:
            # Before anything of it is looked at: else time would tell that it is there.
            prefixes = self.services.tag_keys.prefixes(ucr)
            with self.services.store.reading() as connection:
                require_concern(connection, ucr, prefixes, whom)

    def find_sight(self, reader: Reader, ucr: str) -> Sight | None:
        """What the reader sees of the consignment; None where it may not know of it."""
        try:
            return self.sight(reader, ucr)[1]
        except NotFound:
            return None

    def sights(self, reader: Reader, ucrs: Sequence[str]) -> Iterator[tuple[LoadedConsignment, Sight | None]]:
        """Each of these consignments and what the reader sees of it, a portion asked of the store at a time."""
        for consignment in self.load_each(ucrs, also=(reader.member,)):
            yield consignment, self._sight_in(reader, consignment)

    def load_each(self, ucrs: Sequence[str], *, also: Sequence[str] = ()) -> Iterator[LoadedConsignment]:
        """Each of these consignments, whoever asks, a portion asked of the store at a time."""
        for start in range(0, len(ucrs), LOADED_TOGETHER):
            portion = ucrs[start : start + LOADED_TOGETHER]
            yield from self.loader.load_each(portion, self.directory(), checkpoint=None, also=also)

    def whom(self, reader: Reader, *sections: Sequence[str]) -> list[str] | None:
        """As `whom_unless_at_large`, by the members at the head."""
        return whom_unless_at_large(self.policy, reader, self.directory().sponsored_by(reader.member), *sections)

    def receipts_of(self, reader: Reader, shown: Sequence[HeldRecord]) -> list[str]:
        """The receipts that this gateway gave for those of these records which the reader issued."""
        own = [record.signed.record_id for record in shown if record.signed.iss == reader.member]
        with self.services.store.reading() as connection:
            return find_receipts(connection, own)

    def _sight_in(self, reader: Reader, consignment: LoadedConsignment) -> Sight | None:
        try:
            return self._sight_of(reader, consignment)
        except NotFound:
            return None

    def _sight_of(self, reader: Reader, consignment: LoadedConsignment, *, is_empty_shown: bool = False) -> Sight:
        return sight_of(
            consignment.ucr,
            consignment.records,
            reader,
            self.policy,
            self.directory(),
            consignment.participation,
            is_empty_shown=is_empty_shown,
        )

    def _reader(self, member: str, roles: Role, kid: str = "", operator: str = "") -> Reader:
        directory = self.directory()
        return Reader(member, roles, directory.customs_code(member), kid, directory.offices_of(member), operator)


def _cosigned_notes(services: Services) -> CosignedNotes | None:
    """Where the trust root demands witnesses: the notes that this gateway's sources show."""
    policy = services.trust_root.witnesses
    if policy is None:
        return None
    log = CheckpointLog(services.settings.index_dir / CHECKPOINTS_FILE)
    return CosignedNotes(policy, services.ledger, log, services.settings.note_sources)
