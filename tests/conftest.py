"""Random tests draw the same examples every time, so that a failure is one of the change at hand; with PDM_LONG they draw new ones."""

import os

import hypothesis

hypothesis.settings.register_profile("same", derandomize=True, database=None)
if not os.environ.get("PDM_LONG"):
    hypothesis.settings.load_profile("same")
