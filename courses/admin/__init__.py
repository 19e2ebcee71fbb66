"""The course floor in the admin; importing the modules registers them."""

from courses.admin import bookings, people, records, rule_checks

__all__ = ["bookings", "people", "records", "rule_checks"]
