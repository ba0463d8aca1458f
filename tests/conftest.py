"""What every test shares."""

import signal

from hypothesis import settings

# How long one example takes says more about the machine than about the code.
settings.register_profile("osconf", deadline=None)
settings.load_profile("osconf")

# A shell starts background jobs with Ctrl-C ignored, and the programs under test would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
