//! Functions for hunting, beside those of DataFusion and the `json_get` family. Each has its documentation in its file.

mod cidr_match;
mod domain;
mod entropy;
mod fang;
pub(crate) mod matching;
mod network;
pub(crate) mod sigma;
mod text;
mod unary;

use std::sync::Arc;

use datafusion::execution::FunctionRegistry;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::{DocSection, ScalarUDF};

use cidr_match::CidrMatch;
use sigma::SigmaMatches;
use unary::{Operation, Unary};

use crate::scan::NewestOnly;

/// Functions that hold more than a plan can carry: a plan with one of them runs in the process that planned it.
pub const LOCAL_FUNCTIONS: &[&str] = &[matching::MATCHING_INDICATORS, matching::INDICATOR_DETAILS];

/// Where the documentation of the functions stands.
const HUNTING: DocSection = DocSection { include: true, label: "Hunting Functions", description: None };

/// Coldtrail's own functions.
pub(crate) fn hunting_functions() -> Vec<ScalarUDF> {
    let unary = Operation::ALL.iter().map(|operation| ScalarUDF::from(Unary::new(*operation)));
    [ScalarUDF::from(CidrMatch::new()), ScalarUDF::from(SigmaMatches::new())].into_iter().chain(unary).collect()
}

/// A session with every function and rule and nothing to read: no tables, and nothing that makes tables of files.
pub(crate) fn session_state(runtime: Arc<RuntimeEnv>) -> SessionState {
    let mut state =
        SessionStateBuilder::new_with_default_features().with_runtime_env(runtime).with_optimizer_rule(Arc::new(NewestOnly)).build();
    state.table_factories_mut().clear();
    datafusion_functions_json::register_all(&mut state).expect("a new session takes every function");
    for function in hunting_functions() {
        state.register_udf(Arc::new(function)).expect("a new session takes every function");
    }
    state
}

#[cfg(test)]
mod tests;
