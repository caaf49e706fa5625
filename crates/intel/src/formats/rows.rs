use compact_str::CompactString;

use crate::normal::Wanted;
use crate::{Confirmation, Error, IndicatorKind, Place};

use super::collect::{About, Claim, Collector};

use IndicatorKind as K;

/// What a column of a table, or a key of an object, says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// An indicator of this kind.
    Value(Wanted),
    /// An indicator whose kind another column says, or its form.
    Typed,
    /// The kind of the indicator in another column.
    Kind,
    Port,
    Confidence,
    ValidFrom,
    ValidUntil,
    Tlp,
    Label,
    Technique,
    Description,
}

impl Role {
    /// True if the column holds something to look for.
    pub(super) fn is_indicator(self) -> bool {
        matches!(self, Self::Value(_) | Self::Typed)
    }
}

/// One row: the name of a column, what it says, and its text.
pub(super) type Cells<'a> = [(&'a str, Option<Role>, &'a str)];

/// What a column of this name says. The names are those of abuse.ch's feeds and those that others use in plain tables.
pub(super) fn role_of(name: &str) -> Option<Role> {
    let name = name.trim_matches(|letter: char| letter.is_whitespace() || matches!(letter, '#' | '"')).to_ascii_lowercase();
    let name = name.replace([' ', '-', '.'], "_");
    Some(match name.as_str() {
        "ioc" | "ioc_value" | "indicator" | "indicator_value" | "indicators" | "value" | "observable" | "observable_value" | "entity"
        | "artifact" => Role::Typed,
        "type" | "ioc_type" | "indicator_type" | "observable_type" | "kind" | "ioctype" | "value_type" => Role::Kind,
        "port" | "dst_port" | "dest_port" | "dstport" => Role::Port,
        "confidence" | "confidence_level" => Role::Confidence,
        "first_seen" | "first_seen_utc" | "firstseen" | "dateadded" | "date_added" | "listingdate" | "valid_from" | "created"
        | "created_at" | "date" => Role::ValidFrom,
        "valid_until" | "valid_to" | "expires" | "expires_at" | "expiration" | "expiration_date" | "expiry" => Role::ValidUntil,
        "tlp" => Role::Tlp,
        "tag" | "tags" | "label" | "labels" | "malware" | "malware_printable" | "malware_family" | "family" | "threat" | "threat_type"
        | "signature" | "category" | "campaign" | "actor" => Role::Label,
        "attack" | "technique" | "techniques" | "technique_id" | "mitre" | "mitre_attack" | "attack_ids" | "ttp" => Role::Technique,
        "description" | "comment" | "comments" | "note" | "notes" | "listingreason" | "reason" | "listing_reason" => Role::Description,
        other => Role::Value(wanted_of(other)?),
    })
}

/// What a word for a kind means: `ipv4`, `ip:port`, `FileHash-SHA256`, `md5_hash`, `domain-name`.
pub(super) fn wanted_of(word: &str) -> Option<Wanted> {
    let word: String = word.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    Some(match word.as_str() {
        "ip" | "ipv4" | "ipv6" | "ipv4addr" | "ipv6addr" | "ipaddress" | "ipaddr" | "address" | "ipport" | "cidr" | "network"
        | "subnet" | "netblock" | "iprange" | "dstip" | "destip" | "srcip" | "sourceip" | "ipdst" | "ipsrc" | "c2ip" | "ipv4cidr"
        | "ipv6cidr" | "netset" => Wanted::Address,
        "domain" | "domainname" | "hostname" | "host" | "fqdn" | "c2domain" | "onionaddress" => Wanted::Host,
        "url" | "uri" | "urls" => Wanted::Url,
        "hash" | "filehash" | "md5" | "md5hash" | "sha1" | "sha1hash" | "sha256" | "sha256hash" | "sha512" | "sha512hash"
        | "filehashmd5" | "filehashsha1" | "filehashsha256" | "filehashsha512" | "filesha256" | "filesha1" | "filemd5" | "md5sum" => {
            Wanted::Hash
        }
        "ja3" | "ja3md5" | "ja3s" | "ja4" | "ja3fingerprint" | "ja3fingerprintmd5" | "fingerprint" | "certfingerprint" | "certsha1"
        | "sslcertfingerprint" | "hassh" | "hasshmd5" | "hasshservermd5" => Wanted::Kind(K::Fingerprint),
        "email" | "emailaddress" | "emailaddr" | "mail" | "sender" | "emailsrc" | "emaildst" => Wanted::Kind(K::EmailAddress),
        "filename" | "file" => Wanted::File,
        "filepath" | "path" | "fullpath" => Wanted::Kind(K::FilePath),
        "processname" | "process" => Wanted::Kind(K::ProcessName),
        "user" | "username" | "useraccount" | "login" => Wanted::Kind(K::UserName),
        "useruid" | "sid" | "userid" => Wanted::Kind(K::UserUid),
        "registry" | "registrykey" | "regkey" | "registrypath" => Wanted::Kind(K::RegistryKey),
        "registryvaluename" => Wanted::Kind(K::RegistryValueName),
        "useragent" | "httpuseragent" => Wanted::Kind(K::UserAgent),
        "mac" | "macaddress" | "macaddr" => Wanted::Kind(K::Mac),
        "arn" | "resourceuid" | "resourcearn" | "resourceid" => Wanted::Kind(K::ResourceUid),
        "resourcename" | "bucket" | "bucketname" => Wanted::Kind(K::ResourceName),
        "accesskey" | "accesskeyid" | "awsaccesskey" | "credentialuid" | "credential" => Wanted::Kind(K::CredentialUid),
        "serialnumber" | "certserial" => Wanted::Kind(K::SerialNumber),
        _ => return None,
    })
}

