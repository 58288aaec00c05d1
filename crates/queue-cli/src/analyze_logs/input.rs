//! Input: the lines of a log, one at a time, so that its size does not matter.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, stdin};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

/// Maximum length of a line; longer ones are not kept in memory.
const LONGEST: u64 = 4 * 1024 * 1024;

/// The first bytes of gzip files.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Opens a file, or stdin for `-`; decompresses gzip.
pub(super) fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    let stream: Box<dyn Read> =
        if path == Path::new("-") { Box::new(stdin()) } else { Box::new(File::open(path)?) };
    let mut stream = BufReader::with_capacity(1 << 16, stream);
    if stream.fill_buf()?.starts_with(&GZIP) {
        return Ok(Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(stream))));
    }
    Ok(Box::new(stream))
}

/// Passes each line to `take`, without its end; `None` for one that is too long.
pub(super) fn each_line(
    mut stream: impl BufRead,
    mut take: impl FnMut(Option<&str>),
) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if stream.by_ref().take(LONGEST).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if line.len() as u64 == LONGEST && line.last() != Some(&b'\n') {
            stream.skip_until(b'\n')?;
            take(None);
            line = Vec::new();
        } else {
            take(Some(String::from_utf8_lossy(&line).trim_end()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_an_end_is_not_kept() {
        let long = "x".repeat(LONGEST as usize);
        let text = format!("one\r\n{long}{long}\ntwo\n\u{fffd}\nthree");
        let mut lines = Vec::new();
        each_line(text.as_bytes(), |line| lines.push(line.map(str::to_owned))).unwrap();
        let wanted = [Some("one"), None, Some("two"), Some("\u{fffd}"), Some("three")];
        assert_eq!(lines, wanted.map(|line| line.map(str::to_owned)));
    }
}
