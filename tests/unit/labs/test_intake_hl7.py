"""HL7 messages to claims: other systems' habits, and every fault at its segment."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, time, timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labs.intake.claims import Claimed, Problem, ReadError
from labs.intake.hl7_messages import Message, messages
from labs.intake.moments import Moment

MSH = r"MSH|^~\&|APP|North Lab|DB|CLINIC|202611230900||ORU^R01|C1|P|2.5.1"
PID = "PID|1||R1^^^CLINIC^MR||Okafor^Ngozi||19850412|F"
OBR = "OBR|1|P1|F1|24325-3^Liver panel^LN|||202611200930"
ALT = "OBX|1|NM|1742-6^ALT^LN||27|U/L|6-34|N|||F|||202611200930"


def read(*segments: str, end: str = "\r", mark: bytes = b"") -> list[Message | Problem]:
    return list(messages(BytesIO(mark + end.join(segments).encode())))


def message(*segments: str) -> Message:
    [found] = read(*segments)
    assert isinstance(found, Message)
    return found


def refused(*segments: str) -> tuple[str, str, str]:
    """Place, field and code of the one refusal."""
    [found] = read(*segments)
    if isinstance(found, Problem):
        return found.place, found.field, found.code
    [problem] = [problem for problem in found.problems if problem.is_refusal]
    return problem.place, problem.field, problem.code


def test_a_message() -> None:
    found = message(MSH, PID, OBR, ALT)
    assert found.laboratory == "North Lab"
    assert found.claimed == Claimed(("R1",), date(1985, 4, 12), "Okafor")
    assert found.result_count == 1
    assert found.problems == ()
    [order] = found.orders
    assert order.identifier == "F1"
    assert order.collected == Moment(date(2026, 11, 20), time(9, 30))
    [result] = order.results
    assert (result.place, result.code) == ("message 1, OBX[1]", "1742-6")
    assert result.code_system == "http://loinc.org"
    assert (result.value, result.unit, result.upper_limit) == (Decimal(27), "U/L", Decimal(34))
    assert result.status == "final"


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\r\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", b"\x0b"])
def test_ends_and_marks_do_not_matter(end: str, mark: bytes) -> None:
    [found] = read(MSH, PID, OBR, ALT, "", end=end, mark=mark)
    assert isinstance(found, Message)
    assert found.result_count == 1


def test_several_messages_and_batch_segments() -> None:
    found = read(r"FHS|^~\&", r"BHS|^~\&", MSH, PID, OBR, ALT, MSH, PID, OBR, ALT, "BTS|2", "FTS|1")
    assert [one.number for one in found if isinstance(one, Message)] == [1, 2]


def test_other_delimiters_and_escapes() -> None:
    segments = (MSH, PID.replace("Okafor", r"O\T\X\X41\\E\f"), OBR, ALT)
    swapped = [s.translate(str.maketrans("|^~&", "!@%$")) for s in segments]
    assert message(*swapped).claimed.family_name == r"O$XA\f"
    assert message(*segments).claimed.family_name == r"O&XA\f"


def test_msh_within_a_name_begins_no_message() -> None:
    assert message(MSH, PID.replace("Okafor", "MSHOkafor"), OBR, ALT).result_count == 1


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ("NM|2324-2^GGT^LN||abc|U/L|6-34||||F", "OBX-5", "not_a_number"),
        ("NM|2324-2^GGT^LN||27~25|U/L|6-34||||F", "OBX-5", "several_values"),
        ("NM|2324-2^GGT^LN|||U/L|6-34||||F", "OBX-5", "value_missing"),
        ("SN|2324-2^GGT^LN||^1^:^128|U/L|6-34||||F", "OBX-5", "not_a_number"),
        ("NM|2324-2^GGT^LN||27|U/L|6-34||||Q", "OBX-11", "status_unknown"),
        ("NM|2324-2^GGT^LN||27|U/L|6-34||||", "OBX-11", "status_unknown"),
        ("NM|||27|U/L|6-34||||F", "OBX-3", "code_missing"),
        ("NM|2324-2^GGT^LN||27|U/L|6-34||||F|||20261320", "OBX-14", "date_unreadable"),
    ],
)
def test_faults_of_a_result_name_segment_and_field(fields: str, field: str, code: str) -> None:
    other = ALT.replace("1742-6", "1920-8")
    place = refused(MSH, PID, OBR, ALT, other, f"OBX|3|{fields}")
    assert place == ("message 1, OBX[3]", field, code)


@pytest.mark.parametrize(
    ("segments", "field", "code"),
    [
        ((MSH, OBR, ALT), "PID", "pid_missing"),
        ((MSH, PID, PID, OBR, ALT), "PID", "several_patients"),
        ((MSH, "PID|1", OBR, ALT), "PID-3", "record_number_missing"),
        ((MSH, PID.replace("19850412", "1985"), OBR, ALT), "PID-7", "date_unreadable"),
        ((MSH.replace("ORU^R01", "ADT^A01"), PID), "MSH-9", "not_a_result_message"),
        (("MSH|abcd|", PID, OBR, ALT), "MSH-2", "delimiters_unreadable"),
        (("MSH", PID, OBR, ALT), "MSH-2", "delimiters_unreadable"),
        ((MSH + "||||||KLINGON", PID, OBR, ALT), "MSH-18", "charset_unknown"),
        ((MSH, PID, "some text", OBR, ALT), "MSH", "segment_unknown"),
        ((MSH, PID + "\0", OBR, ALT), "", "nul_bytes"),
    ],
)
def test_faults_of_a_message(segments: tuple[str, ...], field: str, code: str) -> None:
    assert refused(*segments) == ("message 1", field, code)


def test_a_long_enclosure_is_quick_and_a_huge_message_refused() -> None:
    enclosed = "OBX|1|ED|PDF||" + "a^b~" * 1_000_000
    assert [p.code for p in message(MSH, PID, OBR, enclosed, ALT).problems] == ["no_value_type"]
    assert refused(MSH, PID, OBR, enclosed, enclosed, ALT) == (
        "message 1",
        "",
        "message_too_large",
    )


def test_a_file_that_does_not_begin_with_a_message() -> None:
    with pytest.raises(ReadError) as error:
        read("hello", MSH)
    assert (error.value.code, error.value.place) == ("not_hl7", "line 1")


def test_a_result_before_every_order_is_refused() -> None:
    assert refused(MSH, PID, ALT, OBR) == ("message 1, OBX[1]", "OBR", "obx_before_obr")


@pytest.mark.parametrize(
    ("obx", "field", "code"),
    [
        ("OBX|1|RP|8867-4^rate^LN||url||||||F", "OBX-2", "no_value_type"),
        ("OBX||ED|||App5^NS^Octet-stream^Base64|", "OBX-2", "no_value_type"),
        ("OBX|1|NM|1742-6^ALT^LN||27~25||||||I", "OBX-11", "no_result_yet"),
        ("OBX|1|NM|1742-6^ALT^LN||||||||O", "OBX-11", "no_result_yet"),
        ("OBX|1|TX|1^x^L||" + "a" * 401 + "||||||F", "OBX-5", "text_too_long"),
    ],
)
def test_what_is_no_result_is_passed_over_anywhere(obx: str, field: str, code: str) -> None:
    found = message(MSH, PID, obx, OBR, obx, ALT)
    assert [(p.place, p.field, p.code, p.is_refusal) for p in found.problems] == [
        ("message 1, OBX[1]", field, code, False),
        ("message 1, OBX[2]", field, code, False),
    ]
    assert len(found.orders[0].results) == 1
    assert not found.is_refused


@pytest.mark.parametrize(
    ("kind", "raw", "value", "text"),
    [
        ("SN", "<^5", Decimal(5), ""),
        ("SN", "^27", Decimal(27), ""),
        ("ST", "27", Decimal(27), ""),
        ("ST", "not seen", None, "not seen"),
        ("CWE", "27268008^Salmonella^SCT", None, "Salmonella"),
        ("CWE", "POS", None, "POS"),
        ("TX", "one~two", None, "one; two"),
    ],
)
def test_types_of_values(kind: str, raw: str, value: Decimal | None, text: str) -> None:
    [order] = message(MSH, PID, OBR, f"OBX|1|{kind}|1-8^x^LN||{raw}||||||F").orders
    assert (order.results[0].value, order.results[0].value_text) == (value, text)


@pytest.mark.parametrize(
    ("letter", "status"),
    [("P", "preliminary"), ("R", "preliminary"), ("C", "corrected"), ("W", "entered_in_error")],
)
def test_statuses(letter: str, status: str) -> None:
    [order] = message(MSH, PID, OBR, ALT.replace("|||F|", f"|||{letter}|")).orders
    assert order.results[0].status == status


def test_a_cancelled_result_needs_no_value() -> None:
    [order] = message(MSH, PID, OBR, "OBX|1|NM|1742-6^ALT^LN||||||||X").orders
    assert (order.results[0].status, order.results[0].value) == ("cancelled", None)


def test_an_order_cancelled_without_results() -> None:
    cancelled = OBR + "|" * 18 + "X"
    [order] = message(MSH, PID, cancelled).orders
    assert (order.is_cancelled, order.results) == (True, ())


def test_the_second_code_of_a_result_may_be_the_loinc_one() -> None:
    obx = ALT.replace("1742-6^ALT^LN", "GPT^Own name^L^1742-6^ALT^LN")
    [order] = message(MSH, PID, OBR, obx).orders
    assert (order.results[0].code, order.results[0].display) == ("1742-6", "ALT")


def test_a_laboratorys_own_code_stays_its_own() -> None:
    [order] = message(MSH, PID, OBR, ALT.replace("1742-6^ALT^LN", "ALT^ALT^L")).orders
    assert (order.results[0].code, order.results[0].code_system) == ("ALT", "L")
    [order] = message(MSH, PID, OBR, ALT.replace("1742-6^ALT^LN", "ALT")).orders
    assert order.results[0].code_system == "local"


def test_repeats_of_a_code_are_told_apart_or_refused() -> None:
    first = ALT.replace("^LN||27", "^LN|1|27")
    second = ALT.replace("^LN||27", "^LN|2|30")
    [order] = message(MSH, PID, OBR, first, second).orders
    assert [result.code for result in order.results] == ["1742-6", "1742-6#2"]
    assert refused(MSH, PID, OBR, ALT, ALT) == ("message 1, OBX[2]", "OBX-3", "repeated_code")


def test_when_it_was_collected() -> None:
    bare = "OBR|1|P1|F1|24325-3^Liver panel^LN"
    specimen = "SPM|1|S||BLD|||||||||||||202611200915"
    assert message(MSH, PID, OBR, ALT, specimen).orders[0].collected == Moment(
        date(2026, 11, 20), time(9, 30)
    )
    assert message(MSH, PID, bare, ALT, specimen).orders[0].collected == Moment(
        date(2026, 11, 20), time(9, 15)
    )
    late = ALT.replace("202611200930", "202611201000")
    assert message(MSH, PID, bare, late).orders[0].collected == Moment(date(2026, 11, 20), time(10))
    assert message(MSH, PID, bare, ALT[: ALT.rindex("|||")]).orders[0].collected is None


def test_the_offset_of_the_header_holds_where_a_time_has_none() -> None:
    header = MSH.replace("202611230900", "202611230900+0215")
    collected = message(header, PID, OBR, ALT).orders[0].collected
    assert collected == Moment(date(2026, 11, 20), time(9, 30), timedelta(hours=2, minutes=15))


def test_latin_1_only_where_the_message_says_so() -> None:
    name = PID.replace("Okafor", "Müller")
    declared = MSH + "||||||8859/1"
    raw = "\r".join((declared, name, OBR, ALT)).encode("latin-1")
    [found] = messages(BytesIO(raw))
    assert isinstance(found, Message)
    assert found.claimed.family_name == "Müller"
    [problem] = messages(BytesIO("\r".join((MSH, name, OBR, ALT)).encode("latin-1")))
    assert isinstance(problem, Problem)
    assert (problem.code, problem.field) == ("not_utf8", "MSH-18")


WHOLE = "\r".join((MSH, PID, OBR, ALT)).encode()


@settings(max_examples=300, deadline=None)
@given(
    cuts=st.lists(
        st.tuples(st.integers(0, len(WHOLE)), st.integers(0, 6), st.binary(max_size=6)), max_size=6
    )
)
def test_no_damage_makes_it_fall_over(cuts: list[tuple[int, int, bytes]]) -> None:
    raw = bytearray(WHOLE)
    for place, length, put in cuts:
        raw[place : place + length] = put
    with suppress(ReadError):
        found = list(messages(BytesIO(bytes(raw))))
        assert all(isinstance(one, (Message, Problem)) for one in found)
