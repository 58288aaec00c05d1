//! PostgreSQL's array literals, and the text format of COPY.

/// `{"a","b\"c",NULL}`: every element is quoted, so that it cannot be misinterpreted.
pub(super) fn array_literal(elements: impl IntoIterator<Item = Option<String>>) -> String {
    let elements: Vec<_> = elements
        .into_iter()
        .map(|element| match element {
            None => "NULL".to_owned(),
            Some(text) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        })
        .collect();
    format!("{{{}}}", elements.join(","))
}

/// Appends `row` as one line of `COPY … FROM STDIN`, text format.
pub(super) fn copy_line(row: &[Option<String>], buffer: &mut Vec<u8>) {
    for (index, value) in row.iter().enumerate() {
        if index > 0 {
            buffer.push(b'\t');
        }
        match value {
            None => buffer.extend_from_slice(b"\\N"),
            Some(text) => copy_text(text, buffer),
        }
    }
    buffer.push(b'\n');
}

fn copy_text(text: &str, buffer: &mut Vec<u8>) {
    for byte in text.bytes() {
        match byte {
            b'\\' => buffer.extend_from_slice(b"\\\\"),
            b'\n' => buffer.extend_from_slice(b"\\n"),
            b'\r' => buffer.extend_from_slice(b"\\r"),
            b'\t' => buffer.extend_from_slice(b"\\t"),
            other => buffer.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_quoted_and_nulls_are_not() {
        let elements = ["a,b", "{\"c\"}", "\\", "", "null"];
        let literal = array_literal(elements.into_iter().map(|e| Some(e.to_owned())).chain([None]));
        assert_eq!(literal, r#"{"a,b","{\"c\"}","\\","","null",NULL}"#);
        assert_eq!(array_literal([]), "{}");
    }

    #[test]
    fn a_line_holds_what_separates_lines_and_columns() {
        let mut line = Vec::new();
        copy_line(&[Some("a\tb\\N\r\n".into()), None, Some(String::new())], &mut line);
        assert_eq!(line, b"a\\tb\\\\N\\r\\n\t\\N\t\n");
    }
}
