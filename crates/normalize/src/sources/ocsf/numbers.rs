//! The numbers that OCSF 1.8.0 knows of its enumerations: others are not valid, and mean Other.

use coldtrail_model::Col;

const OTHER: i64 = 99;

/// Columns, and the last number of those that follow each other from 0.
const LAST: &[(Col, i64)] = &[
    (Col::ActionId, 4),
    (Col::DispositionId, 27),
    (Col::ActorUserTypeId, 4),
    (Col::UserTypeId, 4),
    (Col::UserRiskLevelId, 4),
    (Col::InjectionTypeId, 3),
    (Col::DeviceTypeId, 15),
    (Col::FileTypeId, 8),
    (Col::ModuleFileTypeId, 8),
    (Col::ModuleLoadTypeId, 5),
    (Col::RegValueTypeId, 10),
    (Col::LogTypeId, 2),
    (Col::ScriptTypeId, 7),
    (Col::ConnectionInfoDirectionId, 4),
    (Col::ConnectionInfoBoundaryId, 11),
    (Col::QueryOpcodeId, 6),
    (Col::RcodeId, 25),
    (Col::AuthProtocolId, 12),
    (Col::LogonTypeId, 13),
    (Col::RiskLevelId, 4),
    (Col::FindingInfoAnalyticTypeId, 11),
    (Col::ConfidenceId, 3),
    (Col::TypeId, 3),
    (Col::DatabucketTypeId, 3),
    (Col::DatabaseTypeId, 8),
];

/// Numbers on the way to the last that mean nothing.
const GAPS: &[(Col, std::ops::RangeInclusive<i64>)] = &[(Col::RcodeId, 12..=15), (Col::LogonTypeId, 6..=6)];

const OPERATING_SYSTEMS: &[i64] = &[0, 99, 100, 101, 200, 201, 300, 301, 302, 400, 401, 402];
const IP_VERSIONS: &[i64] = &[0, 4, 6];

/// The number itself if its enumeration has it, or else Other.
pub(super) fn known(col: Col, number: i64) -> i64 {
    let is_known = match col {
        Col::DeviceOsTypeId => OPERATING_SYSTEMS.contains(&number),
        Col::ConnectionInfoProtocolVerId => IP_VERSIONS.contains(&number),
        _ => match LAST.iter().find(|(known, _)| *known == col) {
            Some((_, last)) => (0..=*last).contains(&number) && !GAPS.iter().any(|(known, gap)| *known == col && gap.contains(&number)),
            None => true,
        },
    };
    if is_known { number } else { OTHER }
}
