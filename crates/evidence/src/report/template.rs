//! The templates, and how values get into them.

use std::borrow::Cow;
use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Output, State, Value, escape_formatter};

const MARKDOWN: AutoEscape = AutoEscape::Custom(Cow::Borrowed("markdown"));

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut templates = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    templates.set_syntax(syntax.expect("nothing but white space is set"));
    templates.set_auto_escape_callback(|name| if name.ends_with(".md") { MARKDOWN } else { AutoEscape::Html });
    templates.set_formatter(write_value);
    templates.add_filter("count", |number: u64| thousands(number));
    templates.add_filter("code", |text: String| Value::from_safe_string(indented(&text)));
    for (name, source) in [("report.html", include_str!("report.html")), ("report.md", include_str!("report.md"))] {
        templates.add_template(name, source).expect("the templates are part of the program, and tests render them");
    }
    templates
});

/// A template with its values.
pub(super) fn render(name: &str, context: Value) -> String {
    let template = TEMPLATES.get_template(name).expect("the template was added above");
    template.render(context).expect("a template uses only what every context has, and tests render it")
}

fn write_value(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), minijinja::Error> {
    let Some(text) = value.as_str().filter(|_| !value.is_safe()) else { return escape_formatter_of(out, state, value) };
    if *state.auto_escape() == MARKDOWN {
        out.write_str(&escape_markdown(&visible(text))).map_err(minijinja::Error::from)
    } else {
        escape_formatter(out, state, &Value::from(visible(text)))
    }
}

/// Numbers and what is safe already; for Markdown there is nothing to escape in them.
fn escape_formatter_of(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), minijinja::Error> {
    if *state.auto_escape() == MARKDOWN {
        return out.write_str(&value.to_string()).map_err(minijinja::Error::from);
    }
    escape_formatter(out, state, value)
}

/// A text with what cannot be seen written out: `\u{202e}` for the character that turns the direction of writing around.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\t' => out.push(letter),
            '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}' => {
                out.extend(letter.escape_unicode());
            }
            _ if letter.is_control() => out.extend(letter.escape_unicode()),
            _ => out.push(letter),
        }
    }
    out
}

/// A text that Markdown shows as it is, in a paragraph, a heading or the cell of a table.
fn escape_markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\t' => out.push(' '),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '$' => out.extend(['\\', letter]),
            _ => out.push(letter),
        }
    }
    out
}

/// A text as a block of code in Markdown, which no text can end.
fn indented(text: &str) -> String {
    visible(text).lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

/// 1234567 as `1,234,567`.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
