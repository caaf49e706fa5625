use coldtrail_model::{Class, Table};

use crate::support::*;

#[tokio::test]
async fn what_is_written_is_read_back_and_verified_in_every_store() {
    for lake in lakes().lakes {
        let metas = write(&lake, (0..1000).map(|n| api_call(n, MARCH_1 + (n * 7919) % 1000 + n % 2 * DAY_MS))).await;
        let events = segments_of(&metas, Table::Events(Class::ApiActivity));
        assert_eq!(events.iter().map(|meta| meta.rows).sum::<u64>(), 1000, "{lake:?}");
        assert_eq!(events.len(), 2);
        for meta in &metas {
            lake.verify_segment(meta).await.unwrap();
            let batches = lake.read_segment(meta).await.unwrap();
            assert_eq!(batches.iter().map(|batch| batch.num_rows() as u64).sum::<u64>(), meta.rows);
            assert_eq!(lake.segment_meta_from_footer(&meta.path).await.unwrap(), *meta);
        }
    }
}
