//! Media of a staging environment: synchronized to a bucket, and protected by PROTECTED_HOSTS.

use std::path::Path;

use anyhow::{Context, bail};
use test_servers::fakes::S3Buckets;

use crate::programs::Programs;
use crate::screen::Screen;

/// A substitute for an application's migrations.
pub(crate) const MIGRATIONS: &str = "psql -X -q -c 'CREATE TABLE IF NOT EXISTS schema_migrations AS SELECT 20261121 AS version' \
     && echo migrated as $PGUSER";

/// Production's media: keys and contents.
const MEDIA: [(&str, &str); 4] = [
    ("covers/one.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>"),
    ("covers/two.svg", "<svg xmlns='http://www.w3.org/2000/svg'><g/></svg>"),
    ("manuals/first steps.txt", "Begin at the beginning."),
    ("logo.png", "not really a picture"),
];

const BUCKET: &str = "shop-staging";

/// Copies a small directory of media into a bucket, then changes some files and copies again.
pub(crate) fn run(programs: &Programs, screen: &mut Screen) -> anyhow::Result<()> {
    screen.heading("Media: a directory is synchronized to a bucket");
    screen.line(
        "The S3 server is a mock. The last command shows that a protected target is refused.",
    );
    let directory = tempfile::tempdir().context("a directory for media")?;
    for (key, content) in MEDIA {
        write(directory.path(), key, content)?;
    }
    let server = S3Buckets::start(&[BUCKET]).context("an S3 server")?;
    let source = format!("file://{}", directory.path().display());
    let target = format!("s3://{BUCKET}/store");
    screen.line(&format!("MEDIA_SOURCE={source}  MEDIA_TARGET={target}  MEDIA_PUBLIC_READ=true"));
    let mut environment = server.environment();
    environment.extend(
        [
            ("MEDIA_SOURCE", source.as_str()),
            ("MEDIA_TARGET", &target),
            ("MEDIA_PUBLIC_READ", "true"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    let run = |arguments: &[&str], extra: &[(&str, &str)]| {
        let set = environment.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let set: Vec<_> = set.chain(extra.iter().copied()).collect();
        let output = programs.command("run", &set).args(arguments).output().context("run")?;
        anyhow::Ok((
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        ))
    };
    let mut show = |arguments: &[&str], extra: &[(&str, &str)], expected: i32| {
        let set: String = extra.iter().map(|(name, value)| format!("{name}={value} ")).collect();
        screen.command(&format!("{set}run {}", arguments.join(" ")));
        let (code, stdout, stderr) = run(arguments, extra)?;
        if code != Some(expected) {
            bail!("run {} ended with {code:?}: {stdout}{stderr}", arguments.join(" "));
        }
        screen.quote(if expected == 0 { &stdout } else { &stderr });
        anyhow::Ok(())
    };
    show(&["media-sync", "--dry-run"], &[], 0)?;
    show(&["media-sync"], &[], 0)?;
    std::fs::remove_file(directory.path().join("logo.png")).context("remove a file")?;
    write(directory.path(), "covers/three.svg", MEDIA[0].1)?;
    show(&["media-sync", "--delete"], &[], 0)?;
    show(&["media-sync"], &[("PROTECTED_HOSTS", BUCKET)], 2)?;
    let public = |key: &String| {
        server
            .object(BUCKET, key)
            .is_some_and(|object| object.acl.as_deref() == Some("public-read"))
    };
    let keys = server.keys(BUCKET);
    if keys.len() != MEDIA.len() || !keys.iter().all(public) {
        bail!("the bucket does not contain the expected objects: {keys:?}");
    }
    screen
        .good("The bucket contains the same files as the directory, and everybody may read them.");
    Ok(())
}

fn write(directory: &Path, key: &str, content: &str) -> anyhow::Result<()> {
    let file = directory.join(key);
    let parent = file.parent().context("a file is in a directory")?;
    std::fs::create_dir_all(parent).with_context(|| format!("{}", parent.display()))?;
    std::fs::write(&file, content).with_context(|| format!("{}", file.display()))
}
