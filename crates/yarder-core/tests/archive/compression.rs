//! Archives are compressed in the background and read by the tools that people have.

use std::fs;
use std::process::Command;

use yarder_core::archive::{pack, Family, Stamp};
use yarder_core::plan::Codec;

use crate::common::{file, plan, wait_until, App, Folder, LONG};
use crate::shelf::{archives, assert_all_once, codec_name, names, path_of, text};

fn options(codec: Codec) -> String {
    format!(r#","rotate":50000,"compress":"{}","ledger":false"#, codec_name(codec))
}

/// Every codec: all archives compressed, none left plain, nothing temporary, every record once.
#[test]
fn archives_are_compressed() {
    for codec in Codec::ALL {
        let folder = Folder::new("codec");
        let path = folder.join("logs/web.log");
        let mut app = App::start(folder.path(), &plan(&[file(&path, &options(codec))]));
        for number in 0..2000 {
            app.log(number);
        }
        assert!(app.flush());
        assert!(app.service.rotate(LONG));
        wait_until("all are compressed", || {
            archives(&path).iter().all(|archive| archive.packed.is_some() && archive.plain.is_none())
        });
        assert!(app.service.settle_archives(LONG));
        assert!(app.service.stats().compressed >= 4);
        assert!(app.end());
        assert_all_once(&path, 2000);
        let ending = codec.ending();
        for name in names(&folder.join("logs")) {
            assert!(name == "web.log" || name.ends_with(&format!(".log.{ending}")), "{name}");
        }
    }
}

/// What a predecessor left plain is compressed at the next start; a plain one beside its own compressed form goes.
#[test]
fn leftovers_are_finished() {
    let folder = Folder::new("leftover");
    let path = folder.join("web.log");
    let family = Family::of(&path);
    let stamp = |ms| Stamp { ms, counter: 0 };
    let bytes = b"{\"fields\":{\"n\":0}}\n";
    fs::write(family.path(stamp(1000), None), bytes).expect("a plain archive");
    // Both forms, the same content.
    fs::write(family.path(stamp(2000), None), b"{\"fields\":{\"n\":1}}\n").expect("a plain archive");
    let mut packed = Vec::new();
    pack(Codec::Gzip, b"{\"fields\":{\"n\":1}}\n", &mut packed).expect("packed");
    fs::write(family.path(stamp(2000), Some(Codec::Gzip)), &packed).expect("a packed archive");
    // Both forms, and the plain one went on growing.
    fs::write(family.path(stamp(3000), None), b"{\"fields\":{\"n\":2}}\n{\"fields\":{\"n\":3}}\n").expect("an archive");
    let mut packed = Vec::new();
    pack(Codec::Zstd, b"{\"fields\":{\"n\":2}}\n", &mut packed).expect("packed");
    fs::write(family.path(stamp(3000), Some(Codec::Zstd)), &packed).expect("a packed archive");
    // What a compression left that died.
    fs::write(family.temporary(stamp(4000), Codec::Zstd, 7), b"torn").expect("a temporary file");
    let mut app = App::start(folder.path(), &plan(&[file(&path, &options(Codec::Zstd))]));
    app.log(4);
    assert!(app.flush());
    wait_until("all is finished", || {
        app.service.wake();
        archives(&path).iter().all(|archive| archive.plain.is_none())
    });
    assert!(app.end());
    assert_all_once(&path, 5);
    assert!(names(folder.path()).iter().all(|name| !name.ends_with(".tmp")));
}

/// A compressed file that holds something else is not ours to trust: both stay.
#[test]
fn a_foreign_compressed_file_is_kept_beside_the_plain_one() {
    let folder = Folder::new("clash");
    let path = folder.join("web.log");
    let family = Family::of(&path);
    let stamp = Stamp { ms: 1000, counter: 0 };
    fs::write(family.path(stamp, None), b"{\"fields\":{\"n\":0}}\n").expect("a plain archive");
    fs::write(family.path(stamp, Some(Codec::Zstd)), b"noise").expect("a foreign file");
    let mut app = App::start(folder.path(), &plan(&[file(&path, &options(Codec::Zstd))]));
    app.log(1);
    assert!(app.flush());
    wait_until("it was looked at", || {
        app.service.wake();
        app.service.stats().archive_failed > 0
    });
    assert!(app.end());
    assert!(family.path(stamp, None).exists());
    assert_eq!(fs::read(family.path(stamp, Some(Codec::Zstd))).expect("the file"), b"noise");
}

/// An archive that cannot be compressed stays plain and readable, the app goes on, and it heals.
#[test]
fn an_archive_that_cannot_be_compressed_stays() {
    let folder = Folder::new("refused");
    let path = folder.join("logs/web.log");
    let mut app = App::start(folder.path(), &plan(&[file(&path, &options(Codec::Zstd))]));
    app.log(0);
    assert!(app.flush());
    assert!(app.service.rotate(LONG));
    assert!(app.service.settle_archives(LONG));
    // Nobody can rename or remove in a folder with this attribute; files can still be made.
    let set =
        |flag: &str| Command::new("chattr").arg(flag).arg(folder.join("logs")).status().is_ok_and(|s| s.success());
    let family = Family::of(&path);
    let stamp = Stamp { ms: 1000, counter: 0 };
    fs::write(family.path(stamp, None), b"{\"fields\":{\"n\":1}}\n").expect("a plain archive");
    if !set("+a") {
        return;
    }
    let mut other = App::start(folder.path(), &plan(&[file(&path, &options(Codec::Zstd))]));
    assert!(app.end());
    other.log(2);
    assert!(other.flush());
    wait_until("it failed", || {
        other.service.wake();
        other.service.stats().archive_failed > 0
    });
    other.log(3);
    assert!(other.flush());
    let plain = text(&family.path(stamp, None));
    assert!(set("-a"));
    assert_eq!(plain, "{\"fields\":{\"n\":1}}\n");
    wait_until("it is healed", || {
        other.service.wake();
        archives(&path).iter().all(|archive| archive.plain.is_none())
    });
    assert!(other.end());
    assert_all_once(&path, 4);
}

/// The compressed archive has the mode of the plain one.
#[test]
fn the_mode_is_kept() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("mode");
    let path = folder.join("web.log");
    let mut app = App::start(folder.path(), &plan(&[file(&path, r#","mode":384,"compress":"lz4""#)]));
    app.log(0);
    assert!(app.flush());
    assert!(app.service.rotate(LONG));
    assert!(app.end());
    let archive = archives(&path).remove(0);
    let mode = fs::metadata(path_of(&path, &archive)).expect("the archive").permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
}

/// A forked child that lives on does not keep the archive open for writing: it is compressed all the same.
#[test]
fn a_forked_child_holds_no_archive() {
    let folder = Folder::new("forked");
    let path = folder.join("web.log");
    let mut app = App::start(folder.path(), &plan(&[file(&path, &options(Codec::Zstd))]));
    app.log(0);
    assert!(app.flush());
    // SAFETY: the child only sleeps until it is killed: it allocates nothing and takes no lock.
    let child = unsafe { libc::fork() };
    if child == 0 {
        loop {
            // SAFETY: waits for a signal.
            unsafe { libc::pause() };
        }
    }
    assert!(app.service.rotate(LONG));
    assert!(app.service.settle_archives(LONG));
    let list = archives(&path);
    // SAFETY: our own child, which is still there.
    unsafe {
        libc::kill(child, libc::SIGKILL);
        libc::waitpid(child, std::ptr::null_mut(), 0);
    }
    assert!(list.len() == 1 && list[0].plain.is_none(), "{list:?}");
    assert!(app.end());
    assert_all_once(&path, 1);
}
