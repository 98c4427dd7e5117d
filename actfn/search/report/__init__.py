"""The report of a search: one HTML page, and a few lines of text."""

from actfn.search.report.page import write
from actfn.search.report.summary import text, versions

__all__ = ["text", "versions", "write"]
