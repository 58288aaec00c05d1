//! Which files of a crate import each other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Two files may belong together so closely; what three of them share belongs into a file below them. A re-export counts as
/// an item of the file that makes it, those of `lib.rs` do not count.
#[test]
fn no_more_than_two_files_import_each_other_in_a_circle() {
    let mut circles = BTreeSet::new();
    for one in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../crates")).unwrap() {
        let source = one.unwrap().path().join("src");
        let mut files = BTreeMap::new();
        read(&source, &[], &mut files);
        let mut reached: BTreeMap<&str, BTreeSet<&str>> =
            files.iter().map(|(name, text)| (name.as_str(), imports(name, text, &files))).collect();
        for between in files.keys() {
            let further = reached[between.as_str()].clone();
            let through = reached.values_mut().filter(|all| all.contains(between.as_str()));
            through.for_each(|all| all.extend(&further));
        }
        for name in files.keys().map(String::as_str) {
            let is_in_circle = |other: &&&str| reached[**other].contains(name);
            let circle: Vec<_> = reached[name].iter().filter(is_in_circle).collect();
            if circle.len() > 2 {
                circles.insert(format!("{}: {circle:?}", source.display()));
            }
        }
    }
    assert!(circles.is_empty(), "{circles:#?}");
}

/// Reads the files below a directory, each by its path in the crate (`a::b`).
fn read(directory: &Path, at: &[String], files: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let name = [at, std::slice::from_ref(&stem)].concat();
        if path.is_dir() {
            read(&path, &name, files);
        } else if path.extension().is_some_and(|end| end == "rs") && stem != "lib" {
            let name = if stem == "mod" { at.join("::") } else { name.join("::") };
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap_or_default();
            let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
            files.insert(name, code.collect::<Vec<_>>().join(" "));
        }
    }
}

/// The files that one imports, by `use` or by a path in the code.
fn imports<'a>(name: &str, text: &str, files: &'a BTreeMap<String, String>) -> BTreeSet<&'a str> {
    let mut paths = Vec::new();
    for (number, statement) in text.split(" use ").enumerate() {
        let (list, code) =
            if number > 0 { statement.split_once(';').unwrap() } else { ("", statement) };
        expand("", list, &mut paths);
        let is_of_path = |one: char| one.is_alphanumeric() || "_:".contains(one);
        paths.extend(code.split(|one| !is_of_path(one)).map(str::to_owned));
    }
    paths.iter().filter_map(|path| file(name, path, files)).filter(|found| *found != name).collect()
}

/// `a::{b, c::{d}}` is `a::b` and `a::c::d`.
fn expand(prefix: &str, list: &str, paths: &mut Vec<String>) {
    let (mut depth, mut start) = (0, 0);
    for (place, one) in list.char_indices().chain([(list.len(), ',')]) {
        depth += i32::from(one == '{') - i32::from(one == '}');
        if one == ',' && depth == 0 {
            let item = list[start..place].trim();
            match item.strip_suffix('}').and_then(|item| item.split_once('{')) {
                Some((path, inner)) => expand(&format!("{prefix}{path}"), inner, paths),
                None => paths.push(format!("{prefix}{item}")),
            }
            start = place + 1;
        }
    }
}

/// The file that a path in the file `name` leads to, if it leads to one of the crate.
fn file<'a>(name: &str, path: &str, files: &'a BTreeMap<String, String>) -> Option<&'a str> {
    let mut at: Vec<&str> = name.split("::").collect();
    let mut rest: Vec<&str> = path.trim().split("::").collect();
    match rest[0] {
        // Such as `pub(super)`.
        _ if rest.len() < 2 => return None,
        "crate" => at.clear(),
        "self" | "super" => {}
        _ if files.contains_key(&format!("{name}::{}", rest[0])) => {
            rest.insert(0, "self");
        }
        _ => return None,
    }
    for part in rest {
        match part {
            "crate" | "self" => {}
            "super" => drop(at.pop()),
            part => at.push(part),
        }
    }
    while !at.is_empty() {
        if let Some((found, _)) = files.get_key_value(&at.join("::")) {
            return Some(found);
        }
        at.pop();
    }
    None
}
