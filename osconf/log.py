"""Where libraries say what they do: the `osconf` logger. `cli` decides what of it is shown."""

from __future__ import annotations

import logging

logger = logging.getLogger("osconf")
