"""The course floor in the admin; importing the modules registers them."""

from courses.admin import bookings, people, records

__all__ = ["bookings", "people", "records"]
