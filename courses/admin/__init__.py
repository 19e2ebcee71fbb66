"""The course floor in the admin; importing the modules registers them."""

from courses.admin import records

__all__ = ["records"]
