"""HL7 version 2 result messages (ORU) to typed claims. Knows nothing of patients or analytes.

A file may begin with a byte order mark, end its lines with CR, LF or both, hold several messages,
batch segments and MLLP framing. Refused: what is not ORU, has no readable MSH and PID, or holds
an OBX whose value cannot be read. Passed over: what is no result.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import BinaryIO, Final

import hl7

from labs.intake.claims import Claimed, Problem, ReadError, ResultClaim
from labs.intake.hl7_results import no_result, read_result, result_identity
from labs.intake.hl7_segments import Delimiters, Segment, file_lines, segment_of
from labs.intake.moments import Moment, hl7_moment, with_offset

_FRAMES: Final = ("FHS", "BHS", "BTS", "FTS")
_SEGMENT_NAME: Final = re.compile(r"[A-Z][A-Z0-9]{2}")
# MSH-18; the separator after the name counts as MSH-1.
_CHARSET_AT: Final = 17
_LONGEST_FIELD: Final = 4_000
_LARGEST_MESSAGE: Final = 5_000_000
_UTF8: Final = frozenset({"", "UNICODE UTF-8", "UTF-8", "UTF8", "ASCII"})
_LATIN1: Final = frozenset({"8859/1", "ISO-8859-1", "ISO8859-1", "LATIN1"})


@dataclass(frozen=True, slots=True)
class OrderClaim:
    """One OBR with its results. `collected` is None where nothing in it says when."""

    place: str
    identifier: str
    collected: Moment | None
    is_cancelled: bool
    results: tuple[ResultClaim, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it was read. With a refusal among `problems` none of it may be stored."""

    number: int
    laboratory: str
    claimed: Claimed
    orders: tuple[OrderClaim, ...]
    problems: tuple[Problem, ...]
    result_count: int

    @property
    def is_refused(self) -> bool:
        return any(problem.is_refusal for problem in self.problems)


def messages(stream: BinaryIO) -> Iterator[Message | Problem]:
    """Every message of a file in order, one in memory at a time; a Problem where one is not read.

    Raises ReadError `not_hl7` where the file does not begin with a message.
    """
    for number, lines in enumerate(_split(stream), 1):
        try:
            yield _read(number, lines)
        except ReadError as error:
            yield Problem.of(error, place=f"message {number}")


def _split(stream: BinaryIO) -> Iterator[list[bytes]]:
    """The lines of each message."""
    held: list[bytes] = []
    for line in file_lines(stream):
        if line[:3].decode("latin-1") in _FRAMES:
            continue
        if line.startswith(b"MSH"):
            if held:
                yield held
            held = []
        elif not held:
            raise ReadError(
                "not_hl7", "This is no HL7 file: it does not begin with MSH.", place="line 1"
            )
        held.append(line)
    if held:
        yield held


def _read(number: int, lines: list[bytes]) -> Message:
    if sum(map(len, lines)) > _LARGEST_MESSAGE:
        size = _LARGEST_MESSAGE // 1_000_000
        raise ReadError("message_too_large", f"The message is larger than {size} MB.")
    delimiters = Delimiters.of(lines[0])
    segments = _segments(_decoded(lines), delimiters)
    header = segments[0]
    if header.component(9, 1).upper() != "ORU":
        raise ReadError("not_a_result_message", "Only ORU messages hold results.", field="MSH-9")
    people = [segment for segment in segments if segment.name == "PID"]
    if not people:
        raise ReadError("pid_missing", "The message names no patient.", field="PID")
    if len(people) > 1:
        raise ReadError("several_patients", "The message names several patients.", field="PID")
    orders, problems = _Reader(number, header).orders(segments)
    return Message(
        number=number,
        laboratory=header.component(4, 1) or header.component(3, 1),
        claimed=_claimed(people[0]),
        orders=orders,
        problems=problems,
        result_count=sum(segment.name == "OBX" for segment in segments),
    )


def _decoded(lines: list[bytes]) -> str:
    """The message as text, in the character set that its MSH-18 names."""
    separator = lines[0][3:4]
    fields = lines[0].split(separator)
    declared = b"".join(fields[_CHARSET_AT : _CHARSET_AT + 1]).decode("latin-1")
    charset = declared.split("~")[0].strip().upper()
    raw = b"\r".join(lines)
    if b"\0" in raw:
        raise ReadError("nul_bytes", "The message holds zero bytes. Is it text?")
    try:
        if charset in _UTF8:
            return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise ReadError(
            "not_utf8", "The message is not UTF-8 and names no other character set.", field="MSH-18"
        ) from None
    if charset in _LATIN1:
        return raw.decode("latin-1")
    raise ReadError("charset_unknown", "This character set is not read here.", field="MSH-18")


