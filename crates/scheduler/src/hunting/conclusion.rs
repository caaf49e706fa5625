use coldtrail_hunt::{ConclusionRequest, HuntConclusion, OUTCOMES, RunKind, RunService, subject_of};
use coldtrail_model::{DocumentChange, RunId};
use coldtrail_query::{Error, Principal};

use super::{Hunting, to_json};
use crate::runs::{catalog_error, now_ms};

/// The kind of documents that say what came of a run, under its id.
pub(crate) const CONCLUSION: &str = "conclusion";
/// The longest note, and the longest name of a detection, in bytes.
const TEXT_BYTES_MAX: usize = 64 << 10;
/// The most detections of one run.
const DETECTIONS_MAX: usize = 100;

impl Hunting {
    pub(super) async fn conclude_hunt(&self, by: &Principal, id: RunId, asked: ConclusionRequest) -> Result<HuntConclusion, Error> {
        let (run, _) = self.runs.get(id).await?;
        let wrong = |message: String| Error::BadStatement { message };
        if !run.state.has_ended() {
            return Err(Error::NotAllowed { message: format!("run {id} is {}; a hunt is concluded once its run has ended", run.state) });
        }
        let labels = &run.definition.labels;
        let Some(hunt) = subject_of(labels).filter(|_| RunKind::of(labels).is_some()) else {
            return Err(wrong(format!("run {id} is no hunt; `coldtrail hunt run`, `sigma run` and `sweep` begin some")));
        };
        if !OUTCOMES.contains(&asked.outcome.as_str()) {
            return Err(wrong(format!("{} is no outcome of a hunt; known are {}", asked.outcome, OUTCOMES.join(", "))));
        }
        let texts = asked.note.iter().chain(&asked.detections);
        if asked.detections.len() > DETECTIONS_MAX || texts.into_iter().any(|text| text.len() > TEXT_BYTES_MAX) {
            return Err(wrong(format!("a conclusion has at most {DETECTIONS_MAX} detections, and texts of {TEXT_BYTES_MAX} bytes")));
        }
        let conclusion = HuntConclusion {
            run_id: id.to_string(),
            hunt: hunt.to_owned(),
            outcome: asked.outcome,
            note: asked.note,
            detections: asked.detections,
            by: by.name.clone(),
            at_ms: now_ms(),
        };
        let body = to_json(&conclusion)?.into_bytes();
        let put = DocumentChange::put(CONCLUSION, id.to_string(), body, conclusion.at_ms, &by.name);
        self.catalog.put_documents(vec![put]).await.map_err(catalog_error)?;
        Ok(conclusion)
    }

    /// What was said of a run, if something was.
    pub(super) async fn conclusion_of(&self, id: RunId) -> Result<Option<HuntConclusion>, Error> {
        let document = self.catalog.document(CONCLUSION, &id.to_string()).await.map_err(catalog_error)?;
        let read = |body: &[u8]| {
            serde_json::from_slice(body)
                .map_err(|error| Error::Unavailable { message: format!("the conclusion of run {id} cannot be read: {error}") })
        };
        document.map(|document| read(&document.body)).transpose()
    }
}
