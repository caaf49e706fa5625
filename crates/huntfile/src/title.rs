/// The title of a finding, with values of a row's columns: `{client} calls {server}`. Braces themselves are written twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Title {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Column(String),
}

impl Title {
    /// A title without columns, whatever it holds.
    pub(crate) fn plain(text: &str) -> Self {
        Self { pieces: vec![Piece::Text(text.to_owned())] }
    }

    /// Reads a title; the error says what is wrong in words.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text.trim();
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some(after) = rest.strip_prefix("{{").or_else(|| rest.strip_prefix("}}")) {
                plain.push_str(&rest[..1]);
                rest = after;
                continue;
            }
            let column = rest.strip_prefix('{').and_then(|after| after.split_once('}'));
            let Some((column, after)) = column.filter(|(column, _)| is_column(column)) else {
                return Err("a column is written {column}, and a brace by itself is written twice: {{ or }}".to_owned());
            };
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
            pieces.push(Piece::Column(column.to_owned()));
            rest = after;
        }
        plain.push_str(rest);
        pieces.push(Piece::Text(plain));
        pieces.retain(|piece| *piece != Piece::Text(String::new()));
        Ok(Self { pieces })
    }

    /// The columns in the title.
    pub fn columns(&self) -> Vec<&str> {
        let columns = self.pieces.iter().filter_map(|piece| match piece {
            Piece::Column(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        });
        columns.collect()
    }

    /// The title of one row. A column without a value is shown as `–`.
    pub fn of_row(&self, value: impl Fn(&str) -> Option<String>) -> String {
        let texts = self.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Column(name) => value(name).unwrap_or_else(|| "–".to_owned()),
        });
        texts.collect()
    }
}

fn is_column(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}
