"""Figures, tables and the self-contained HTML page."""

from feathermr.report.evaluation_table import evaluation_tables, write_evaluation_table
from feathermr.report.page import write_report
from feathermr.report.table import Row, score_table, to_html, to_markdown, to_rich

__all__ = [
    "Row",
    "evaluation_tables",
    "score_table",
    "to_html",
    "to_markdown",
    "to_rich",
    "write_evaluation_table",
    "write_report",
]
