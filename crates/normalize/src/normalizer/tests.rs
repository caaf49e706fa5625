use super::{Normalizer, Options};
use crate::{Reason, Source};

const RECORD: &str = r#"{"eventTime":"2026-03-01T12:00:00Z","eventName":"ListUsers","eventSource":"iam.amazonaws.com"}"#;

#[test]
fn every_record_is_one_event_or_one_reject_however_the_input_is_cut() {
    let input = format!("{RECORD}\nnot json\n{{\"a\":1}}\n{RECORD}\n{{\"cut\":");
    for piece in [1, 13, 64, 10_000] {
        let mut normalizer = Normalizer::new(Source::AwsCloudtrail, Options::default());
        let mut batches: Vec<_> = input.as_bytes().chunks(piece).map(|bytes| normalizer.push(bytes)).collect();
        batches.push(normalizer.finish());
        let offsets: Vec<u64> = batches.iter().flat_map(|batch| &batch.events).map(|(place, _)| place.offset).collect();
        let rejects: Vec<_> = batches.iter().flat_map(|batch| &batch.rejects).collect();
        assert_eq!(offsets, [0, RECORD.len() as u64 + 18], "in pieces of {piece}");
        assert_eq!(rejects.len(), 3);
        assert!(matches!(rejects[0].reason, Reason::NotJson { .. }));
        assert_eq!(rejects[2].reason, Reason::CutOff);
    }
}

#[test]
fn a_record_of_200_mb_is_one_reject_and_memory_stays_small() {
    let mut normalizer = Normalizer::new(Source::AwsCloudtrail, Options::default());
    let piece = vec![b'x'; 1 << 20];
    let mut rejects = normalizer.push(b"{\"a\":\"").rejects;
    for _ in 0..200 {
        rejects.extend(normalizer.push(&piece).rejects);
        assert!(normalizer.buffer.len() <= 18 << 20);
    }
    let mut events = normalizer.push(format!("\"}}\n{RECORD}\n").as_bytes()).events;
    events.extend(normalizer.finish().events);
    assert_eq!(rejects.len(), 1);
    assert_eq!(rejects[0].reason, Reason::TooLong { limit: 16 << 20 });
    assert!(rejects[0].raw.len() == 64 << 10 && rejects[0].raw_bytes > 16 << 20, "{}", rejects[0].raw_bytes);
    assert_eq!(events.len(), 1);
}

/// What kind of table it is does not depend on how much of it came at once.
#[test]
fn the_format_is_told_by_the_same_bytes_however_the_input_is_cut() {
    let wide = format!("Computer{}\n{{\"EventID\":1}}\na,b\n", "x".repeat(100));
    let count = |input: &str, piece: usize| {
        let mut normalizer = Normalizer::new(Source::WindowsEvent, Options::default());
        let pushed: u64 = input.as_bytes().chunks(piece).map(|bytes| normalizer.push(bytes).records()).sum();
        pushed + normalizer.finish().records()
    };
    for piece in [1, 64, 100] {
        assert_eq!(count(&wide, piece), count(&wide, 10_000), "in pieces of {piece}");
    }
}
