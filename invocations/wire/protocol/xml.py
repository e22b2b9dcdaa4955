"""Text for XML documents."""

from __future__ import annotations

import re
from xml.sax import saxutils

# What XML 1.0 cannot hold in any spelling.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def escape(text: str) -> str:
    return saxutils.escape(_FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text))
