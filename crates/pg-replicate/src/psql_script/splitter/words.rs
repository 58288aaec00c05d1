//! Keywords that distinguish the body of a routine from other statements.

/// The words of a statement, as far as they identify the body of a routine.
#[derive(Debug, Default)]
pub(crate) struct Words {
    /// Truncated, because no keyword is longer.
    pub(crate) current: Vec<u8>,
    last: Vec<u8>,
    count: u32,
    is_create: bool,
    is_routine: bool,
    pub(crate) blocks: u32,
}

impl Words {
    pub(crate) fn push(&mut self, byte: u8) {
        if self.current.len() < 16 {
            self.current.push(byte);
        }
    }

    /// Something other than whitespace and comments is between two words.
    pub(crate) fn interrupt(&mut self) {
        self.last.clear();
    }

    pub(crate) fn end(&mut self, parentheses: u32) {
        if self.current.is_empty() {
            return;
        }
        let is = |word: &str| self.current.eq_ignore_ascii_case(word.as_bytes());
        self.count += 1;
        match self.count {
            1 => self.is_create = is("CREATE"),
            2..=4 if self.is_create && (is("FUNCTION") || is("PROCEDURE")) => {
                self.is_routine = true;
            }
            _ => {}
        }
        if self.is_routine && parentheses == 0 {
            let begins = is("ATOMIC") && self.last.eq_ignore_ascii_case(b"BEGIN");
            if begins || (self.blocks > 0 && is("CASE")) {
                self.blocks += 1;
            } else if is("END") {
                self.blocks = self.blocks.saturating_sub(1);
            }
        }
        self.last = std::mem::take(&mut self.current);
    }
}
