//! The files themselves: how they are laid out, and what is noticed when they change.

use bytes::Bytes;
use coldtrail_lake::{Error, Lake, WriterConfig};
use coldtrail_model::{Class, Col, SegmentId, SegmentMeta, Table};
use futures::TryStreamExt;
use object_store::{ObjectStoreExt, PutPayload};
use parquet::basic::Compression;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::properties::ReaderProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::serialized_reader::ReadOptionsBuilder;

use crate::support::*;

async fn bytes_of(lake: &Lake, meta: &SegmentMeta) -> Bytes {
    lake.store().get(&lake.path(&meta.path)).await.unwrap().bytes().await.unwrap()
}

async fn replace(lake: &Lake, meta: &SegmentMeta, bytes: Vec<u8>) {
    lake.store().put(&lake.path(&meta.path), PutPayload::from(bytes)).await.unwrap();
}

fn metadata_of(bytes: &Bytes) -> ParquetMetaData {
    ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Required).parse_and_finish(bytes).unwrap()
}

#[tokio::test]
async fn row_groups_and_pages_are_bounded_sorted_and_indexed() {
    let lake = open("memory:///");
    let config = WriterConfig { row_group_rows_max: 2048, page_rows_max: 1024, ..WriterConfig::default() };
    let metas = write(&lake, config, api_calls(5000, 1)).await;
    let metadata = metadata_of(&bytes_of(&lake, &segments_of(&metas, API)[0]).await);
    assert_eq!(metadata.row_groups().iter().map(|group| group.num_rows()).collect::<Vec<_>>(), [2048, 2048, 904]);
    let time = Class::ApiActivity.columns().iter().position(|col| *col == Col::Time).unwrap();
    for (index, group) in metadata.row_groups().iter().enumerate() {
        let sorting = group.sorting_columns().unwrap();
        assert_eq!((sorting[0].column_idx, sorting[0].descending), (time as i32, false));
        assert!(matches!(group.column(time).compression(), Compression::ZSTD(_)));
        assert!(group.column(time).statistics().unwrap().min_bytes_opt().is_some());
        let pages = metadata.offset_index().unwrap()[index][time].page_locations();
        assert_eq!(pages.len(), (group.num_rows() as usize).div_ceil(1024));
        assert!(metadata.column_index().unwrap()[index][time].is_sorted());
    }
    let observables = metadata_of(&bytes_of(&lake, &segments_of(&metas, Table::Observables)[0]).await);
    let sorting: Vec<i32> = observables.row_group(0).sorting_columns().unwrap().iter().map(|column| column.column_idx).collect();
    assert_eq!(sorting, [0, 2]);
}

#[tokio::test]
async fn bloom_filters_are_where_they_are_declared_and_have_something_to_say() {
    let lake = open("memory:///");
    let config = WriterConfig { row_group_rows_max: 2048, ..WriterConfig::default() };
    let metas = write(&lake, config, api_calls(4000, 1)).await;
    let bytes = bytes_of(&lake, &segments_of(&metas, API)[0]).await;
    let properties = ReaderProperties::builder().set_read_bloom_filter(true).build();
    let reader =
        SerializedFileReader::new_with_options(bytes, ReadOptionsBuilder::new().with_reader_properties(properties).build()).unwrap();
    let has_value = |col: Col| api_call(0, 0).get(col).is_some();
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group).unwrap();
        for (index, col) in Class::ApiActivity.columns().iter().enumerate() {
            assert_eq!(group.get_column_bloom_filter(index).is_some(), col.column().bloom && has_value(*col), "{}", col.column().name);
        }
        let filter_of =
            |wanted: Col| group.get_column_bloom_filter(Class::ApiActivity.columns().iter().position(|col| *col == wanted).unwrap());
        let addresses = filter_of(Col::SrcEndpointIp).unwrap();
        assert!((0..29).all(|n| addresses.check(format!("198.51.100.{n}").as_str())));
        let guesses = (0..2000).filter(|n| addresses.check(format!("203.0.{}.{}", n / 250, n % 250).as_str())).count();
        assert!(guesses < 60, "{guesses} of 2000 addresses that are not there may be there");
        assert!(addresses.num_blocks() <= 4, "a filter of 29 values has {} blocks", addresses.num_blocks());
    }
}

#[tokio::test]
async fn a_column_without_values_costs_next_to_nothing() {
    let lake = open("memory:///");
    let metas = write(&lake, WriterConfig::default(), api_calls(20_000, 1)).await;
    let metadata = metadata_of(&bytes_of(&lake, &segments_of(&metas, API)[0]).await);
    let columns = metadata.row_group(0).columns();
    let empty: Vec<i64> = columns
        .iter()
        .filter(|column| column.statistics().unwrap().null_count_opt() == Some(20_000))
        .map(|column| column.compressed_size())
        .collect();
    assert!(empty.len() > 100, "{} columns are empty", empty.len());
    assert!(empty.iter().all(|bytes| *bytes < 100), "{empty:?}");
}

