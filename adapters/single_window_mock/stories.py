"""The stories that the stand-in can tell, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from adapters.single_window_mock.air import air_import
from adapters.single_window_mock.air_variants import air_inspected, air_rejected
from adapters.single_window_mock.export import export_rebate
from adapters.single_window_mock.parcel import parcel
from adapters.single_window_mock.parcel_variants import parcel_amended, parcel_returned
from adapters.single_window_mock.roles import Cast
from adapters.single_window_mock.script import Story, StoryMessage
from adapters.single_window_mock.sea import sea_import

__all__ = ["STORIES", "Story", "StoryMessage", "Teller"]

Teller = Callable[[Cast, int, datetime], Story]
"""Cast, seed and the story's first moment -> the story; the same arguments give the same bytes."""

STORIES: Mapping[str, Teller] = {
    "parcel": parcel,
    "air_import": air_import,
    "sea_import": sea_import,
    "export_rebate": export_rebate,
    "parcel_returned": parcel_returned,
    "parcel_amended": parcel_amended,
    "air_rejected": air_rejected,
    "air_inspected": air_inspected,
}
