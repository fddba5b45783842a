//! What stands where in a ring file. The prose is `docs/specs/ring.md`; both change together or not at all.

/// First eight bytes of every ring file.
pub const MAGIC: [u8; 8] = *b"YARDRNG1";
/// Version of the layout; a reader refuses any other.
pub const VERSION: u32 = 1;
/// Bytes before the first slot.
pub const HEADER_BYTES: usize = 8192;
/// Bytes of one slot: four cache lines.
pub const SLOT: usize = 256;
/// Fewest slots of a main lane (64 KiB).
pub const MIN_SLOTS: u32 = 256;
/// Most slots of a main lane (1 GiB).
pub const MAX_SLOTS: u32 = 4_194_304;
/// Bytes of the fixed head of every record.
pub const RECORD_HEAD: usize = 48;
/// A head with this value belongs to a kind of destination that nobody uses.
pub const UNUSED_HEAD: u64 = u64::MAX;
/// Bits of a producer number.
pub const PRODUCER_BITS: u32 = 34;

/// Slots of the reserve lane that goes with a main lane of `main_slots`.
#[must_use]
pub const fn reserve_slots(main_slots: u32) -> u32 {
    let slots = main_slots / 32;
    if slots < 16 {
        16
    } else {
        slots
    }
}

/// Length of a ring file with `main_slots` slots in its main lane.
#[must_use]
pub const fn file_bytes(main_slots: u32) -> u64 {
    HEADER_BYTES as u64 + (main_slots as u64 + reserve_slots(main_slots) as u64) * SLOT as u64
}

/// Whether a ring may have this many slots in its main lane.
#[must_use]
pub const fn slots_ok(main_slots: u32) -> bool {
    main_slots.is_power_of_two() && main_slots >= MIN_SLOTS && main_slots <= MAX_SLOTS
}

/// Byte offsets of the header's fields.
pub mod offset {
    #![allow(missing_docs)]
    pub const MAGIC: usize = 0;
    pub const VERSION: usize = 8;
    pub const HEADER_BYTES: usize = 12;
    pub const SLOT_BYTES: usize = 16;
    pub const MAIN_SLOTS: usize = 20;
    pub const RESERVE_SLOTS: usize = 24;
    pub const STATE: usize = 28;
    pub const BOOT_ID: usize = 32;
    pub const PRODUCER: usize = 48;
    pub const PID: usize = 56;
    pub const POLICY: usize = 60;
    pub const START_TIME: usize = 64;
    pub const PID_NS: usize = 72;
    pub const PLAN: usize = 80;
    pub const PLAN_LEN: usize = 32;
    pub const PAIR_COUNTER: usize = 112;
    pub const PAIR_REALTIME: usize = 120;
    pub const COUNTER_HZ: usize = 128;
    pub const THREAD: usize = 136;
    pub const INTERP: usize = 144;
    pub const APP: usize = 152;
    pub const APP_LEN: usize = 64;
    pub const PROCESS: usize = 216;
    pub const PROCESS_LEN: usize = 64;
    pub const HOSTNAME: usize = 280;
    pub const HOSTNAME_LEN: usize = 64;

    // The producer's own lines.
    pub const MAIN_TAIL: usize = 512;
    pub const RESERVE_TAIL: usize = 520;
    pub const SEQUENCE: usize = 528;
    pub const ACCEPTED: usize = 536;
    pub const HIGH_WATER: usize = 544;
    pub const BLOCKED: usize = 552;
    pub const LOSS_CARRIER: usize = 560;
    pub const LOST: usize = 576;
    pub const LOST_PENDING: usize = 704;
    pub const WAITING: usize = 832;
    pub const SPACE: usize = 836;
    pub const STALLED: usize = 840;

    // The lines of the two consumers.
    pub const SHARED_MAIN_HEAD: usize = 1024;
    pub const SHARED_RESERVE_HEAD: usize = 1032;
    pub const FINAL_DONE: usize = 1040;
    pub const LOCAL_MAIN_HEAD: usize = 1088;
    pub const LOCAL_RESERVE_HEAD: usize = 1096;

    // Moved by the producer, under `overwrite_oldest` only.
    pub const OLDEST_MAIN: usize = 1152;
    pub const OLDEST_RESERVE: usize = 1160;

    // New heads of a batch that is being written.
    pub const TAG_SEQUENCE: usize = 1216;
    pub const TAG_MAIN: usize = 1224;
    pub const TAG_RESERVE: usize = 1232;
    pub const TAG_FLAGS: usize = 1240;
    pub const TAG_ACCOUNT: usize = 1248;

    pub const LOCAL_LOST: usize = 1280;