#[tokio::test]
async fn a_changed_a_cut_and_a_missing_file_are_noticed() {
    for lake in lakes().lakes {
        let metas = write(&lake, WriterConfig::default(), api_calls(100, 1)).await;
        let meta = &segments_of(&metas, API)[0];
        let whole = bytes_of(&lake, meta).await.to_vec();
        assert_eq!(whole.len() as u64, meta.bytes);
        for position in [0, whole.len() / 2, whole.len() - 1] {
            let mut flipped = whole.clone();
            flipped[position] ^= 1;
            replace(&lake, meta, flipped).await;
            let error = lake.verify_segment(meta).await.unwrap_err();
            assert!(matches!(&error, Error::SegmentDamaged { segment, .. } if *segment == meta.id), "{error}");
            assert!(error.to_string().contains("its SHA-256 is "), "{error}");
        }
        replace(&lake, meta, whole[..whole.len() - 10].to_vec()).await;
        assert!(matches!(lake.verify_segment(meta).await.unwrap_err(), Error::SegmentDamaged { .. }));
        assert!(matches!(lake.read_segment(meta).await.unwrap_err(), Error::SegmentDamaged { .. }));
        replace(&lake, meta, whole).await;
        lake.verify_segment(meta).await.unwrap();
        let miscounted = SegmentMeta { rows: 99, ..meta.clone() };
        assert!(lake.verify_segment(&miscounted).await.unwrap_err().to_string().contains("it has 100 rows and the catalog says 99"));
        lake.store().delete(&lake.path(&meta.path)).await.unwrap();
        for error in [lake.verify_segment(meta).await.unwrap_err(), lake.read_segment(meta).await.unwrap_err()] {
            assert!(matches!(&error, Error::SegmentMissing { segment, .. } if *segment == meta.id), "{error}");
            assert!(error.to_string().contains(&meta.path), "{error}");
        }
    }
}

#[tokio::test]
async fn the_catalog_can_be_rebuilt_from_the_files_alone() {
    for lake in lakes().lakes {
        let mut metas = write(&lake, WriterConfig::default(), api_calls(300, 4)).await;
        let files: Vec<_> = lake.list_segment_files().try_collect().await.unwrap();
        let mut rebuilt = Vec::new();
        for file in &files {
            let meta = lake.segment_meta_from_footer(&file.path).await.unwrap();
            assert_eq!((file.id, file.bytes), (Some(meta.id), meta.bytes));
            rebuilt.push(meta);
        }
        metas.sort_by_key(|meta| meta.id);
        rebuilt.sort_by_key(|meta| meta.id);
        assert_eq!(rebuilt, metas);
    }
}

#[tokio::test]
async fn a_file_that_is_not_ours_is_not_taken_for_a_segment() {
    let lake = open("memory:///");
    lake.store().put(&lake.path("ocsf/notes.parquet"), PutPayload::from_static(b"not Parquet at all")).await.unwrap();
    let error = lake.segment_meta_from_footer("ocsf/notes.parquet").await.unwrap_err();
    assert!(matches!(error, Error::NotASegment { .. }), "{error}");
}

#[tokio::test]
async fn cleaning_deletes_old_orphans_and_nothing_else() {
    for lake in lakes().lakes {
        let known = write(&lake, WriterConfig::default(), api_calls(50, 2)).await;
        let orphans = write(&lake, WriterConfig::default(), api_calls(50, 2)).await;
        lake.store().put(&lake.path("ocsf/api_activity/README.md"), PutPayload::from_static(b"mine")).await.unwrap();
        lake.store().put(&lake.path("elsewhere.parquet"), PutPayload::from_static(b"mine too")).await.unwrap();
        let is_known = |id: &SegmentId| known.iter().any(|meta| meta.id == *id);

        let young = lake.clean_orphans(is_known, 0).await.unwrap();
        assert_eq!((young.segments_deleted, young.young_kept, young.foreign_kept), (0, orphans.len() as u64, 1));

        let cleaned = lake.clean_orphans(is_known, i64::MAX).await.unwrap();
        assert_eq!(cleaned.segments_deleted, orphans.len() as u64);
        assert_eq!(cleaned.bytes_deleted, orphans.iter().map(|meta| meta.bytes).sum::<u64>());
        for meta in &known {
            lake.verify_segment(meta).await.unwrap();
        }
        for meta in &orphans {
            assert!(matches!(lake.verify_segment(meta).await.unwrap_err(), Error::SegmentMissing { .. }));
        }
        assert!(lake.store().head(&lake.path("ocsf/api_activity/README.md")).await.is_ok());
        assert!(lake.store().head(&lake.path("elsewhere.parquet")).await.is_ok());
        assert_eq!(lake.clean_orphans(is_known, i64::MAX).await.unwrap().segments_deleted, 0);
    }
}

#[tokio::test]
async fn what_a_crash_left_half_written_is_cleaned() {
    let (folder, lake) = local_lake();
    let known = write(&lake, WriterConfig::default(), api_calls(10, 1)).await;
    let half = folder.path().join(format!("{}#1", known[0].path.replace(&known[0].id.to_string(), &SegmentId::generate().to_string())));
    std::fs::write(&half, b"PAR1 and then the power went").unwrap();
    let listed: Vec<_> = lake.list_segment_files().try_collect().await.unwrap();
    assert_eq!(listed.len(), known.len());
    assert_eq!(lake.clean_orphans(|_| true, 0).await.unwrap().unfinished_deleted, 0);
    assert_eq!(lake.clean_orphans(|_| true, i64::MAX).await.unwrap().unfinished_deleted, 1);
    assert!(!half.exists());
}
