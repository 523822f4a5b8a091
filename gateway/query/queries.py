"""All that members may ask of one gateway, by subject."""

from __future__ import annotations

from gateway.access.records import Reader
from gateway.query.change_feed import ChangeFeedService
from gateway.query.consignments import ConsignmentService
from gateway.query.documents import DocumentService
from gateway.query.erasures import ErasureService
from gateway.query.find import FindService
from gateway.query.finding_queue import FindingQueueService
from gateway.query.lanes import LaneService
from gateway.query.numbers import NumberService
from gateway.query.outside_records import OutsideRecordService
from gateway.query.read_history import ReadHistoryService
from gateway.query.reader_context import ReaderContext
from gateway.query.records import RecordService
from gateway.query.references import ReferenceService
from gateway.query.search import SearchService
from gateway.services import Services


class Queries:
    """The read services of one gateway; shared between threads."""

    def __init__(self, services: Services) -> None:
        self.context = ReaderContext(services)
        self.consignments = ConsignmentService(self.context)
        self.lanes = LaneService(self.context)
        self.outside_records = OutsideRecordService(self.context)
        self.records = RecordService(self.context)
        self.erasures = ErasureService(self.context, self.records)
        self.numbers = NumberService(self.context)
        self.references = ReferenceService(self.context)
        self.documents = DocumentService(self.context)
        self.search = SearchService(self.context)
        self.find = FindService(self.context)
        self.findings = FindingQueueService(self.context)
        self.changes = ChangeFeedService(self.context)
        self.read_history = ReadHistoryService(self.context)

    def reader(self, authorization: str | None) -> Reader:
        """Who asks; raises GatewayRefusal (401) where the header proves nobody, UnagreedPolicy."""
        return self.context.reader(authorization)
