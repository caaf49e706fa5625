//! Whether it worked: `resultType` and `resultSignature` of diagnostic logs, `status` and `subStatus` of the REST form.

use coldtrail_model::{Col, Event, Outcome};

use crate::fields::Fields;

use super::named;

/// Maps the outcome. Returns true if the answer says that something was created.
pub(super) fn map_outcome(event: &mut Event, record: &mut Fields<'_>) -> bool {
    let result = record.text("resultType");
    let status = named(record, "status");
    let word = result.as_deref().or(status.as_deref());
    let outcome = outcome_of(word);
    event.outcome(outcome);
    let signature = record.text("resultSignature");
    let localized = record.text("subStatus.localizedValue");
    let sub_status = named(record, "subStatus");
    let status_code = record.text("properties.statusCode");
    let sub_codes = [signature.as_deref(), localized.as_deref(), sub_status.as_deref(), status_code.as_deref()];
    let http_code = sub_codes.into_iter().flatten().find_map(http_code);
    event.long_opt(Col::HttpResponseCode, http_code);
    event.long_opt(Col::ApiResponseCode, http_code);
    let told = [sub_status.as_deref(), signature.as_deref(), status_code.as_deref(), word];
    event.text_opt(Col::StatusCode, told.into_iter().flatten().next());
    map_error(event, record);
    if event.get(Col::StatusDetail).is_none() {
        let word = word.filter(|_| outcome == Outcome::Other);
        event.text_opt(Col::StatusDetail, record.text("resultDescription").as_deref().or(word));
    }
    http_code == Some(201) || sub_codes.into_iter().flatten().any(|code| code.ends_with("Created"))
}

fn outcome_of(word: Option<&str>) -> Outcome {
    let Some(word) = word else { return Outcome::Unknown };
    match word.to_ascii_lowercase().as_str() {
        "success" | "succeeded" | "succeed" | "0" => Outcome::Success,
        "failure" | "failed" | "fail" => Outcome::Failure,
        "" => Outcome::Unknown,
        _ => Outcome::Other,
    }
}

/// The HTTP status in `200`, `Created (HTTP Status Code: 201)`, `Succeeded.Created`, `Forbidden`.
fn http_code(text: &str) -> Option<i64> {
    const NAMES: [(&str, i64); 14] = [
        ("OK", 200),
        ("Created", 201),
        ("Accepted", 202),
        ("NoContent", 204),
        ("BadRequest", 400),
        ("Unauthorized", 401),
        ("Forbidden", 403),
        ("NotFound", 404),
        ("MethodNotAllowed", 405),
        ("Conflict", 409),
        ("PreconditionFailed", 412),
        ("TooManyRequests", 429),
        ("InternalServerError", 500),
        ("ServiceUnavailable", 503),
    ];
    let text = text.trim();
    let number = text.split_once("HTTP Status Code:").map_or(text, |(_, rest)| rest.trim().trim_end_matches(')'));
    if let Some(code) = number.trim().parse::<i64>().ok().filter(|code| (100..600).contains(code)) {
        return Some(code);
    }
    let name = text.rsplit('.').next().unwrap_or(text);
    NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, code)| *code)
}

/// `{"error":{"code":"AuthorizationFailed","message":"…"}}`, as text inside the properties.
fn map_error(event: &mut Event, record: &mut Fields<'_>) {
    let Some(text) = record.peek_text("properties.statusMessage") else { return };
    let Ok(mut told) = Fields::parse(text) else { return };
    let error = if told.has("error") { "error." } else { "" };
    let [code, message] = ["code", "message"].map(|key| told.text(&format!("{error}{key}")).map(|text| text.into_owned()));
    event.text_opt(Col::ApiResponseError, code.as_ref());
    event.text_opt(Col::ApiResponseErrorMessage, message.as_ref());
    event.text_opt(Col::StatusDetail, message.as_ref().or(code.as_ref()));
}
