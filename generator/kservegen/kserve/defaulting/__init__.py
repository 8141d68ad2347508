"""What an object is once the API server and KServe's mutating webhooks have had it: a written object in, that one out.

Rules, policies and verdicts speak of the defaulted object; what they find goes back to the words that the author wrote.
"""

from __future__ import annotations

from kservegen.kserve.defaulting.apply import default
from kservegen.kserve.defaulting.model import Defaulted, Installation

__all__ = ["Defaulted", "Installation", "default"]
