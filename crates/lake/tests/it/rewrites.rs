//! A segment made of others holds their rows, and says so.

use coldtrail_lake::{Lake, Rewrite, SegmentRewriter, WriterConfig, conform_rows};
use coldtrail_model::{Col, SegmentId, SegmentMeta, Table};
use futures::TryStreamExt;

use crate::support::*;

async fn rewrite(lake: &Lake, config: WriterConfig, segment: &SegmentMeta) -> (SegmentMeta, Option<SegmentMeta>) {
    let id = SegmentId::generate();
    let rewrite = Rewrite { replaces: vec![segment.id], earlier: Vec::new(), outputs: vec![id] };
    let mut rewriter = SegmentRewriter::new(lake.clone(), config.clone(), id, segment, rewrite);
    let mut batches = lake.stream_segment_in(segment, 100).await.unwrap();
    while let Some(batch) = batches.try_next().await.unwrap() {
        let batch = conform_rows(segment.table, &batch).unwrap();
        rewriter.append(batch).await.unwrap();
    }
    let rewritten = rewriter.finish().await.unwrap();
    let sightings = lake.write_sightings(&config, segment.day, rewritten.sightings).await.unwrap();
    (rewritten.meta, sightings)
}

#[tokio::test]
async fn a_rewritten_segment_has_the_same_rows_facts_and_observables() {
    for lake in lakes().lakes {
        let mut events = api_calls(1000, 1);
        events.iter_mut().skip(700).for_each(|event| event.text(Col::ActorSessionUid, "only in later row groups"));
        let written = write(&lake, WriterConfig::default(), events).await;
        let before = &segments_of(&written, API)[0];
        let config = WriterConfig { row_group_rows_max: 300, ..WriterConfig::default() };
        let (after, sightings) = rewrite(&lake, config, before).await;

        lake.verify_segment(&after).await.unwrap();
        assert_eq!(rows(&lake, &after).await, rows(&lake, before).await);
        let facts = |meta: &SegmentMeta| (meta.table, meta.day, meta.source.clone(), meta.time, meta.accounts.clone(), meta.rows);
        assert_eq!((facts(&after), after.has_rows_without_account), (facts(before), before.has_rows_without_account));
        let (meta, told) = lake.segment_from_footer(&after.path).await.unwrap();
        assert_eq!((&meta, told.as_ref()), (&after, lake.rewrite_of(&after).await.unwrap().as_ref()));
        assert_eq!(told.unwrap(), Rewrite { replaces: vec![before.id], earlier: Vec::new(), outputs: vec![after.id] });
        assert_eq!(lake.rewrite_of(before).await.unwrap(), None);

        let count = |rows: Vec<Row>, segment: SegmentId| -> i64 {
            assert!(rows.iter().all(|row| row["segment"] == segment.to_string()));
            rows.iter().map(|row| row["count"].as_i64().unwrap()).sum()
        };
        let first = &segments_of(&written, Table::Observables)[0];
        let counted = count(rows(&lake, first).await, before.id);
        assert_eq!(count(rows(&lake, &sightings.unwrap()).await, after.id), counted);
    }
}

#[tokio::test]
async fn a_segment_without_rows_is_there_and_whole() {
    for lake in lakes().lakes {
        let like = &write(&lake, WriterConfig::default(), api_calls(10, 1)).await[0];
        let id = SegmentId::generate();
        let rewriter = SegmentRewriter::new(lake.clone(), WriterConfig::default(), id, like, Rewrite::default());
        let empty = rewriter.finish().await.unwrap().meta;
        lake.verify_segment(&empty).await.unwrap();
        assert_eq!((empty.rows, rows(&lake, &empty).await.len()), (0, 0));
        let beside: Vec<_> = lake.list_segment_files_beside(like).try_collect().await.unwrap();
        assert!(beside.len() == 2 && beside.iter().any(|file| file.id == Some(id)));
    }
}

#[tokio::test]
async fn a_column_whose_first_value_comes_late_still_has_its_filter() {
    let lake = open("memory:///");
    let mut events = api_calls(1000, 1);
    events.sort_by_key(coldtrail_model::Event::time_ms);
    events[999].text(Col::ActorUserCredentialUid, "AKIAIOSFODNN7EXAMPLE");
    let written = write(&lake, WriterConfig::default(), events).await;
    let config = WriterConfig { row_group_rows_max: 300, ..WriterConfig::default() };
    let (after, _) = rewrite(&lake, config, &segments_of(&written, API)[0]).await;
    let bytes = lake.get_file(&after.path).await.unwrap();
    let options = parquet::file::serialized_reader::ReadOptionsBuilder::new()
        .with_reader_properties(parquet::file::properties::ReaderProperties::builder().set_read_bloom_filter(true).build())
        .build();
    let reader = parquet::file::reader::SerializedFileReader::new_with_options(bytes, options).unwrap();
    let column = coldtrail_model::Class::ApiActivity.columns().iter().position(|col| *col == Col::ActorUserCredentialUid).unwrap();
    let filters: Vec<bool> = (0..4)
        .map(|group| {
            let group = parquet::file::reader::FileReader::get_row_group(&reader, group).unwrap();
            group.get_column_bloom_filter(column).is_some_and(|filter| filter.check(&"AKIAIOSFODNN7EXAMPLE"))
        })
        .collect();
    assert_eq!(filters, [false, false, false, true]);
}
