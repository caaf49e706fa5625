use crate::IndicatorKind;

use super::{Normal, Refusal, normalise_pattern, rejected};

/// Names of hives, and the short one that keys are compared with.
const HIVES: &[(&str, &str)] = &[
    ("hkey_local_machine", "hklm"),
    ("hkey_current_user", "hkcu"),
    ("hkey_users", "hku"),
    ("hkey_classes_root", "hkcr"),
    ("hkey_current_config", "hkcc"),
    (r"\registry\machine", "hklm"),
    (r"\registry\user", "hku"),
    (r"registry\machine", "hklm"),
    (r"registry\user", "hku"),
];

/// A registry key as an indicator.
pub(crate) fn normal(text: &str) -> Result<Normal, Refusal> {
    if text.contains('*') {
        return normalise_pattern(IndicatorKind::RegistryKey, &text.replace('[', "[[]").replace('?', "[?]"));
    }
    let folded = fold(text);
    match parts(rest(&folded)) == 0 {
        true => rejected(format!("{text:?} names no registry key below a hive")),
        false => Ok(Normal::new(IndicatorKind::RegistryKey, folded)),
    }
}

/// A key in the form that both sides are compared in: lower case, short name of the hive, the current control set, `HKCR` for the
/// classes of the machine.
pub(crate) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for letter in text.trim().chars().flat_map(char::to_lowercase) {
        if letter != '\\' || !folded.ends_with('\\') {
            folded.push(letter);
        }
    }
    let folded = folded.trim_end_matches('\\');
    let folded = folded.strip_prefix(r"computer\").unwrap_or(folded);
    let folded = folded.strip_prefix("registry::").unwrap_or(folded);
    let hive = HIVES.iter().find_map(|(long, short)| {
        let rest = folded.strip_prefix(long)?;
        (rest.is_empty() || rest.starts_with(['\\', ':'])).then(|| format!("{short}{rest}"))
    });
    let folded = hive.unwrap_or_else(|| folded.to_owned());
    current_control_set(classes(&without_colon(&folded)))
}

/// `hklm:\software`, as PowerShell writes it, without the colon.
fn without_colon(folded: &str) -> String {
    match folded.split_once(':') {
        Some((hive, rest)) if is_hive(hive) => format!("{hive}{rest}"),
        _ => folded.to_owned(),
    }
}

fn classes(folded: &str) -> String {
    if let Some(rest) = folded.strip_prefix(r"hklm\software\classes").filter(|rest| rest.is_empty() || rest.starts_with('\\')) {
        return format!("hkcr{rest}");
    }
    match folded.strip_prefix(r"hku\").and_then(|rest| rest.split_once(r"_classes\")) {
        Some((sid, rest)) if !sid.contains('\\') => format!(r"hku\{sid}\software\classes\{rest}"),
        _ => folded.to_owned(),
    }
}

fn current_control_set(folded: String) -> String {
    let Some(at) = folded.find(r"system\controlset") else { return folded };
    let (head, tail) = folded.split_at(at + r"system\".len());
    let digits = &tail["controlset".len()..];
    let end = digits.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(digits.len());
    match end > 0 && (at == 0 || head[..at].ends_with('\\')) {
        true => format!("{head}currentcontrolset{}", &digits[end..]),
        false => folded,
    }
}

fn is_hive(text: &str) -> bool {
    matches!(text, "hklm" | "hkcu" | "hku" | "hkcr" | "hkcc")
}

/// What stands below the hive, and below the user in `hku\<sid>`.
pub(crate) fn rest(folded: &str) -> &str {
    let Some((hive, rest)) = folded.split_once('\\') else { return if is_hive(folded) { "" } else { folded } };
    match hive {
        "hku" => rest.split_once('\\').map_or("", |(_, rest)| rest),
        hive if is_hive(hive) => rest,
        _ => folded,
    }
}

/// True if the key says in which hive it is.
pub(crate) fn has_hive(folded: &str) -> bool {
    is_hive(folded.split('\\').next().unwrap_or(""))
}

/// How many parts a key has.
pub(crate) fn parts(key: &str) -> usize {
    if key.is_empty() { 0 } else { key.split('\\').count() }
}
