use std::sync::Arc;
use std::time::Instant;

use coldtrail_lake::{Lake, WriteRowsError};
use coldtrail_model::{Slice, SliceResult, SliceState};
use coldtrail_query::{Error, conform};

use super::prepare::Prepared;
use super::{Shared, lake_error, now_ms};
use crate::query_error;

/// One slice under way.
pub(super) struct SliceWork {
    pub(super) shared: Arc<Shared>,
    pub(super) prepared: Arc<Prepared>,
    pub(super) slice: Slice,
    /// The term of the leader that works on it: part of the name of its file.
    pub(super) epoch: u64,
}

impl SliceWork {
    /// Reads the slice until it is done or given up; dropping this gives up what is under way.
    pub(super) async fn run(mut self) -> Slice {
        let config = &self.shared.config;
        let mut pause = config.retry_pause;
        loop {
            self.slice.attempts += 1;
            self.slice.started_ms = Some(now_ms());
            let begun = Instant::now();
            let error = match self.attempt().await {
                Ok(result) => {
                    self.shared.speed.note(self.slice.bytes, begun.elapsed());
                    return self.ended(SliceState::Done(result));
                }
                Err(error) => error,
            };
            let again = matches!(error, Error::Unavailable { .. } | Error::Cancelled { .. });
            if !again || self.slice.attempts >= config.slice_attempts_max {
                let message = error.to_string();
                let segment = segment_of(&message);
                return self.ended(SliceState::Failed { message, segment });
            }
            tracing::warn!(run = %self.slice.run, slice = self.slice.number, attempt = self.slice.attempts, %error, "a slice is tried again");
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }

    fn ended(self, state: SliceState) -> Slice {
        Slice { state, ended_ms: Some(now_ms()), ..self.slice }
    }

    async fn attempt(&self) -> Result<SliceResult, Error> {
        let plan = self.prepared.division.slice(self.slice.time)?;
        let running = self.shared.router.run_logical(plan, Arc::clone(&self.prepared.snapshot), self.prepared.bytes).await?;
        let schema = self.prepared.division.partial_schema();
        let rows = conform(Arc::clone(&schema), running.stream);
        let name = format!("{:05}-{}-{}", self.slice.number, self.epoch, self.slice.attempts);
        let path = Lake::result_path(&self.slice.run.to_string(), &name);
        let written = self.shared.router.planner().lake().write_rows(&path, schema, rows).await.map_err(|error| match error {
            WriteRowsError::Rows(error) => query_error(error, &running.query_id),
            WriteRowsError::Lake(error) => lake_error(error),
        })?;
        Ok(match written {
            Some(written) => SliceResult { path: Some(path), rows: written.rows, bytes: written.bytes, sha256: written.sha256 },
            None => SliceResult { path: None, rows: 0, bytes: 0, sha256: [0; 32] },
        })
    }
}

/// The segment that an error names.
fn segment_of(message: &str) -> Option<String> {
    let (_, named) = message.split_once("in segment file ")?;
    let path: String = named.chars().take_while(|letter| !letter.is_whitespace() && !matches!(letter, ',' | ':' | ';')).collect();
    (!path.is_empty()).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::segment_of;

    #[test]
    fn an_error_names_its_segment() {
        let message = "in segment file lake/ocsf/x/event_day=2026-01-01/0.parquet\ncaused by\nParquet error: corrupt";
        assert_eq!(segment_of(message).as_deref(), Some("lake/ocsf/x/event_day=2026-01-01/0.parquet"));
        assert_eq!(segment_of("Parquet error: corrupt"), None);
    }
}
