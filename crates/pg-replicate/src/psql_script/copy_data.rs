//! COPY data: the rows between `COPY … FROM stdin;` and the line `\.`.

use bytes::BytesMut;
use memchr::memchr;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    LineStart,
    /// After `\`, `\.` or `\.` and a carriage return at the start of a line: held back, because this may be
    /// the last line.
    Backslash,
    Dot,
    DotReturn,
    Inside,
}

/// Finds the end of the rows, in whatever pieces they are read.
#[derive(Debug)]
pub(crate) struct CopyData {
    at: At,
    line: u64,
}

impl CopyData {
    /// `line`: where the rows start.
    pub(crate) fn new(line: u64) -> Self {
        Self { at: At::LineStart, line }
    }

    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// Appends rows to `rows`; returns the number of bytes consumed, and whether the end was among them.
    pub(crate) fn feed(&mut self, input: &[u8], rows: &mut BytesMut) -> (usize, bool) {
        let mut at = 0;
        while let Some(&byte) = input.get(at) {
            match (self.at, byte) {
                (At::LineStart, b'\\') => self.at = At::Backslash,
                (At::Backslash, b'.') => self.at = At::Dot,
                (At::Dot, b'\r') => self.at = At::DotReturn,
                (At::Dot | At::DotReturn, b'\n') => {
                    self.line += 1;
                    return (at + 1, true);
                }
                _ => {
                    rows.extend_from_slice(self.held());
                    let rest = &input[at..];
                    let length = match memchr(b'\n', rest) {
                        Some(end) => {
                            self.line += 1;
                            self.at = At::LineStart;
                            end + 1
                        }
                        None => {
                            self.at = At::Inside;
                            rest.len()
                        }
                    };
                    rows.extend_from_slice(&rest[..length]);
                    at += length;
                    continue;
                }
            }
            at += 1;
        }
        (at, false)
    }

    /// Whether the rows are complete if the script ends here.
    pub(crate) fn may_end(&self) -> bool {
        matches!(self.at, At::Dot | At::DotReturn)
    }

    fn held(&self) -> &'static [u8] {
        match self.at {
            At::Backslash => b"\\",
            At::Dot => b"\\.",
            At::DotReturn => b"\\.\r",
            At::LineStart | At::Inside => b"",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows, the text after them, and its line.
    fn read(input: &[u8], size: usize) -> Option<(Vec<u8>, Vec<u8>, u64)> {
        let mut data = CopyData::new(1);
        let mut rows = BytesMut::new();
        let mut at = 0;
        for chunk in input.chunks(size) {
            let (taken, ended) = data.feed(chunk, &mut rows);
            at += taken;
            if ended {
                return Some((rows.to_vec(), input[at..].to_vec(), data.line()));
            }
        }
        data.may_end().then(|| (rows.to_vec(), Vec::new(), data.line()))
    }

    #[test]
    fn rows_up_to_the_end() {
        for size in 1..8 {
            let found = |text: &str| {
                let (rows, rest, line) = read(text.as_bytes(), size)?;
                Some((String::from_utf8(rows).unwrap(), String::from_utf8(rest).unwrap(), line))
            };
            let is = |rows: &str, rest: &str, line| Some((rows.to_owned(), rest.to_owned(), line));
            assert_eq!(found("1\ta\n2\t\\N\n\\.\nX"), is("1\ta\n2\t\\N\n", "X", 4));
            assert_eq!(found("\\.\n"), is("", "", 2));
            assert_eq!(found("1\r\n\\.\r\nX"), is("1\r\n", "X", 3));
            assert_eq!(
                found("\\.a\n\\N\n\\\n\\.\\.\n.\n\\."),
                is("\\.a\n\\N\n\\\n\\.\\.\n.\n", "", 6)
            );
            assert_eq!(found("\\.\rb\n \\.\n\\.\r"), is("\\.\rb\n \\.\n", "", 3));
            assert_eq!(found("1\n2"), None);
            assert_eq!(found("1\n\\"), None);
        }
    }
}
