//! State of the splitter within a statement.

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SplitterState {
    Normal,
    /// After the first character of a possible comment.
    Dash,
    Slash,
    LineComment,
    BlockComment {
        depth: u32,
        last: u8,
    },
    Quoted {
        quote: u8,
        backslashes: bool,
        escaped: bool,
    },
    /// After a quote that ends the string, unless another one follows.
    Closing {
        quote: u8,
        backslashes: bool,
    },
    /// In a possible tag of a dollar quote; its start in the statement.
    DollarTag {
        start: usize,
    },
    /// Between two such tags, and where the string begins.
    Dollar {
        tag: Vec<u8>,
        start: usize,
    },
    Command(Vec<u8>),
}

/// A single-quoted string. Another one on a later line continues it, as in `E'a'` and `'b'`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClosedText {
    pub(crate) backslashes: bool,
    /// Whether a line has ended since.
    pub(crate) is_on_another_line: bool,
}

pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || !byte.is_ascii()
}

pub(crate) fn is_tag(byte: u8, is_first: bool) -> bool {
    byte != b'$' && is_word(byte) && !(is_first && byte.is_ascii_digit())
}
