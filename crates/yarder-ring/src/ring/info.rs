//! What a header says about its producer, copied and bounded.

use std::sync::atomic::Ordering;

use super::RingFile;
use crate::clock::{boot_tag, ClockPair};
use crate::layout::{offset, Policy};

/// Copies of the fields of a header that do not change.
#[derive(Clone, Debug, PartialEq)]
pub struct RingInfo {
    /// The producer's number, 34 bits, never 0.
    pub producer: u64,
    /// Process that made it.
    pub pid: u32,
    /// When that process started, in ticks since boot.
    pub start_time: u64,
    /// Inode of its pid namespace.
    pub pid_ns: u64,
    /// Kernel that it ran under.
    pub boot_id: [u8; 16],
    /// What happens when the ring is full.
    pub policy: Policy,
    /// Hash name of its plan.
    pub plan: String,
    /// Counter and wall clock at its creation.
    pub pair: ClockPair,
    /// Ticks of the counter in a second; 0.0 where the counter is the wall clock.
    pub counter_hz: f64,
    /// Thread that made it, 0 under a GIL.
    pub thread: u32,
    /// Interpreter that made it.
    pub interp: u64,
    /// Name of the app.
    pub app: String,
    /// Name of the process.
    pub process: String,
    /// Name of the host.
    pub hostname: String,
    /// Slots of the main lane.
    pub main_slots: u32,
    /// Slots of the reserve lane.
    pub reserve_slots: u32,
}

impl RingFile {
    /// What the header says. Text is bounded, and U+FFFD stands for what is not UTF-8.
    #[must_use]
    pub fn info(&self) -> RingInfo {
        let u32_at = |at| self.map.u32(at).load(Ordering::Relaxed);
        let bytes = self.map.bytes(offset::BOOT_ID, 16);
        let mut boot_id = [0; 16];
        boot_id.copy_from_slice(&bytes);
        RingInfo {
            producer: self.producer(),
            pid: u32_at(offset::PID),
            start_time: self.word(offset::START_TIME),
            pid_ns: self.word(offset::PID_NS),
            boot_id,
            policy: self.policy,
            plan: self.map.text(offset::PLAN, offset::PLAN_LEN),
            pair: ClockPair {
                counter: self.word(offset::PAIR_COUNTER),
                realtime_ns: self.word(offset::PAIR_REALTIME),
                boot: boot_tag(&boot_id),
            },
            counter_hz: f64::from_bits(self.word(offset::COUNTER_HZ)),
            thread: u32_at(offset::THREAD),
            interp: self.word(offset::INTERP),
            app: self.map.text(offset::APP, offset::APP_LEN),
            process: self.map.text(offset::PROCESS, offset::PROCESS_LEN),
            hostname: self.map.text(offset::HOSTNAME, offset::HOSTNAME_LEN),
            main_slots: self.main_slots,
            reserve_slots: self.reserve_slots,
        }
    }
}
