"""The certificate sheet as it is: a workbook (XLSX) whose first sheet is our template."""

from __future__ import annotations

from adapters.formats.certificate_sheet import tables
from adapters.formats.certificate_sheet.reader import read_rows
from adapters.parsing.template_workbook import TemplateWorkbookReader

READERS = (TemplateWorkbookReader(tables.MARK, read_rows),)
