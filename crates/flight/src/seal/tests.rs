use super::{Purpose, SigningKey};

#[test]
fn what_was_sealed_opens_for_its_purpose_only() {
    let key = SigningKey::generate();
    let sealed = key.seal(Purpose::Ticket, b"payload");
    assert_eq!(key.open(Purpose::Ticket, &sealed), Some(&b"payload"[..]));
    assert_eq!(key.open(Purpose::Handle, &sealed), None);
    assert_eq!(SigningKey::generate().open(Purpose::Ticket, &sealed), None);
}

#[test]
fn a_change_of_any_bit_is_seen() {
    let key = SigningKey::generate();
    let sealed = key.seal(Purpose::Token, b"name");
    for bit in 0..sealed.len() * 8 {
        let mut forged = sealed.clone();
        forged[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(key.open(Purpose::Token, &forged), None, "bit {bit}");
    }
    for length in 0..sealed.len() {
        assert_eq!(key.open(Purpose::Token, &sealed[..length]), None, "{length} bytes");
    }
}

#[test]
fn a_kept_key_opens_what_it_sealed_and_never_shows() {
    let key = SigningKey::generate();
    let kept = SigningKey::from_bytes(key.as_bytes()).expect("32 bytes");
    assert_eq!(kept.open(Purpose::Token, &key.seal(Purpose::Token, b"x")), Some(&b"x"[..]));
    assert_eq!(format!("{key:?}"), "SigningKey(secret)");
    assert!(SigningKey::from_bytes(b"short").is_err());
}
