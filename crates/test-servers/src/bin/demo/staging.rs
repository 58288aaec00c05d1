//! Production to staging: migrations after a restore, the media beside it, and what keeps production
//! from being the target.

use std::path::Path;

use anyhow::{Context, bail};
use test_servers::platforms::S3Buckets;

use crate::programs::Programs;
use crate::screen::Screen;

/// In the place of an application's migrations.
pub(crate) const MIGRATIONS: &str = "psql -X -q -c 'CREATE TABLE IF NOT EXISTS schema_migrations AS SELECT 20261121 AS version' \
     && echo migrated as $PGUSER";

/// The media of production: key and content.
const MEDIA: [(&str, &str); 4] = [
    ("covers/one.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>"),
    ("covers/two.svg", "<svg xmlns='http://www.w3.org/2000/svg'><g/></svg>"),
    ("manuals/first steps.txt", "Begin at the beginning."),
    ("logo.png", "not really a picture"),
];

const BUCKET: &str = "shop-staging";

/// A small directory of media into a bucket, and what is changed in it after.
pub(crate) fn tell(programs: &Programs, screen: &mut Screen) -> anyhow::Result<()> {
    screen.heading("Production to staging: the media");
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
    let mut show = |arguments: &[&str], extra: &[(&str, &str)], wanted: i32| {
        let set: String = extra.iter().map(|(name, value)| format!("{name}={value} ")).collect();
        screen.done(&format!("{set}run {}", arguments.join(" ")));
        let (code, stdout, stderr) = run(arguments, extra)?;
        if code != Some(wanted) {
            bail!("run {} ended with {code:?}: {stdout}{stderr}", arguments.join(" "));
        }
        screen.quote(if wanted == 0 { &stdout } else { &stderr });
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
        bail!("the bucket is not what it should be: {keys:?}");
    }
    screen.good("The bucket holds what the directory holds, and everybody may read it.");
    Ok(())
}

fn write(directory: &Path, key: &str, content: &str) -> anyhow::Result<()> {
    let file = directory.join(key);
    let parent = file.parent().context("a file stands in a directory")?;
    std::fs::create_dir_all(parent).with_context(|| format!("{}", parent.display()))?;
    std::fs::write(&file, content).with_context(|| format!("{}", file.display()))
}
