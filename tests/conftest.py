"""What every test shares."""

from hypothesis import settings

# How long one example takes says more about the machine than about the code.
settings.register_profile("osconf", deadline=None)
settings.load_profile("osconf")
