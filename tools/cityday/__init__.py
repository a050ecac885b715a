"""A whole city with a day behind it, without its devices: for looking at pages at city size.

    python -m tools.cityday DATA [--scale city|district] [--port 8080]

The sample city is imported, a day of faults goes through the rooms on a clock moved by hand (what the fleet
tells, what the ledger concludes and what is usable is their work, nothing is drawn), and the platform serves
what came of it. No device is listened for, so nothing changes afterwards.
"""
