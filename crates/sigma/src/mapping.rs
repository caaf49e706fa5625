//! How Sigma's names for logs and fields are found in the tables: one file a source, in `mappings/`.

mod definition;
mod limit;
mod path;

use std::sync::LazyLock;

use coldtrail_model::Class;

use crate::error::Error;
use crate::logsource::Logsource;

pub(crate) use definition::{Definition, SharedFields, Variant};
pub(crate) use limit::{Limit, hindered};
pub(crate) use path::{Path, Place, Scope, ScopeForm};

/// The mappings of all sources.
#[derive(Debug, Clone)]
pub struct Mappings {
    definitions: Vec<Definition>,
}

macro_rules! files {
    ($($name:literal)*) => { &[$(($name, include_str!(concat!("../mappings/", $name)))),*] };
}

/// The files, by name.
const FILES: &[(&str, &str)] = files! {
    "aws_cloudfront.yml"
    "aws_cloudtrail.yml"
    "aws_elb.yml"
    "aws_guardduty.yml"
    "aws_route53.yml"
    "aws_securityhub.yml"
    "aws_vpcflow.yml"
    "aws_waf.yml"
    "azure_activity.yml"
    "azure_appgw.yml"
    "azure_entra.yml"
    "azure_frontdoor.yml"
    "azure_nsgflow.yml"
    "cisco_asa.yml"
    "crowdstrike_falcon.yml"
    "crowdstrike_fdr.yml"
    "duo.yml"
    "envoy_istio_access.yml"
    "falco.yml"
    "fortinet.yml"
    "gcp_audit.yml"
    "gcp_lb.yml"
    "gcp_vpcflow.yml"
    "github_audit.yml"
    "google_workspace.yml"
    "k8s_audit.yml"
    "linux_auditd.yml"
    "linux_sshd.yml"
    "linux_syslog.yml"
    "ms_defender_xdr.yml"
    "nginx.yml"
    "o365_audit.yml"
    "okta.yml"
    "onepassword.yml"
    "osquery.yml"
    "paloalto.yml"
    "shared.yml"
    "slack.yml"
    "suricata_eve.yml"
    "tetragon.yml"
    "windows_event.yml"
    "zeek.yml"
    "zscaler.yml"
};

/// The file of blocks of fields.
const SHARED: &str = "shared.yml";

/// Where the events of a logsource are, in one source.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'m> {
    pub(crate) definition: &'m Definition,
    pub(crate) variant: &'m Variant,
}

impl Mappings {
    /// The mappings that Coldtrail brings.
    pub fn builtin() -> &'static Self {
        static BUILTIN: LazyLock<Mappings> =
            LazyLock::new(|| Mappings::read(FILES).expect("the mappings are part of the program, and a test reads them"));
        &BUILTIN
    }

    /// Reads mappings from files, given by name and text. `shared.yml` has blocks of fields that the others name.
    pub fn read(files: &[(&str, &str)]) -> Result<Self, Error> {
        let error = |name: &str, reason: String| Error::Mapping { file: name.to_owned(), reason };
        let is_shared = |name: &str| name == SHARED;
        let shared = files
            .iter()
            .find(|(name, _)| is_shared(name))
            .map_or(Ok(SharedFields::new()), |(name, text)| yaml_serde::from_str(text).map_err(|why| error(name, why.to_string())))?;
        let read = |(name, text): &(&str, &str)| Definition::read(text, &shared).map_err(|reason| error(name, reason));
        files.iter().filter(|(name, _)| !is_shared(name)).map(read).collect::<Result<_, _>>().map(|definitions| Self { definitions })
    }

    /// The names of the sources that there are mappings for, and whether Coldtrail collects them.
    pub fn sources(&self) -> impl Iterator<Item = (&str, bool)> {
        self.definitions.iter().map(|definition| (definition.source.as_str(), definition.is_collected))
    }

    /// Every logsource that there is a mapping for, with its source.
    pub fn logsources(&self) -> impl Iterator<Item = (&Logsource, &str)> {
        self.definitions.iter().flat_map(|definition| definition.logsources.iter().map(|one| (&one.logsource, definition.source.as_str())))
    }

    /// Where the events of a logsource are. Several sources can have some.
    pub(crate) fn targets(&self, logsource: &Logsource) -> Targets<'_> {
        let mut targets = Targets::default();
        for definition in &self.definitions {
            let Some(found) = definition.logsources.iter().find(|one| one.logsource == *logsource) else { continue };
            match definition.is_collected {
                true => targets.found.extend(definition.variants_of(found).map(|variant| Target { definition, variant })),
                false => targets.not_collected.push(&definition.source),
            }
        }
        targets
    }
}

/// What is known of a logsource.
#[derive(Debug, Clone, Default)]
pub(crate) struct Targets<'m> {
    pub(crate) found: Vec<Target<'m>>,
    /// Sources that have such events, but are not collected.
    pub(crate) not_collected: Vec<&'m str>,
}

impl Target<'_> {
    /// The name of the source.
    pub(crate) fn source(&self) -> &str {
        &self.definition.source
    }

    /// The tables that can hold such events.
    pub(crate) fn tables(&self) -> &[Class] {
        &self.variant.tables
    }
}
