//! npm's dotenv reads `.env` as the table says that our reader is tested with.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::interop::install;

#[test]
fn the_package_reads_each_text_as_the_table_says() {
    let cases = include_str!("../../../interop/dotenv-cases.json");
    let mut child = Command::new("node")
        .arg(install::sources().join("dotenv.js"))
        .env("NODE_PATH", install::node_modules())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node starts");
    child.stdin.take().unwrap().write_all(cases.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let read: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let expected: Vec<Value> = serde_json::from_str(cases).unwrap();
    for (read, expected) in read.iter().zip(&expected) {
        assert_eq!(read, expected);
    }
    assert_eq!(read.len(), expected.len());
}
