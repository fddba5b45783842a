//! One live file: what it takes, how it notices the world, and what a successor makes of it.

mod live;
mod resume;

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use yarder_core::plan::{Fsync, OnConflict};
use yarder_core::segment::{Segment, SegmentOptions};

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("yarder-segment-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).expect("a temporary folder");
        Folder(path)
    }

    fn options(&self, name: &str) -> SegmentOptions {
        SegmentOptions { path: self.0.join(name), mode: 0o640, fsync: Fsync::Never, on_conflict: OnConflict::Suffix }
    }

    fn open(&self, name: &str) -> Segment {
        Segment::open(&self.options(name), "host").expect("a segment")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
