//! Reading a statement: one, and one that only reads.

use std::ops::ControlFlow;

use datafusion::common::format::ExplainFormat;
use datafusion::sql::parser::{DFParserBuilder, ExplainStatement, Statement};
use datafusion::sql::sqlparser::ast::{Expr, Statement as SqlStatement, Value, ValueWithSpan, VisitMut, VisitorMut};
use datafusion::sql::sqlparser::tokenizer::Span;

use crate::Error;
use crate::dialect::HuntDialect;
use crate::paths::resolve_paths;
use crate::suggest::bad_statement;
use crate::table_calls::resolve_table_calls;

/// What a statement asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    /// Rows.
    Rows,
    /// How the rows would be got, or were.
    Explanation(Explain),
}

/// What an `EXPLAIN` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explain {
    /// Run it and show what was counted.
    pub analyze: bool,
    /// Show more of each operator.
    pub verbose: bool,
    /// Draw the plan as a tree.
    pub tree: bool,
}

/// A statement that was read: OCSF paths are columns, `?` are `$1`, `$2`, …, and `EXPLAIN` is taken off.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) statement: Statement,
    pub(crate) request: Request,
}

/// Reads one statement. What would change anything, or read anything but tables, is refused here.
pub(crate) fn parse(sql: &str) -> Result<Parsed, Error> {
    let mut statements = DFParserBuilder::new(sql)
        .with_dialect(&HuntDialect)
        .build()
        .and_then(|mut parser| parser.parse_statements())
        .map_err(bad_statement)?;
    if statements.len() > 1 {
        return Err(Error::BadStatement { message: "more than one statement; send them one by one".to_owned() });
    }
    let statement = statements.pop_front().ok_or_else(|| Error::BadStatement { message: "there is no statement".to_owned() })?;
    let (mut statement, request) = match statement {
        Statement::Explain(explain) => explanation(explain)?,
        statement => (statement, Request::Rows),
    };
    refuse_changes(&statement)?;
    number_placeholders(&mut statement)?;
    if let Statement::Statement(sql) = &mut statement {
        resolve_table_calls(sql)?;
    }
    resolve_paths(&mut statement);
    Ok(Parsed { statement, request })
}

fn explanation(explain: ExplainStatement) -> Result<(Statement, Request), Error> {
    let options = explain.options;
    let tree = match options.format {
        None | Some(ExplainFormat::Indent) => false,
        Some(ExplainFormat::Tree) => true,
        Some(other) => {
            return Err(Error::BadStatement { message: format!("EXPLAIN knows FORMAT INDENT and FORMAT TREE, not {other}") });
        }
    };
    let request = Request::Explanation(Explain { analyze: options.analyze, verbose: options.verbose, tree });
    Ok((*explain.statement, request))
}

fn refuse_changes(statement: &Statement) -> Result<(), Error> {
    let Statement::Statement(sql) = statement else { return Err(read_only(&statement.to_string())) };
    match sql.as_ref() {
        SqlStatement::Query(_)
        | SqlStatement::ShowTables { .. }
        | SqlStatement::ShowColumns { .. }
        | SqlStatement::ShowFunctions { .. }
        | SqlStatement::ShowVariable { .. }
        | SqlStatement::ExplainTable { .. } => Ok(()),
        other => Err(read_only(&other.to_string())),
    }
}

/// The refusal of a statement that would change something.
pub(crate) fn read_only(statement: &str) -> Error {
    let command = statement.split_whitespace().next().unwrap_or_default().to_uppercase();
    Error::NotAllowed { message: format!("Coldtrail is read-only over SQL: {command} is not allowed") }
}

/// Gives each `?` its number, in the order of the text.
fn number_placeholders(statement: &mut Statement) -> Result<(), Error> {
    let Statement::Statement(sql) = statement else { return Ok(()) };
    let mut found = Placeholders::default();
    let _: ControlFlow<()> = sql.visit(&mut found);
    if found.marks.is_empty() {
        return Ok(());
    }
    if found.numbered {
        return Err(Error::BadStatement { message: "the statement mixes ? and $1 as parameters; use one of them".to_owned() });
    }
    found.marks.sort_unstable_by_key(|span| (span.start.line, span.start.column));
    let _: ControlFlow<()> = sql.visit(&mut Numbering { marks: found.marks });
    Ok(())
}

#[derive(Default)]
struct Placeholders {
    marks: Vec<Span>,
    numbered: bool,
}

impl VisitorMut for Placeholders {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::Value(ValueWithSpan { value: Value::Placeholder(mark), span }) if mark == "?" => self.marks.push(*span),
            Expr::Value(ValueWithSpan { value: Value::Placeholder(_), .. }) => self.numbered = true,
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

struct Numbering {
    marks: Vec<Span>,
}

impl VisitorMut for Numbering {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::Value(ValueWithSpan { value: Value::Placeholder(mark), span }) = expr
            && let Some(position) = self.marks.iter().position(|other| other == span)
        {
            *mark = format!("${}", position + 1);
        }
        ControlFlow::Continue(())
    }
}
