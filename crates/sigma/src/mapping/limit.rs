use serde::Deserialize;

use crate::expr::{Expr, Test};
use crate::pattern::{Pattern, Piece};

/// What a field of a source can be asked, where it holds less than Sigma's field of the name does. A rule that asks more cannot be
/// evaluated over that source: it would not match what it should, or match what it should not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Limit {
    /// Anything.
    None,
    /// It is in a column, which keeps no value that is a dash or nothing.
    Column,
    /// It is a name of the DNS, which may end with the dot of the root where Sigma's does not: the dot is left off. In a column, too.
    DomainName,
    /// It is a path that begins with a device (`\Device\HarddiskVolume2\Windows`) where Sigma's begins with a drive: only how it ends, or
    /// what it holds behind the drive, can be asked.
    NoDrive,
    /// It is the name of a file where Sigma's is a path: only whether it ends with a separator and a name can be asked.
    BaseName,
}

impl Limit {
    /// Says why a test cannot be kept; `None` if it can.
    pub(crate) fn hinders(self, test: &Test) -> Option<&'static str> {
        match (self, test) {
            (Self::None, _) | (_, Test::Exists(_) | Test::Null) => None,
            (Self::Column | Self::DomainName, Test::Texts(_, patterns)) => {
                patterns.iter().any(is_nothing).then_some("no column keeps a dash or an empty text")
            }
            (Self::Column | Self::DomainName, _) => None,
            (Self::NoDrive, Test::Texts(_, patterns)) if patterns.iter().all(is_behind_drive) => None,
            (Self::NoDrive, _) => Some("its paths begin with a device and not with a drive"),
            (Self::BaseName, Test::Texts(_, patterns)) if patterns.iter().all(is_base_name) => None,
            (Self::BaseName, _) => Some("its records have the name of that file without its folder"),
        }
    }
}

/// The first test of a condition that a field's limit hinders: the field's position, and why.
pub(crate) fn hindered(expr: &Expr, limit: &dyn Fn(usize) -> Limit) -> Option<(usize, &'static str)> {
    match expr {
        Expr::All(parts) | Expr::Any(parts) => parts.iter().find_map(|part| hindered(part, limit)),
        Expr::Not(inner) => hindered(inner, limit),
        Expr::Field(field, test) => {
            let other = if let Test::SameAs(reference) = test { limit(reference.field).hinders(test) } else { None };
            limit(*field).hinders(test).or(other).map(|why| (*field, why))
        }
        Expr::Keyword(_) => None,
    }
}

fn is_nothing(pattern: &Pattern) -> bool {
    matches!(pattern.as_plain(), Some("" | "-"))
}

/// True for `*\\cmd.exe` and `*\\Temp\\*`, which no drive or device before them changes.
fn is_behind_drive(pattern: &Pattern) -> bool {
    let has_drive = |piece: &Piece| matches!(piece, Piece::Text(text) if text.contains(':') || text.to_lowercase().contains("device"));
    pattern.pieces.first() == Some(&Piece::AnyText) && !pattern.pieces.iter().any(has_drive)
}

/// True for `*\\cmd.exe` and `*/bash`.
fn is_base_name(pattern: &Pattern) -> bool {
    match pattern.pieces.as_slice() {
        [Piece::AnyText, Piece::Text(text)] => text.strip_prefix(['\\', '/']).is_some_and(|name| !name.contains(['\\', '/'])),
        _ => false,
    }
}
