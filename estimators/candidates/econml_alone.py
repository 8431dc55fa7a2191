"""Keeps EconML from importing DoWhy.

EconML imports DoWhy wherever it is installed, for a wrapper that nothing here calls, and DoWhy takes seconds: every
start of the analyst's command would pay for a step that only protocols with a causal graph take. Imported before
EconML, this lets EconML find no DoWhy; whoever asks for DoWhy itself gets it afterwards.
"""

from __future__ import annotations

import sys

if not {"dowhy", "econml.dowhy"} & sys.modules.keys():
    sys.modules["dowhy"] = None  # type: ignore[assignment]  # to the import system: there is no such module
    try:
        import econml.dowhy  # noqa: F401
    finally:
        del sys.modules["dowhy"]
