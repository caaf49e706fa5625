use super::{epoch_seconds_ms, is_email_address, parse_long, time_ms};

#[test]
fn every_usual_spelling_of_an_instant_is_read() {
    for (text, expected) in [
        ("1970-01-01T00:00:00Z", Some(0)),
        ("2026-03-01T12:00:00Z", Some(1_772_366_400_000)),
        ("2026-03-01T12:00:00.1Z", Some(1_772_366_400_100)),
        ("2026-03-01T12:00:00.123456789Z", Some(1_772_366_400_123)),
        ("2026-03-01T13:00:00+01:00", Some(1_772_366_400_000)),
        ("2026-03-01T13:00:00+0100", Some(1_772_366_400_000)),
        ("2026-03-01 12:00:00", Some(1_772_366_400_000)),
        ("2026-03-01 12:00:00.5", Some(1_772_366_400_500)),
        ("2024-02-29T00:00:00Z", Some(1_709_164_800_000)),
        ("2023-02-29T00:00:00Z", None),
        ("2026-13-01T00:00:00Z", None),
        ("1969-12-31T23:59:59Z", Some(-1000)),
        ("2099-12-31T23:59:59.999Z", Some(4_102_444_799_999)),
        ("yesterday", None),
        ("", None),
        ("Z", None),
    ] {
        assert_eq!(time_ms(text), expected, "{text}");
    }
}

#[test]
fn the_fast_reader_agrees_with_chrono_on_every_day_of_four_centuries() {
    for days in (-60_000..90_000).step_by(13) {
        let time = chrono::DateTime::from_timestamp(days * 86_400 + 12_345, 678_000_000).expect("within chrono's range");
        assert_eq!(time_ms(&time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()), Some(time.timestamp_millis()));
    }
}

#[test]
fn seconds_with_decimals_become_milliseconds() {
    assert_eq!(epoch_seconds_ms("1591367999.305988"), Some(1_591_367_999_305));
    assert_eq!(epoch_seconds_ms("0"), Some(0));
    assert_eq!(epoch_seconds_ms("1.5e3"), None);
}

#[test]
fn numbers_are_read_in_decimal_and_hexadecimal() {
    assert_eq!(parse_long("0x1f4"), Some(500));
    assert_eq!(parse_long(" 42 "), Some(42));
    assert_eq!(parse_long("4.2"), None);
}

#[test]
fn an_email_address_has_one_at_and_a_domain_with_a_dot() {
    for (text, expected) in [
        ("mara@corp.example", true),
        ("a+b@x-y.co.uk", true),
        ("mara@@corp.example", false),
        ("mara@localhost", false),
        ("@corp.example", false),
        ("mara", false),
    ] {
        assert_eq!(is_email_address(text), expected, "{text}");
    }
}
