use arrow_flight::{FlightDescriptor, FlightInfo, PollInfo};
use tonic::Status;

/// Planning is quick and running happens while the result is fetched, so the first poll is the last one.
pub(crate) fn completed(info: FlightInfo) -> Result<PollInfo, Status> {
    let expiration_time = info.endpoint.first().and_then(|endpoint| endpoint.expiration_time);
    let finished = PollInfo::new().with_info(info).try_with_progress(1.0);
    let finished = finished.map_err(|error| Status::internal(error.to_string()))?;
    // No descriptor to poll with again means: done.
    Ok(PollInfo { expiration_time, flight_descriptor: None::<FlightDescriptor>, ..finished })
}
