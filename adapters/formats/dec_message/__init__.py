"""China's customs declaration (`DecMessage`, 报关单), editions 3.1 to 5.0."""

from adapters.formats import Form, ReaderModule

MODULES = (ReaderModule("adapters.formats.dec_message.reader", Form.XML, frozenset({"DecMessage", "ImportMessage"})),)
