use ballista_core::extension::SessionConfigExt;
use datafusion::prelude::SessionConfig;

use crate::MESSAGE_BYTES_MAX;

/// A file is cut into ranges of at least this size: every range reads the footer again.
const RANGE_BYTES_MIN: usize = 64 << 20;
/// Partitions a core: enough to keep the last one from waiting long for the others.
const PARTITIONS_PER_VCORE: usize = 2;
/// More partitions make plans and shuffles larger than the work they spread.
const PARTITIONS_MAX: usize = 512;

/// How a statement is planned when Ballista runs it on executors with this many vcores in all.
#[must_use]
pub fn distributed_session_config(vcores: usize) -> SessionConfig {
    let partitions = (vcores * PARTITIONS_PER_VCORE).clamp(4, PARTITIONS_MAX);
    scans(SessionConfig::new_with_ballista().with_target_partitions(partitions))
        // The adaptive planner does not recover from a lost executor and drops our optimizer rules.
        .set_str("ballista.planner.adaptive.enabled", "false")
        .with_ballista_grpc_client_max_message_size(MESSAGE_BYTES_MAX)
        .set_bool("datafusion.optimizer.prefer_hash_join", true)
        // A dynamic filter loses its producer when a plan is cut into stages, and its scan waits for ever.
        .set_bool("datafusion.optimizer.enable_dynamic_filter_pushdown", false)
}

/// How a statement is planned when it runs in this process on this many cores.
#[must_use]
pub fn local_session_config(cores: usize) -> SessionConfig {
    scans(SessionConfig::new().with_information_schema(true).with_target_partitions(cores.max(1)))
        // The same column types as in the distributed tier: the tier must not show in a result.
        .set_bool("datafusion.execution.parquet.schema_force_view_types", false)
        .set_bool("datafusion.sql_parser.map_string_types_to_utf8view", false)
        .set_bool("datafusion.optimizer.prefer_hash_join", true)
        // Joins instead, which can be distributed: where a query runs is told by its local plan.
        .set_bool("datafusion.optimizer.enable_physical_uncorrelated_scalar_subquery", false)
        .set_bool("datafusion.optimizer.enable_dynamic_filter_pushdown", true)
}

/// What both tiers share: late materialisation, and no statistics but those of the catalog.
fn scans(config: SessionConfig) -> SessionConfig {
    config
        .with_repartition_file_min_size(RANGE_BYTES_MIN)
        .with_collect_statistics(false)
        .set_bool("datafusion.execution.parquet.pushdown_filters", true)
        .set_bool("datafusion.execution.parquet.reorder_filters", true)
}
