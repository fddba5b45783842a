//! An audit finds what somebody did to the files, and says which.

use std::fs;
use std::path::{Path, PathBuf};

use yarder_core::ledger::{audit, Audit, Kind};

use crate::common::{file, plan, App, Folder, LONG};
use crate::shelf::{archives, path_of};

/// A live file of 300 lines and an archive of 300, in this format.
fn written(folder: &Folder, format: &str, options: &str) -> PathBuf {
    let path = folder.join("web.log");
    let mut app = App::start(folder.path(), &plan(&[file(&path, options).replace("json", format)]));
    for number in 0..600 {
        app.log(number);
        if number % 100 == 99 {
            assert!(app.flush());
        }
        if number == 299 {
            assert!(app.service.rotate(LONG));
        }
    }
    assert!(app.end());
    path
}

fn kinds(audit: &Audit) -> Vec<(Kind, u64)> {
    audit.findings.iter().map(|finding| (finding.kind, finding.lines)).collect()
}

fn lines_of(path: &Path) -> Vec<String> {
    fs::read_to_string(path).expect("a file").split_inclusive('\n').map(str::to_owned).collect()
}

/// Any line, the first and the last one of a file too, in the live file and in an archive, JSON and human: removed,
/// doubled or changed by hand is found, and nothing else is.
#[test]
fn any_line_that_is_touched_is_found() {
    for format in ["json", "human"] {
        let folder = Folder::new("touch");
        let live = written(&folder, format, "");
        let archive = path_of(&live, &archives(&live)[0]);
        assert!(audit(&live).expect("an audit").is_clean());
        for path in [&live, &archive] {
            let whole = lines_of(path);
            for at in [0, 1, 57, 150, 298, 299] {
                let with = |change: &dyn Fn(&mut Vec<String>)| {
                    let mut lines = whole.clone();
                    change(&mut lines);
                    fs::write(path, lines.concat()).expect("a change by hand");
                    let found = audit(&live).expect("an audit");
                    (kinds(&found), found)
                };
                let (removed, found) = with(&|lines| drop(lines.remove(at)));
                assert_eq!(removed, [(Kind::Removed, 1)], "{format} {at} {found:?}");
                assert_eq!(found.findings[0].path, *path);
                assert!(format != "json" || found.findings[0].detail.len() == 1, "{found:?}");
                let (doubled, found) = with(&|lines| lines.insert(at, lines[at].clone()));
                assert_eq!(doubled, [(Kind::Doubled, 1)], "{format} {at} {found:?}");
                let (changed, found) = with(&|lines| lines[at] = lines[at].replace("number", "nUmber"));
                assert_eq!(changed, [(Kind::Changed, 1)], "{format} {at} {found:?}");
                let (three, found) = with(&|lines| drop(lines.drain(at.saturating_sub(2)..at.max(1))));
                assert_eq!(three.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [Kind::Removed], "{found:?}");
            }
            fs::write(path, whole.concat()).expect("as it was");
        }
        assert!(audit(&live).expect("an audit").is_clean());
    }
}

/// A file that is gone is missing when somebody took it, and removed when a rule did.
#[test]
fn a_file_that_is_gone_is_told() {
    let folder = Folder::new("gone");
    let live = written(&folder, "json", r#","compress":"lz4""#);
    assert!(audit(&live).expect("an audit").is_clean());
    fs::remove_file(path_of(&live, &archives(&live)[0])).expect("taken");
    assert_eq!(kinds(&audit(&live).expect("an audit")), [(Kind::Missing, 300)]);
    let folder = Folder::new("rule");
    let live = written(&folder, "json", r#","keep":0"#);
    let found = audit(&live).expect("an audit");
    assert!(found.is_clean(), "{found:?}");
    assert_eq!((found.removed.len(), found.taken, found.records), (1, 300, 300));
}

/// A compressed archive that is damaged cannot be read to its end, and that is found.
#[test]
fn a_damaged_archive_is_found() {
    for codec in ["gzip", "lz4", "zstd"] {
        let folder = Folder::new("damaged");
        let live = written(&folder, "json", &format!(r#","compress":"{codec}""#));
        assert!(audit(&live).expect("an audit").is_clean());
        let path = path_of(&live, &archives(&live)[0]);
        let mut bytes = fs::read(&path).expect("the archive");
        bytes.truncate(bytes.len() / 2);
        fs::write(&path, bytes).expect("half of it");
        assert!(!audit(&live).expect("an audit").is_clean(), "{codec}");
    }
}

/// What is taken from the ledger itself shows too: a changed line is broken, a missing one leaves a gap.
#[test]
fn a_changed_ledger_is_found() {
    let folder = Folder::new("forged");
    let live = written(&folder, "json", r#","rotate":9000"#);
    let path = yarder_core::ledger::path_of(&live);
    let whole = lines_of(&path);
    let blocks: Vec<usize> = (0..whole.len()).filter(|at| whole[*at].contains("\"block\"")).collect();
    let middle = blocks[blocks.len() / 2];
    let mut lines = whole.clone();
    lines[middle] = lines[middle].replace("\"bytes\":", "\"bytes\":1");
    fs::write(&path, lines.concat()).expect("a change");
    assert!(audit(&live).expect("an audit").findings.iter().any(|finding| finding.kind == Kind::Ledger));
    lines = whole;
    lines.remove(middle);
    fs::write(&path, lines.concat()).expect("a removal");
    let found = audit(&live).expect("an audit");
    assert!(found.accounts.iter().any(|account| account.unexplained > 0), "{found:?}");
}

/// A writer may go on: an audit among rotations and compressions finds nothing that is not so.
#[test]
fn an_audit_of_a_living_archive_is_clean() {
    let folder = Folder::new("living");
    let path = folder.join("web.log");
    let mut app = App::start(folder.path(), &plan(&[file(&path, r#","rotate":150000,"compress":"lz4""#)]));
    app.log(0);
    assert!(app.flush());
    let done = std::sync::atomic::AtomicBool::new(false);
    let audits = std::thread::scope(|scope| {
        let audits = scope.spawn(|| {
            let mut audits = 0;
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                let found = audit(&path).expect("a ledger");
                assert!(found.is_clean(), "{:?} {:?}", found.findings, found.gaps);
                audits += 1;
            }
            audits
        });
        for number in 1..8_000 {
            app.log(number);
        }
        assert!(app.flush());
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        audits.join().expect("audits")
    });
    assert!(audits > 0);
    assert!(app.end());
    assert_eq!(audit(&path).expect("a ledger").records, 8_000);
}
