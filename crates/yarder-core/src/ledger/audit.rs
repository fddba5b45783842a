//! Files against ledger: what was removed, doubled or changed by hand, and what is missing for a reason.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::check::{check, Checked, Finding, Kind};
use super::gaps::{accounts, Account, Gap};
use super::reader::{Block, FileState, Ledger};
use super::LedgerError;

/// What an audit came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Audit {
    /// Plain bytes that were read.
    pub bytes: u64,
    /// Blocks that are as they were written.
    pub blocks: u64,
    /// Records in them.
    pub records: u64,
    /// Lines in them.
    pub lines: u64,
    /// Lines outside of blocks: other programs', older than the ledger, or not yet in a block (for up to a minute).
    pub other_lines: u64,
    /// Everything that is not as it was written.
    pub findings: Vec<Finding>,
    /// Every producer's account.
    pub accounts: Vec<Account>,
    /// Where sequence numbers are missing, and why.
    pub gaps: Vec<Gap>,
    /// Files that a rule removed, with the rule: the path of the live file's ledger knows them, the disk does not.
    pub removed: Vec<(u32, String)>,
    /// Records in blocks that rules, `clear`, or somebody's truncation took.
    pub taken: u64,
    /// The files that were read.
    pub files: Vec<PathBuf>,
}

impl Audit {
    /// Whether nothing was removed, doubled or changed, and every gap has its reason.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty() && self.accounts.iter().all(|account| account.unexplained == 0)
    }
}

/// Holds the live file at `live` and its archives against their ledger. Nothing is changed; a writer may go on.
///
/// # Errors
/// [`LedgerError`]: there is no ledger to hold them against.
pub fn audit(live: &Path) -> Result<Audit, LedgerError> {
    let ledger = Ledger::open(live)?;
    let mut audit = Audit::default();
    (audit.accounts, audit.gaps) = accounts(ledger.blocks());
    let known = audit.accounts.iter().map(|account| (account.producer, (account.first, account.last))).collect();
    if ledger.broken() > 0 {
        let detail = vec!["lines of the ledger itself are broken".to_owned()];
        audit.find(Kind::Ledger, &super::path_of(ledger.live()), ledger.broken(), detail);
    }
    for (index, file) in ledger.files().iter().enumerate() {
        let (blocks, taken): (Vec<&Block>, Vec<&Block>) =
            ledger.blocks_of(index).partition(|block| !block.cut && !block.cleared);
        let records = |blocks: &[&Block]| blocks.iter().map(|block| block.line.records).sum::<u64>();
        audit.taken += records(&taken);
        // An archive from before the ledger: nothing is known about its lines.
        if file.id == 0 {
            continue;
        }
        let lines: u64 = blocks.iter().map(|block| block.line.lines).sum();
        match ledger.open_file(index) {
            Ok(Some((path, text))) => {
                // A file that was cut is shorter than what stood in it before the ledger.
                let from = if taken.is_empty() { file.from } else { 0 };
                audit.add(check(&path, text, from, &blocks, &known));
                audit.files.push(path);
            }
            Ok(None) => {
                let why = if let FileState::Removed { why } = &file.state { why.clone() } else { String::new() };
                audit.removed.push((file.id, why));
                audit.taken += records(&blocks);
            }
            Err(error) if lines == 0 && error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                let path = match &file.state {
                    FileState::Archived { path, .. } | FileState::Missing { path } => path.clone(),
                    FileState::Live | FileState::Removed { .. } => ledger.live().to_path_buf(),
                };
                let gone = error.kind() == std::io::ErrorKind::NotFound;
                let kind = if gone { Kind::Missing } else { Kind::Unreadable };
                audit.find(kind, &path, lines, vec![error.to_string()]);
            }
        }
    }
    Ok(audit)
}

impl Audit {
    fn add(&mut self, checked: Checked) {
        self.bytes += checked.bytes;
        self.blocks += checked.blocks;
        self.records += checked.records;
        self.lines += checked.lines;
        self.other_lines += checked.other_lines;
        self.findings.extend(checked.findings);
    }

    fn find(&mut self, kind: Kind, path: &Path, lines: u64, detail: Vec<String>) {
        let path = path.to_path_buf();
        self.findings.push(Finding { kind, path, at: 0, lines, from_ns: 0, to_ns: 0, detail });
    }
}
