//! A transaction is whole or nothing, and stays within its memory.

use coldtrail_lake::{Cleaned, Error, SegmentWriter, WriterConfig};
use coldtrail_model::{Col, Table};
use futures::TryStreamExt;

use crate::support::*;

fn small() -> WriterConfig {
    WriterConfig { buffer_bytes_max: 512 << 10, segment_buffer_bytes_max: 128 << 10, ..WriterConfig::default() }
}

#[tokio::test]
async fn the_rows_in_memory_stay_within_their_bound() {
    let lake = open("memory:///");
    let config = small();
    let mut writer = SegmentWriter::new(lake.clone(), config.clone());
    for (mut event, offset) in api_calls(1200, 8).into_iter().zip(0..) {
        event.owned_text(Col::RawData, format!("{offset} ").repeat(200));
        writer.append(SOURCE, &object(), event, offset).unwrap();
        if writer.is_full() {
            writer.roll_full().await.unwrap();
            assert!(!writer.is_full());
            assert!(writer.buffered_bytes() <= config.buffer_bytes_max, "{} bytes are buffered", writer.buffered_bytes());
        }
        // One event, and the buffer that it begins, may be over: that it is too much is known only once it is there.
        assert!(writer.buffered_bytes() <= config.buffer_bytes_max + (16 << 10), "{} bytes are buffered", writer.buffered_bytes());
    }
    let metas = writer.finish().await.unwrap();
    assert_eq!(row_count(&metas, API), 1200);
    assert!(segments_of(&metas, API).len() > 8, "nothing was written before the end");
}

#[tokio::test]
async fn a_segment_is_closed_at_its_size_and_at_its_rows() {
    let lake = open("memory:///");
    let by_rows = write(&lake, WriterConfig { segment_rows_max: 100, ..WriterConfig::default() }, api_calls(450, 1)).await;
    let mut rows: Vec<u64> = segments_of(&by_rows, API).iter().map(|meta| meta.rows).collect();
    rows.sort_unstable();
    assert_eq!(rows, [50, 100, 100, 100, 100]);
    let by_size = write(&lake, WriterConfig { segment_buffer_bytes_max: 50_000, ..WriterConfig::default() }, api_calls(450, 1)).await;
    assert!(segments_of(&by_size, API).len() > 1);
    assert_eq!(row_count(&by_size, API), 450);
}

#[tokio::test]
async fn events_of_many_days_do_not_take_much_memory() {
    let lake = open("memory:///");
    let mut writer = SegmentWriter::new(lake, WriterConfig::default());
    for (event, offset) in api_calls(60, 60).into_iter().zip(0..) {
        writer.append(SOURCE, &object(), event, offset).unwrap();
    }
    assert!(writer.buffered_bytes() < 60 * (16 << 10), "{} bytes for 60 events", writer.buffered_bytes());
    let metas = writer.finish().await.unwrap();
    assert_eq!((segments_of(&metas, API).len(), row_count(&metas, API)), (60, 60));
}

#[tokio::test]
async fn an_event_does_not_wait_longer_than_its_segment_may_be_old() {
    let lake = open("memory:///");
    let mut writer = SegmentWriter::new(lake.clone(), WriterConfig::default());
    let event = || api_call(0, MARCH_1);
    writer.append(SOURCE, &object(), event(), 0).unwrap();
    writer.roll_aged(0).await.unwrap();
    assert!(writer.buffered_bytes() > 0);
    writer.roll_aged(i64::MAX).await.unwrap();
    writer.append(SOURCE, &object(), event(), 1).unwrap();
    let metas = writer.finish().await.unwrap();
    assert_eq!(segments_of(&metas, API).iter().map(|meta| meta.rows).collect::<Vec<_>>(), [1, 1]);
}

#[tokio::test]
async fn sources_and_tables_have_segments_of_their_own() {
    let lake = open("memory:///");
    let mut writer = SegmentWriter::new(lake, WriterConfig::default());
    for (source, offset) in [("aws_cloudtrail", 0), ("gcp_audit", 0), ("aws_cloudtrail", 1)] {
        writer.append(source, &object(), api_call(offset, MARCH_1), offset).unwrap();
    }
    let metas = writer.finish().await.unwrap();
    let mut found: Vec<(&str, u64)> = metas.iter().filter(|meta| meta.table == API).map(|meta| (meta.source.as_str(), meta.rows)).collect();
    found.sort_unstable();
    assert_eq!(found, [("aws_cloudtrail", 2), ("gcp_audit", 1)]);
    assert_eq!(segments_of(&metas, Table::Observables).len(), 1);
}

#[tokio::test]
async fn nothing_in_means_nothing_out() {
    for lake in lakes().lakes {
        let writer = SegmentWriter::new(lake.clone(), WriterConfig::default());
        assert_eq!(writer.finish().await.unwrap(), []);
        assert_eq!(lake.clean_orphans(|_| false, i64::MAX).await.unwrap(), Cleaned::default());
    }
}

#[tokio::test]
async fn an_abandoned_transaction_leaves_no_file() {
    for lake in lakes().lakes {
        let mut writer = SegmentWriter::new(lake.clone(), small());
        for (event, offset) in api_calls(1500, 2).into_iter().zip(0..) {
            writer.append(SOURCE, &object(), event, offset).unwrap();
            writer.roll_full().await.unwrap();
        }
        writer.abandon().await;
        let files: Vec<_> = lake.list_segment_files().try_collect().await.unwrap();
        assert_eq!(files, []);
    }
}

#[tokio::test]
async fn a_transaction_that_could_not_write_a_segment_never_finishes() {
    let (folder, lake) = local_lake();
    std::fs::write(folder.path().join("ocsf"), b"a file where a folder should be").unwrap();
    let mut writer = SegmentWriter::new(lake.clone(), WriterConfig { segment_rows_max: 10, ..WriterConfig::default() });
    for (event, offset) in api_calls(10, 1).into_iter().zip(0..) {
        writer.append(SOURCE, &object(), event, offset).unwrap();
    }
    writer.roll_full().await.unwrap();
    writer.append(SOURCE, &object(), api_call(10, MARCH_1), 10).unwrap();
    let error = writer.finish().await.unwrap_err();
    assert!(matches!(error, Error::Store { .. }), "{error}");
    assert!(error.to_string().contains("/ocsf/api_activity/event_day=2026-03-01/"), "{error}");

    let mut writer = SegmentWriter::new(lake, WriterConfig { segment_rows_max: 10, encodings_max: 1, ..WriterConfig::default() });
    let mut failures = 0;
    for (event, offset) in api_calls(100, 1).into_iter().zip(0..) {
        writer.append(SOURCE, &object(), event, offset).unwrap();
        failures += u32::from(writer.roll_full().await.is_err());
    }
    assert!(failures > 0);
    assert!(matches!(writer.finish().await.unwrap_err(), Error::Store { .. } | Error::TransactionFailed));
}