/// Takes every indicator of a row.
pub(super) fn take_row(collector: &mut Collector<'_>, place: &Place, cells: &Cells<'_>) -> Result<(), Error> {
    let about = about(cells);
    let has = |wanted: &str| cells.iter().any(|(name, ..)| name.eq_ignore_ascii_case(wanted));
    let is_sslbl = has("listingreason");
    let is_feodo = has("as_number") && has("ip_address");
    let has_hash = cells.iter().any(|(_, role, text)| *role == Some(Role::Value(Wanted::Hash)) && is_filled(text));
    let port = cells.iter().find(|(_, role, _)| *role == Some(Role::Port)).and_then(|(.., text)| text.trim().parse().ok());
    let several = cells.iter().filter(|(_, role, text)| role.is_some_and(Role::is_indicator) && is_filled(text)).count() > 1;
    let mut taken = 0;
    for (name, role, text) in cells {
        let Some(role) = role.filter(|role| role.is_indicator() && is_filled(text)) else { continue };
        // The name of a malware's file, and the name that an address had, describe the indicator of the row and are none.
        if (has_hash && role == Role::Value(Wanted::File)) || (is_feodo && name.eq_ignore_ascii_case("hostname")) {
            collector.pass_over(format!("column {name}"));
            continue;
        }
        let claim = match role {
            Role::Value(Wanted::Hash) if is_sslbl => Claim::Value(Wanted::Kind(K::Fingerprint)),
            Role::Value(wanted) => with_port(wanted, port),
            _ => typed(cells, port),
        };
        let column = several.then(|| format!("column {name}"));
        let path = place.path.as_deref().map(str::to_owned).into_iter().chain(column).collect::<Vec<_>>().join(", ");
        collector.take(Place { line: place.line, path: (!path.is_empty()).then(|| path.into()) }, text, claim, &about)?;
        taken += 1;
    }
    if taken == 0 {
        let whole: Vec<&str> = cells.iter().map(|(.., text)| *text).collect();
        return collector.take(place.clone(), &whole.join(","), Claim::Rejected("no column of it holds an indicator".to_owned()), &about);
    }
    Ok(())
}

fn with_port(wanted: Wanted, port: Option<u16>) -> Claim {
    match (wanted, port) {
        (Wanted::Address | Wanted::Host, Some(port)) => Claim::Confirmed(wanted, Confirmation::Port(port)),
        _ => Claim::Value(wanted),
    }
}

/// The claim for a value whose kind another column says.
fn typed(cells: &Cells<'_>, port: Option<u16>) -> Claim {
    let Some((.., word)) = cells.iter().find(|(_, role, text)| *role == Some(Role::Kind) && is_filled(text)) else {
        return Claim::Value(Wanted::Anything);
    };
    match super::misp::known_type(word).or_else(|| wanted_of(word).map(Claim::Value)) {
        Some(Claim::Value(wanted)) => with_port(wanted, port),
        Some(claim) => claim,
        None => match IndicatorKind::from_name(&word.trim().to_ascii_lowercase()) {
            Some(kind) => with_port(Wanted::Kind(kind), port),
            None => Claim::Unsupported(format!("nothing can look for the kind {word:?}")),
        },
    }
}

fn about(cells: &Cells<'_>) -> About {
    let mut about = About::default();
    for (name, role, text) in cells {
        let Some(role) = role.filter(|_| is_filled(text)) else { continue };
        match role {
            Role::Confidence => about.confidence(text),
            Role::ValidFrom if about.valid_from.is_none() => about.begin(text),
            Role::ValidUntil => about.end(text),
            Role::Tlp => about.label(&format!("tlp:{}", text.trim().trim_start_matches("TLP:").trim_start_matches("tlp:"))),
            Role::Label => split(text).for_each(|label| about.label(label)),
            Role::Technique => split(text).for_each(|id| about.technique(id)),
            Role::Description if about.description.is_none() => about.description = Some((*text).into()),
            Role::Port if text.trim().parse::<u16>().is_err() => about.labels.push(CompactString::from(format!("unread {name}: {text}"))),
            _ => {}
        }
    }
    about
}

fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ';', '|']).map(str::trim).filter(|part| !part.is_empty())
}

/// False for the words that tables write for nothing.
pub(super) fn is_filled(text: &str) -> bool {
    !matches!(text.trim(), "" | "-" | "n/a" | "N/A" | "None" | "none" | "null" | "NULL")
}
