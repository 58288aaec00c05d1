//! An archive that was cut short is refused before anything is dropped, wherever it was cut.

use std::process::Command;

use pg_replicate::Error;
use progress::Context;

use crate::support::{EVERY_OBJECT, World};

#[tokio::test]
async fn wherever_it_was_cut() {
    let world = World::new(EVERY_OBJECT);
    world.source(
        "CREATE TABLE last_one AS SELECT i, repeat('x', 100) AS x FROM generate_series(1, 5000) i",
    );
    for compression in ["0", "6"] {
        let dump = world.dump();
        let status = Command::new(world.server.bin_dir().join("pg_dump"))
            .args(["--format=custom", &format!("--compress={compression}"), "--file"])
            .arg(&dump)
            .arg(world.server.superuser_url("source"))
            .status()
            .unwrap();
        assert!(status.success());
        let copy = world.copy("{}");
        copy.preflight_restore(&dump).await.unwrap();

        let whole = std::fs::read(&dump).unwrap();
        let step = whole.len() / 150;
        let near_the_end = (whole.len() - 40)..whole.len();
        for length in (0..whole.len()).step_by(step.max(1)).chain(near_the_end) {
            std::fs::write(&dump, &whole[..length]).unwrap();
            let error = copy.preflight_restore(&dump).await.unwrap_err();
            assert!(matches!(error, Error::Archive { .. }), "{error:?} at {length}");
        }
        let longer = [whole.as_slice(), b"\x09"].concat();
        std::fs::write(&dump, longer).unwrap();
        let error = copy.preflight_restore(&dump).await.unwrap_err();
        assert!(error.to_string().contains("damaged"), "{error}");
        std::fs::write(&dump, &whole).unwrap();
    }
}

/// What can be read once only cannot be looked at before the drop, and pg_restore has descriptors of its own.
#[tokio::test]
async fn pipes_and_descriptors_are_refused() {
    let world = World::new("CREATE TABLE a (id int)");
    let copy = world.copy("{}");
    let whole = world.dump();
    copy.backup(&whole, &Context::quiet()).await.unwrap();
    let pipe = world.directory.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let error = copy.preflight_restore(&pipe).await.unwrap_err().to_string();
    assert!(error.contains("it is not a regular file"), "{error}");
    let file = std::fs::File::open(&whole).unwrap();
    let number = std::os::fd::AsRawFd::as_raw_fd(&file);
    for path in [format!("/dev/fd/{number}"), format!("/proc/self/fd/{number}")] {
        let error = copy.preflight_restore(path.as_ref()).await.unwrap_err().to_string();
        assert!(error.contains("name the file itself"), "{error}");
    }
}

#[tokio::test]
async fn one_that_was_written_into_a_pipe_is_whole_too() {
    let world = World::new(EVERY_OBJECT);
    let output = Command::new(world.server.bin_dir().join("pg_dump"))
        .args(["--format=custom", "--no-owner", "--no-privileges"])
        .arg(world.server.superuser_url("source"))
        .output()
        .unwrap();
    assert!(output.status.success());
    let copy = world.copy("{}");
    // It does not say where data start, and is read through all the same.
    let whole = &output.stdout;
    for length in (0..whole.len()).step_by(whole.len() / 20) {
        std::fs::write(world.dump(), &whole[..length]).unwrap();
        let error = copy.preflight_restore(&world.dump()).await.unwrap_err();
        assert!(matches!(error, Error::Archive { .. }), "{error:?} at {length}");
    }
    std::fs::write(world.dump(), whole).unwrap();
    copy.preflight_restore(&world.dump()).await.unwrap();
    copy.preflight_target().await.unwrap();
    copy.drop_objects(&Context::quiet()).await.unwrap();
    copy.restore(&world.dump(), &Context::quiet()).await.unwrap();
}

#[tokio::test]
async fn a_flipped_bit_of_compressed_rows_is_found() {
    let world = World::new("CREATE TABLE a (id int, x text)");
    world.source(
        "INSERT INTO a SELECT i, md5(i::text) FROM generate_series(1, 3000) i;
         SELECT lo_from_bytea(77, decode(repeat('00aaff', 3000), 'hex'))",
    );
    // pg_dump 15 knows none but gzip; the others have no check sums.
    for compression in ["6", "lz4", "zstd"] {
        let dump = world.dump();
        let status = Command::new(world.server.bin_dir().join("pg_dump"))
            .args(["--format=custom", &format!("--compress={compression}"), "--file"])
            .arg(&dump)
            .arg(world.server.superuser_url("source"))
            .status()
            .unwrap();
        if status.success() {
            flipped_bits_are_found(&world, &dump, compression == "6").await;
        } else {
            assert_ne!(compression, "6");
        }
    }
}

/// Bits of the rows, which stand behind the table of contents.
async fn flipped_bits_are_found(world: &World, dump: &std::path::Path, has_check_sums: bool) {
    let copy = world.copy("{}");
    copy.preflight_restore(dump).await.unwrap();
    let whole = std::fs::read(dump).unwrap();
    let rows = whole.len() * 2 / 5..whole.len() * 4 / 5;
    for (number, place) in rows.step_by(whole.len() / 25).enumerate() {
        let mut damaged = whole.clone();
        damaged[place] ^= 1 << (number % 8);
        std::fs::write(dump, &damaged).unwrap();
        match copy.preflight_restore(dump).await {
            Err(error) => assert!(matches!(error, Error::Archive { .. }), "{error:?} at {place}"),
            Ok(()) => assert!(!has_check_sums, "bit of byte {place} of {}", whole.len()),
        }
    }
    std::fs::write(dump, &whole).unwrap();
}
