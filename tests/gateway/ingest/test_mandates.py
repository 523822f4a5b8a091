"""Intake says at once whether who declares for a company has its mandate."""