def _segments(text: str, delimiters: Delimiters) -> list[Segment]:
    header, *rest = text.split("\r")
    segments = [_parsed(header, header, delimiters)]
    # One at a time: the library makes an object of every part of every part.
    segments += [_parsed(header, line, delimiters) for line in rest]
    for at, segment in enumerate(segments, 1):
        if not _SEGMENT_NAME.fullmatch(segment.name):
            raise ReadError(
                "segment_unknown", f"Line {at} of the message is no segment.", field="MSH"
            )
    return segments


def _parsed(header: str, line: str, delimiters: Delimiters) -> Segment:
    # Nothing that long is read, and the library takes minutes over it.
    fields = line.split(delimiters.field)
    short = delimiters.field.join(field[:_LONGEST_FIELD] for field in fields)
    try:
        message = hl7.parse(f"{header}\r{short}\r" if line is not header else f"{header}\r")
    except (hl7.HL7Exception, ValueError, IndexError, KeyError, AssertionError):
        raise ReadError("not_hl7", "The message cannot be taken apart.", field="MSH") from None
    return segment_of(message[-1], delimiters)


def _claimed(person: Segment) -> Claimed:
    numbers = [person.component(3, 1, repetition) for repetition in range(person.repetitions(3))]
    # PID-2 held the number until version 2.3.
    found = tuple(dict.fromkeys(n for n in (*numbers, person.component(2, 1)) if n))
    if not found:
        raise ReadError("record_number_missing", "The record number is missing.", field="PID-3")
    return Claimed(found, _birth_date(person), person.component(5, 1).strip())


def _birth_date(person: Segment) -> date | None:
    text = person.component(7, 1).strip()
    if not text:
        return None
    moment = hl7_moment(text[:8])
    if moment is None:
        raise ReadError("date_unreadable", "The date of birth cannot be read.", field="PID-7")
    return moment.day


def _dated(order: OrderClaim) -> OrderClaim:
    """The order and its specimen say when it was collected; else its first result does."""
    observed = (result.observed for result in order.results if result.observed)
    return replace(order, collected=order.collected or next(observed, None))


class _Reader:
    """Walks the segments of one message and keeps what it has met so far."""

    def __init__(self, number: int, header: Segment) -> None:
        self._where = f"message {number}"
        sent = hl7_moment(header.component(7, 1))
        self._offset: timedelta | None = sent.offset if sent else None
        self._control = header.component(10, 1)
        self._orders: list[OrderClaim] = []
        self._problems: list[Problem] = []
        self._status = ""
        self._met = 0

    def orders(self, segments: list[Segment]) -> tuple[tuple[OrderClaim, ...], tuple[Problem, ...]]:
        """Every order with results, and every OBX that is refused or passed over."""
        for segment in segments:
            if segment.name == "OBR":
                self._order(segment)
            elif segment.name == "SPM" and self._orders:
                self._specimen(segment)
            elif segment.name == "OBX":
                self._met += 1
                self._result(segment)
        told = (order for order in self._orders if order.results or order.is_cancelled)
        return tuple(_dated(order) for order in told), tuple(self._problems)

    def _order(self, segment: Segment) -> None:
        place = f"{self._where}, OBR[{len(self._orders) + 1}]"
        identifier = segment.component(3, 1) or segment.component(2, 1)
        self._status = segment.component(25, 1).upper()
        self._orders.append(
            OrderClaim(
                place=place,
                identifier=identifier or f"{self._control}/{len(self._orders) + 1}",
                collected=self._moment(segment, 7, place, "OBR-7"),
                is_cancelled=self._status == "X",
                results=(),
            )
        )

    def _specimen(self, segment: Segment) -> None:
        """Start of collection, where the order itself gave none."""
        order = self._orders[-1]
        if order.collected is None:
            found = self._moment(segment, 17, order.place, "SPM-17")
            self._orders[-1] = replace(order, collected=found)

    def _result(self, segment: Segment) -> None:
        place = f"{self._where}, OBX[{self._met}]"
        passed = no_result(segment, self._status)
        if passed is not None:
            self._problems.append(replace(passed, place=place))
            return
        try:
            self._keep(segment, place)
        except ReadError as error:
            self._problems.append(Problem.of(error, place=place))

    def _keep(self, segment: Segment, place: str) -> None:
        if not self._orders:
            raise ReadError("obx_before_obr", "The result belongs to no order.", field="OBR")
        order = self._orders[-1]
        observed = self._moment(segment, 14, place, "OBX-14")
        claim = replace(read_result(segment, self._status), place=place, observed=observed)
        claim = result_identity(claim, segment, order.results)
        self._orders[-1] = replace(order, results=(*order.results, claim))

    def _moment(self, segment: Segment, field: int, place: str, name: str) -> Moment | None:
        text = segment.component(field, 1).strip()
        if not text or text == '""':
            return None
        moment = hl7_moment(text)
        if moment is None:
            message = "This is no date, or not to the day."
            self._problems.append(Problem(place, name, "date_unreadable", message))
            return None
        return with_offset(moment, self._offset)