    // What the readers have accounted for, under `overwrite_oldest` only.
    pub const SHARED_ACCOUNT: usize = 1344;
    pub const LOCAL_ACCOUNT: usize = 1664;
    pub const ACCOUNT_LEN: usize = 320;
    pub const CRASH: usize = 4096;
    pub const CRASH_LEN: usize = 4096;
}

/// Flag of a tagged head: the intent also writes this ring's last loss.
pub const TAG_FINAL_LOSS: u64 = 1;

/// Life of a ring file. Any other number in a header means that it cannot be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum State {
    /// Not yet renamed into place.
    Making = 0,
    /// Its owner may append.
    Live = 1,
    /// Its owner is done with it; what it holds is still to be drained.
    Closed = 2,
    /// Drained and about to be unlinked.
    Retired = 3,
    /// Its contents broke a rule of the layout; never read again.
    Quarantined = 4,
}

impl State {
    /// The state with this number, if there is one.
    #[must_use]
    pub const fn from_u32(value: u32) -> Option<State> {
        match value {
            0 => Some(State::Making),
            1 => Some(State::Live),
            2 => Some(State::Closed),
            3 => Some(State::Retired),
            4 => Some(State::Quarantined),
            _ => None,
        }
    }
}

/// What a producer does when its ring is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Policy {
    /// Wait a bounded time, then drop the new record.
    #[default]
    Block = 0,
    /// Drop the new record.
    DropNewest = 1,
    /// Pass over the oldest records.
    OverwriteOldest = 2,
}

impl Policy {
    /// The policy with this number, if there is one.
    #[must_use]
    pub const fn from_u32(value: u32) -> Option<Policy> {
        match value {
            0 => Some(Policy::Block),
            1 => Some(Policy::DropNewest),
            2 => Some(Policy::OverwriteOldest),
            _ => None,
        }
    }

    /// The name it has in options.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Policy::Block => "block",
            Policy::DropNewest => "drop_newest",
            Policy::OverwriteOldest => "overwrite_oldest",
        }
    }
}

/// What the first byte after the length of a record says.
pub mod kind {
    /// A log record.
    pub const RECORD: u8 = 1;
    /// Takes the rest of a lane, so that no record wraps.
    pub const FILLER: u8 = 2;
    /// Bytes of another use of the ring.
    pub const RAW: u8 = 3;
}

/// Number of counters that a table of losses has room for.
pub const REASONS: usize = 16;

/// Why a record was lost. The number is its place in every table of losses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Reason {
    /// The ring was full under `drop_newest`.
    RingFull = 0,
    /// The ring was full for longer than the policy waits.
    BlockTimeout = 1,
    /// The ring was full and nobody had drained it for a whole wait.
    Stalled = 2,
    /// Passed over by newer records under `overwrite_oldest`.
    Overwritten = 3,
    /// Larger than the lane takes.
    TooLarge = 4,
    /// No memory to gather it.
    NoMemory = 5,
    /// Logged after the end.
    Closed = 6,
    /// Its destination refused it for too long.
    WriteError = 7,
    /// Its bytes broke a rule of the record format.
    Corrupt = 8,
    /// A local destination stalled.
    LocalSlow = 9,
    /// A handler's queue was full.
    HandlerSlow = 10,
    /// Logged from inside a log call that could not be left.
    Reentrant = 11,
    /// Left over when the process had to end.
    Shutdown = 12,
}

impl Reason {
    /// Every reason, in the order of its number.
    pub const ALL: [Reason; 13] = [
        Reason::RingFull,
        Reason::BlockTimeout,
        Reason::Stalled,
        Reason::Overwritten,
        Reason::TooLarge,
        Reason::NoMemory,
        Reason::Closed,
        Reason::WriteError,
        Reason::Corrupt,
        Reason::LocalSlow,
        Reason::HandlerSlow,
        Reason::Reentrant,
        Reason::Shutdown,
    ];

    /// The name that meters and the stream use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Reason::RingFull => "ring_full",
            Reason::BlockTimeout => "block_timeout",
            Reason::Stalled => "stalled",
            Reason::Overwritten => "overwritten",
            Reason::TooLarge => "too_large",
            Reason::NoMemory => "no_memory",
            Reason::Closed => "closed",
            Reason::WriteError => "write_error",
            Reason::Corrupt => "corrupt",
            Reason::LocalSlow => "local_slow",
            Reason::HandlerSlow => "handler_slow",
            Reason::Reentrant => "reentrant",
            Reason::Shutdown => "shutdown",
        }
    }

    /// The reason with this number, if there is one.
    #[must_use]
    pub fn from_index(index: usize) -> Option<Reason> {
        Reason::ALL.get(index).copied()
    }
}
