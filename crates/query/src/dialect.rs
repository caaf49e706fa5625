use std::any::TypeId;

use datafusion::sql::sqlparser::ast::Expr;
use datafusion::sql::sqlparser::dialect::{Dialect, GenericDialect};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

/// The SQL that Coldtrail reads: the generic dialect, but with `->` and `->>` as PostgreSQL has them, so that
/// `raw_data->>'eventName' = 'x'` compares what was found.
#[derive(Debug)]
pub(crate) struct HuntDialect;

/// Between the cast `::` and multiplication, as sqlparser numbers them.
const ARROW: u8 = 45;

/// What the generic dialect allows of what can be read.
macro_rules! like_generic {
    ($($name:ident)*) => { $(fn $name(&self) -> bool { GenericDialect.$name() })* };
}

impl Dialect for HuntDialect {
    fn dialect(&self) -> TypeId {
        TypeId::of::<GenericDialect>()
    }

    fn get_next_precedence(&self, parser: &Parser<'_>) -> Option<Result<u8, ParserError>> {
        match parser.peek_token_ref().token {
            Token::Arrow | Token::LongArrow | Token::HashArrow | Token::HashLongArrow => Some(Ok(ARROW)),
            _ => None,
        }
    }

    /// `a IS DISTINCT FROM b AND c` as the standard has it. By itself sqlparser reads `b AND c` as the right side, and answers
    /// another question without a word.
    fn parse_infix(&self, parser: &mut Parser<'_>, left: &Expr, precedence: u8) -> Option<Result<Expr, ParserError>> {
        let distinct = if parser.parse_keywords(&[Keyword::IS, Keyword::DISTINCT, Keyword::FROM]) {
            Expr::IsDistinctFrom
        } else if parser.parse_keywords(&[Keyword::IS, Keyword::NOT, Keyword::DISTINCT, Keyword::FROM]) {
            Expr::IsNotDistinctFrom
        } else {
            return None;
        };
        let right = parser.parse_subexpr(precedence);
        Some(right.map(|right| distinct(Box::new(left.clone()), Box::new(right))))
    }

    fn is_delimited_identifier_start(&self, character: char) -> bool {
        GenericDialect.is_delimited_identifier_start(character)
    }

    fn is_identifier_start(&self, character: char) -> bool {
        GenericDialect.is_identifier_start(character)
    }

    fn is_identifier_part(&self, character: char) -> bool {
        GenericDialect.is_identifier_part(character)
    }

    like_generic! {
        supports_unicode_string_literal supports_group_by_expr supports_group_by_with_modifier
        supports_left_associative_joins_without_parens supports_window_function_null_treatment_arg supports_dictionary_syntax
        supports_window_clause_named_window_reference supports_select_wildcard_except support_map_literal_syntax allow_extract_custom
        allow_extract_single_quotes supports_extract_comma_syntax supports_parens_around_table_factor supports_values_as_table_factor
        supports_explain_with_utility_options supports_limit_comma supports_from_first_select
        supports_try_convert supports_bitwise_shift_operators supports_named_fn_args_with_assignment_operator supports_struct_literal
        supports_nested_comments supports_string_escape_constant supports_array_typedef_with_brackets
        supports_filter_during_aggregation supports_select_wildcard_exclude supports_interval_options supports_quote_delimited_string
        supports_select_wildcard_replace supports_select_wildcard_ilike supports_select_wildcard_rename supports_pipe_operator
        supports_comma_separated_trim
    }
}
