use super::{Declared, MappingError};
use crate::fields::Fields;

mod aws_securityhub;
mod azure_keyvault;
mod columns;
mod crowdstrike_falcon;
mod crowdstrike_fdr;
mod document;
mod duo;
mod forms;
mod fortinet;
mod gcp_scc;
mod gcp_vpcflow;
mod github_audit;
mod google_workspace;
mod lines;
mod ms_defender;
mod ms_sentinel;
mod o365_audit;
mod okta;
mod onepassword;
mod osquery;
mod paloalto;
mod problems;
mod slack;
mod tetragon;
mod zscaler;

/// The smallest mapping, with more keys behind it.
fn mapping(more: &str) -> String {
    format!(
        "source: acme\ndocumentation: https://acme.example/logs\nrecognised_by: [[acme]]\ntime: at\nevent: what\n\
         classes: {{\"*\": api_activity by verb}}\n{more}"
    )
}

fn read(text: &str) -> Result<&'static Declared, MappingError> {
    Declared::read("acme.yml", text)
}

/// What a mapping makes of one record: class and activity, then each column, then the rest.
fn mapped(text: &str, record: &str) -> String {
    let declared = read(text).expect("a mapping");
    let mut fields = Fields::parse(record).expect("JSON");
    match declared.map(&mut fields) {
        Ok(event) => {
            let columns: Vec<String> =
                event.fields().iter().skip(9).map(|(col, value)| format!("{} = {value:?}", col.column().name)).collect();
            let activity = event.get_text(coldtrail_model::Col::ActivityName).unwrap_or_default();
            format!("{} {activity}\n{}\nrest: {}", event.class(), columns.join("\n"), fields.rest().unwrap_or_default())
        }
        Err(reason) => reason.to_string(),
    }
}
