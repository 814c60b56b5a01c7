"""What a back-test shows a person: `report.json`, the terminal summary and `report.html`."""

from arbcore.report.html import render_html
from arbcore.report.schema import Report, from_json, to_json
from arbcore.report.terminal import print_report

__all__ = ["Report", "from_json", "print_report", "render_html", "to_json"]
