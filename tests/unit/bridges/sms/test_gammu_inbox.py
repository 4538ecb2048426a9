"""The parts of a long SMS, as gammu-smsd keeps them."""

from datetime import UTC, datetime

from bridges.sms.gammu_inbox import gather, message_of, part_of

AT = datetime(2026, 11, 21, 8, 0)  # noqa: DTZ001 # as their column has it
HOUR = 3600.0


def row(id: int, text: str, header: str = "", age: float = 1.0, sender: str = "+33639980001"):
    return part_of(
        {"id": id, "sender": sender, "text": text, "header": header, "at": AT, "age": age}
    )


def texts(*parts):
    return [message_of(heap, "FR").text for heap in gather(parts, HOUR)]


def test_a_single_sms_is_a_message():
    [heap] = gather([row(1, "Vol")], HOUR)
    message = message_of(heap, "FR")
    assert (message.text, message.sender) == ("Vol", "+33639980001")
    assert message.sent_at == datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def test_parts_are_joined_in_their_order_whatever_the_order_of_rows():
    assert texts(row(1, "trois", "0500032A0303"), row(2, "un ", "0500032A0301")) == []
    assert texts(
        row(1, "trois", "0500032A0303"),
        row(2, "un ", "0500032A0301"),
        row(3, "deux ", "0500032A0302"),
    ) == ["un deux trois"]


def test_references_of_two_bytes_and_part_twice():
    assert texts(
        row(1, "un ", "060804012A0201"),
        row(2, "un ", "060804012A0201"),
        row(3, "deux", "060804012A0202"),
    ) == ["un deux"]


def test_two_people_with_the_same_reference_stay_apart():
    other = "+33639980002"
    assert (
        texts(
            row(1, "un", "050003010201"),
            row(2, "deux", "050003010202", sender=other),
        )
        == []
    )


def test_what_never_becomes_complete_is_read_with_a_hole_after_a_while():
    parts = (row(1, "début", "050003070301", HOUR + 1), row(2, "fin", "050003070303", HOUR + 1))
    assert texts(*parts) == ["début […] fin"]


def test_another_header_than_of_parts_is_an_sms_of_its_own():
    assert texts(row(1, "vol", "0605040B8423F0"), row(2, "vol", "0500")) == ["vol", "vol"]


def test_the_same_rows_have_the_same_key_and_others_another():
    def key(id: int, text: str) -> str:
        [heap] = gather([row(id, text)], HOUR)
        return message_of(heap, "FR").key

    assert key(1, "Vol") == key(1, "Vol")
    assert len({key(1, "Vol"), key(2, "Vol"), key(1, "Viol")}) == 3
