"""civicam: a platform for running a city's public camera network.

It runs infrastructure and answers for it. It never identifies or follows people.
"""

__version__ = "0.1.0"
