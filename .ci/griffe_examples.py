"""A Griffe extension for the reference: show the bare doctests of docstrings as code.

Google style puts examples under a heading; ours stand by themselves at the end. Markdown would read `>>>` as a
quotation and `[…](…)` in it as a link.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

EXAMPLE = re.compile(r"^(?P<indent>[ ]*)>>> .*?(?=\n[ ]*\n|\Z)", re.MULTILINE | re.DOTALL)


class FenceExamples(griffe.Extension):
    """Puts a fence around each doctest."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:  # noqa: ANN401
        """Rewrite the docstring of what was loaded."""
        if obj.docstring:
            obj.docstring.value = EXAMPLE.sub(r"\g<indent>```pycon\n\g<0>\n\g<indent>```", obj.docstring.value)
