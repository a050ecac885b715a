"""`civicam demo`: a server and a simulated district on one command, with or without a browser."""
