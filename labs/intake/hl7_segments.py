"""Lines, segments and escapes of HL7 version 2."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

import hl7

from labs.intake.claims import ReadError

_BOM: Final = b"\xef\xbb\xbf"
# MLLP puts these around a message on the wire; some systems leave them in the file.
_FRAMING: Final = b"\x0b\x1c"
_END: Final = re.compile(rb"[\r\n]+")
_BLOCK: Final = 1 << 20
# Version 2.7 added a fifth, for truncation.
_DECLARED: Final = (4, 5)


@dataclass(frozen=True, slots=True)
class Delimiters:
    """The characters that MSH declares for itself."""

    field: str
    component: str
    repetition: str
    escape: str
    part: str

    @staticmethod
    def of(header: bytes) -> Delimiters:
        """From the bytes of MSH. Raises ReadError `delimiters_unreadable`."""
        text = header[:9].decode("latin-1")
        field = text[3:4]
        declared = text[4:].split(field)[0] if field else ""
        signs = field + declared
        is_broken = len(declared) not in _DECLARED or len(set(signs)) != len(signs)
        if is_broken or any(sign.isalnum() or sign.isspace() for sign in signs):
            raise ReadError(
                "delimiters_unreadable", "The separators of MSH cannot be read.", field="MSH-2"
            )
        return Delimiters(field, declared[0], declared[1], declared[2], declared[3])


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment. Field, component and repetition that are not there read as empty text."""

    name: str
    fields: tuple[str, ...]
    delimiters: Delimiters

    def raw(self, field: int) -> str:
        """The text of a field as it was sent, escapes included."""
        return self.fields[field] if field < len(self.fields) else ""

    def repetitions(self, field: int) -> int:
        return len(self.raw(field).split(self.delimiters.repetition))

    def component(self, field: int, number: int, repetition: int = 0) -> str:
        """One component without escapes; of a divided one, its first part."""
        repeated = self.raw(field).split(self.delimiters.repetition)
        if repetition >= len(repeated):
            return ""
        components = repeated[repetition].split(self.delimiters.component)
        if number > len(components):
            return ""
        return self.plain(components[number - 1].split(self.delimiters.part)[0])

    def plain(self, text: str) -> str:
        """Text with its escapes resolved; an escape that nobody knows vanishes.

        The library's own one writes what it cannot resolve into the log, where no patient belongs.
        """
        sign = self.delimiters.escape
        if sign not in text:
            return text
        pattern = re.compile(f"{re.escape(sign)}([^{re.escape(sign)}]*){re.escape(sign)}")
        return pattern.sub(lambda found: self._unescaped(found[1]), text)

    def _unescaped(self, code: str) -> str:
        known = {
            "F": self.delimiters.field,
            "S": self.delimiters.component,
            "R": self.delimiters.repetition,
            "E": self.delimiters.escape,
            "T": self.delimiters.part,
            ".br": " ",
        }
        if re.fullmatch("X(?:[0-9A-Fa-f]{2})+", code):
            decoded = bytes.fromhex(code[1:]).decode("latin-1")
            return "".join(sign for sign in decoded if sign.isprintable())
        return known.get(code, "")


def segment_of(parsed: hl7.Segment, delimiters: Delimiters) -> Segment:
    """A parsed segment as plain text by field; index 0 is its name."""
    return Segment(str(parsed[0]), tuple(str(field) for field in parsed), delimiters)


def file_lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines of a file, whatever ends them, without mark, framing and empty ones."""
    held = stream.read(_BLOCK).removeprefix(_BOM)
    while block := stream.read(_BLOCK):
        *lines, held = _END.split(held + block)
        yield from _said(lines)
    yield from _said(_END.split(held))


def _said(lines: Iterable[bytes]) -> Iterator[bytes]:
    stripped = (line.strip(_FRAMING) for line in lines)
    return (line for line in stripped if line.strip())
