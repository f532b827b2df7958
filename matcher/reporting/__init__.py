"""Results and scenarios for people: text for a terminal, a paper for a meeting, draft agreements.

`facts` and `overview` say what there is, `words` holds every sentence, the other modules lay out.
"""

from matcher.reporting.cautions import Caution, unit_slips
from matcher.reporting.markdown import partnerships_markdown, summary_markdown
from matcher.reporting.overview import Overview, overview_document, overview_of, overview_text
from matcher.reporting.terminal import sheets_text, summary_text

__all__ = [
    "Caution",
    "Overview",
    "overview_document",
    "overview_of",
    "overview_text",
    "partnerships_markdown",
    "sheets_text",
    "summary_markdown",
    "summary_text",
    "unit_slips",
]
