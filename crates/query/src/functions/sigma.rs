//! Which rules of a set a row matches. The rules travel with the plan, so that an executor evaluates them as this process would.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, BooleanBufferBuilder, ListArray, StringArray, StructArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Fields, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use coldtrail_model::Class;
use coldtrail_sigma::{Mappings, Matches, RuleSet};
use datafusion::common::{DataFusionError, Result, ScalarValue, exec_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use parking_lot::Mutex;

/// The function's name.
const SIGMA_MATCHES: &str = "sigma_matches";
/// How many sets are kept ready.
const SETS_KEPT: usize = 8;

/// What is said of a rule that a row matches; the last is a list in JSON of the values that the set's correlations need, null if none.
pub(crate) const RULE_COLUMNS: &[&str] = &["rule_id", "rule_title", "rule_level", "rule_fields"];

/// `sigma_matches(rules, table, columns, value, …)`: the rules that a row matches; null if there are none. `rules` is a set as JSON,
/// `table` the class, `columns` the names of the values that follow, with commas.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct SigmaMatches {
    signature: Signature,
}

impl SigmaMatches {
    pub(crate) fn new() -> Self {
        Self { signature: Signature::variadic_any(Volatility::Immutable) }
    }
}

fn rule_fields() -> Fields {
    RULE_COLUMNS.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect()
}

fn list_field() -> Arc<Field> {
    Arc::new(Field::new_list_field(DataType::Struct(rule_fields()), true))
}

impl ScalarUDFImpl for SigmaMatches {
    fn name(&self) -> &'static str {
        SIGMA_MATCHES
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::List(list_field()))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [rules, table, names, values @ ..] = args.args.as_slice() else {
            return exec_err!("{SIGMA_MATCHES} takes rules, a table, names of columns, and their values");
        };
        let (set, table) = (set_of(text(rules)?)?, text(table)?);
        let class: Class = table.parse().map_err(|_| DataFusionError::Execution(format!("there is no table {table}")))?;
        let arrays: Vec<ArrayRef> = values.iter().map(|value| value.to_array(args.number_rows)).collect::<Result<_>>()?;
        let fields = text(names)?.split(',').zip(&arrays).map(|(name, array)| Field::new(name, array.data_type().clone(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let options = RecordBatchOptions::new().with_row_count(Some(args.number_rows));
        let batch = RecordBatch::try_new_with_options(schema, arrays, &options)?;
        let matches = set.evaluate(class, &batch).map_err(|error| DataFusionError::Execution(error.to_string()))?;
        let carried = set.carried(class, &batch, &matches).map_err(|error| DataFusionError::Execution(error.to_string()))?;
        Ok(ColumnarValue::Array(listed(&set, &matches, &carried, args.number_rows)?))
    }
}

fn text(value: &ColumnarValue) -> Result<&str> {
    match value {
        ColumnarValue::Scalar(ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)) | ScalarValue::LargeUtf8(Some(text))) => {
            Ok(text)
        }
        _ => exec_err!("the first arguments of {SIGMA_MATCHES} are constants"),
    }
}

/// A set, made ready once for all batches of a process.
fn set_of(json: &str) -> Result<Arc<RuleSet>> {
    static SETS: LazyLock<Mutex<VecDeque<(String, Arc<RuleSet>)>>> = LazyLock::new(Mutex::default);
    if let Some((_, set)) = SETS.lock().iter().find(|(known, _)| known == json) {
        return Ok(Arc::clone(set));
    }
    let set = RuleSet::from_json(json, Mappings::builtin()).map_err(|error| DataFusionError::Execution(error.to_string()))?;
    let set = Arc::new(set);
    let mut sets = SETS.lock();
    sets.push_front((json.to_owned(), Arc::clone(&set)));
    sets.truncate(SETS_KEPT);
    Ok(set)
}

/// One list a row, of the rules that it matches.
fn listed(set: &RuleSet, matches: &Matches, carried: &[Vec<Option<String>>], rows: usize) -> Result<ArrayRef> {
    let mut lengths = vec![0; rows];
    let (mut ids, mut titles, mut levels, mut fields) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (place, found) in matches.iter().enumerate() {
        lengths[found.row] += 1;
        let about = &set.rules()[found.rule].about;
        ids.push(about.key());
        titles.push(about.title.as_str());
        levels.push(about.level.as_deref());
        let values = carried.get(place).filter(|values| !values.is_empty());
        fields.push(values.and_then(|values| serde_json::to_string(values).ok()));
    }
    let mut present = BooleanBufferBuilder::new(rows);
    lengths.iter().for_each(|length| present.append(*length > 0));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(ids)),
        Arc::new(StringArray::from(titles)),
        Arc::new(StringArray::from(levels)),
        Arc::new(StringArray::from(fields)),
    ];
    let rules = StructArray::try_new(rule_fields(), columns, None)?;
    let nulls = NullBuffer::new(present.finish());
    Ok(Arc::new(ListArray::try_new(list_field(), OffsetBuffer::from_lengths(lengths), Arc::new(rules), Some(nulls))?))
}
