"""Customs duty payment certificates (海关专用缴款书)."""

from adapters.formats import Form, ReaderModule

MODULES = (ReaderModule("adapters.formats.duty_payment.reader", Form.JSON),)
