"""Flightplan's generator: reads the specs, checks them, proves them, and writes C tables."""
