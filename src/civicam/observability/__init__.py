"""Logs and metrics: what the house says about itself while it runs."""
