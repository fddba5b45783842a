//! What the tests of this crate share.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use yarder_ring::{Consumer, Head, Policy, Producer, RingFile, RingSpec};

/// A folder of its own for one test, removed afterwards.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Folder {
        let unique = format!("yarder-test-{name}-{}-{:x}", std::process::id(), yarder_ring::sys::random_u64());
        let path = std::env::temp_dir().join(unique);
        std::fs::create_dir(&path).expect("a folder for the test");
        // Yards refuse folders that others may write into, whatever the umask.
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(&path, mode).expect("permissions");
        Folder(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn spec(policy: Policy) -> RingSpec {
    RingSpec {
        main_slots: 256,
        policy,
        plan: "0123456789abcdef0123456789abcdef".into(),
        app: "web".into(),
        process: "test".into(),
        hostname: "host".into(),
        shared: true,
        ..RingSpec::default()
    }
}

/// A ring in memory with its producer and its reader.
pub(crate) fn ends(policy: Policy) -> (Producer, Consumer) {
    let ring = Arc::new(RingFile::anonymous(&spec(policy)).expect("a ring"));
    (Producer::new(Arc::clone(&ring)).expect("a producer"), Consumer::new(ring, Head::Shared))
}

/// Length of the record that `fill` makes of this many extra bytes.
pub(crate) fn length(extra: usize) -> usize {
    48 + extra
}

/// Length of a record that carries these losses as well.
pub(crate) fn carrying(extra: usize, losses: &[u64]) -> usize {
    length(extra) + losses.iter().filter(|count| **count > 0).count() * 9
}

/// The losses that the next record of this producer must carry.
pub(crate) fn to_carry(producer: &Producer) -> Vec<u64> {
    if producer.has_losses() {
        producer.losses().to_vec()
    } else {
        Vec::new()
    }
}

/// Puts a record whose extra bytes follow from its sequence number.
pub(crate) fn fill(record: yarder_ring::Reservation<'_>, extra: usize) -> u64 {
    fill_with(record, extra, &[])
}

/// The same, carrying losses.
pub(crate) fn fill_with(mut record: yarder_ring::Reservation<'_>, extra: usize, losses: &[u64]) -> u64 {
    let sequence = record.sequence();
    record.put_u32(0);
    record.put_u8(1);
    record.put_u8(6);
    let entries = losses.iter().filter(|count| **count > 0).count() as u16;
    record.put_u16(if entries > 0 { 2 } else { 0 });
    record.put_u64(sequence);
    record.put_u64(record.stamp());
    record.put(&[0; 20]);
    record.put_u16(entries);
    record.put_u16(0);
    for (reason, count) in losses.iter().enumerate().filter(|(_, count)| **count > 0) {
        record.put_u8(reason as u8);
        record.put_u64(*count);
    }
    if entries > 0 {
        record.carries_losses();
    }
    record.put(&body(sequence, extra));
    record.publish();
    sequence
}

pub(crate) fn body(sequence: u64, extra: usize) -> Vec<u8> {
    (0..extra).map(|index| (sequence as usize * 31 + index) as u8).collect()
}

/// The losses that a record carries.
pub(crate) fn carried(record: &yarder_ring::RawRecord<'_>) -> Vec<(u8, u64)> {
    let entries = usize::from(u16::from_le_bytes([record.bytes[44], record.bytes[45]]));
    let entries = record.bytes[48..].chunks_exact(9).take(entries);
    entries.map(|entry| (entry[0], u64::from_le_bytes(entry[1..].try_into().expect("8 bytes")))).collect()
}

/// Checks that a record is whole, and gives its sequence number.
pub(crate) fn check(record: &yarder_ring::RawRecord<'_>) -> u64 {
    let start = 48 + carried(record).len() * 9;
    assert_eq!(record.bytes[start..], body(record.sequence, record.bytes.len() - start)[..]);
    assert_eq!(record.level, 6);
    record.sequence
}
