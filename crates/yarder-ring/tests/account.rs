//! Under `overwrite_oldest` the reader counts: whatever is overwritten, copied, delivered or killed in between, each
//! number is delivered once or told once, for the right reason.

mod common;

use std::sync::Arc;

use common::{carried, carrying, check, fill_with, spec, to_carry};
use proptest::prelude::*;
use yarder_ring::layout::offset;
use yarder_ring::{Account, Batch, Consumer, Head, Policy, Pressure, Producer, Reason, RingFile, Snapshot};

#[derive(Clone, Debug)]
enum Step {
    Write(usize, usize),
    Spare(usize),
    Lose(Reason),
    /// Copies a batch of that many slots, if none is under way.
    Copy(usize),
    /// Makes the batch PREPARED.
    Prepare,
    /// Writes it and moves the heads.
    Deliver,
    /// The reader is killed; a batch that was prepared had reached its destination or not.
    Kill(bool),
    /// Killed between the store of the account and that of the heads.
    KillBetween,
}

fn step() -> impl Strategy<Value = Step> {
    let size = prop_oneof![0_usize..300, 0_usize..3000, 12_000_usize..16_000];
    let reason = prop_oneof![Just(Reason::TooLarge), Just(Reason::NoMemory), Just(Reason::Closed)];
    prop_oneof![
        6 => (size, 1_usize..12).prop_map(|(size, times)| Step::Write(size, times)),
        1 => (0_usize..1500).prop_map(Step::Spare),
        2 => reason.prop_map(Step::Lose),
        4 => (1_usize..300).prop_map(Step::Copy),
        2 => Just(Step::Prepare),
        4 => Just(Step::Deliver),
        1 => any::<bool>().prop_map(Step::Kill),
        1 => Just(Step::KillBetween),
    ]
}

/// A copied batch: its numbers, what it tells, where it leads.
struct Under {
    numbers: Vec<u64>,
    told: [u64; 16],
    account: Account,
    new: Snapshot,
    prepared: bool,
}

struct Reader {
    ring: Arc<RingFile>,
    head: Head,
    consumer: Consumer,
    under: Option<Under>,
    intent: u64,
    read: Vec<u64>,
    told: [u64; 16],
}

fn add(sum: &mut [u64; 16], losses: Option<[u64; 16]>) {
    sum.iter_mut().zip(losses.unwrap_or_default()).for_each(|(sum, count)| *sum += count);
}

impl Reader {
    fn new(ring: &Arc<RingFile>, head: Head) -> Reader {
        let consumer = Consumer::new(Arc::clone(ring), head);
        Reader { ring: Arc::clone(ring), head, consumer, under: None, intent: 0, read: Vec::new(), told: [0; 16] }
    }

    fn copy(&mut self, slots: usize) {
        if self.under.is_some() {
            return;
        }
        let upto = self.consumer.snapshot();
        let mut out = Vec::new();
        let new = self.consumer.copy_batch(&upto, slots, &mut out).expect("sound");
        let (mut account, mut told) = (self.ring.account(self.head), [0; 16]);
        let mut numbers = Vec::new();
        for record in Batch::new(&out) {
            add(&mut told, account.deliver(record.sequence, carried(&record).into_iter()));
            numbers.push(check(&record));
        }
        self.under = Some(Under { numbers, told, account, new, prepared: false });
    }

    fn prepare(&mut self) {
        if let (Some(under), Head::Shared) = (&mut self.under, self.head) {
            self.intent += 1;
            self.consumer.tag(self.intent, under.new, 0, Some(&under.account));
            under.prepared = true;
        }
    }

    /// The bytes are in the destination.
    fn written(&mut self) -> Option<Under> {
        let mut under = self.under.take()?;
        self.read.append(&mut under.numbers);
        add(&mut self.told, Some(under.told));
        Some(under)
    }

    fn deliver(&mut self) {
        if let Some(under) = self.written() {
            self.consumer.store_account(&under.account);
            self.consumer.advance(under.new);
        }
    }

    fn kill(&mut self, written: bool) {
        let prepared = self.under.as_ref().is_some_and(|under| under.prepared);
        if prepared && written {
            let under = self.written().expect("a batch");
            // The successor finds WRITTEN: it has the header alone.
            let mut consumer = Consumer::new(Arc::clone(&self.ring), self.head);
            let (tag, new, _) = consumer.tagged();
            assert_eq!((tag, new, self.ring.tagged_account()), (self.intent, under.new, under.account));
            consumer.store_account(&self.ring.tagged_account());
            consumer.advance(new);
            // It may be killed and succeeded itself: nothing changes.
            assert_eq!(self.ring.tagged_account(), under.account);
        }
        self.under = None;
        self.consumer = Consumer::new(Arc::clone(&self.ring), self.head);
    }

    /// Nobody wanted the batch, or it was WRITTEN: the account is stored, the heads are not.
    fn kill_between(&mut self) {
        let Some(under) = &self.under else { return };
        if under.prepared {
            let under = self.written().expect("a batch");
            self.consumer.store_account(&under.account);
            self.kill(false);
            assert_eq!(self.ring.tagged_account(), under.account, "the tag names what counts now");
            self.consumer.store_account(&under.account);
            self.consumer.advance(under.new);
        }
    }

    fn end(&mut self) {
        self.deliver();
        while !self.is_drained() {
            self.copy(100_000);
            self.deliver();
        }
        let mut account = self.ring.account(self.head);
        add(&mut self.told, account.finish(self.ring.sequence(), &self.ring.lost_pending()));
        self.consumer.store_account(&account);
    }

    fn is_drained(&self) -> bool {
        self.consumer.heads() == self.ring.snapshot()
    }
}

fn write(producer: &mut Producer, extra: usize) -> bool {
    for _ in 0..3 {
        let losses = to_carry(producer);
        let bytes = carrying(extra, &losses);
        if let Some(record) = producer.reserve(bytes) {
            fill_with(record, extra, &losses);
            return true;
        }
        match producer.pressure(bytes) {
            Pressure::Room => {}
            Pressure::Full => {
                let _ = producer.overwrite(bytes);
            }
            other => panic!("{other:?}"),
        }
    }
    false
}

fn run(heads: &[Head], steps: &[(Step, usize)]) {
    let mut wanted = spec(Policy::OverwriteOldest);
    (wanted.shared, wanted.local) = (heads.contains(&Head::Shared), heads.contains(&Head::Local));
    let ring = Arc::new(RingFile::anonymous(&wanted).expect("a ring"));
    let mut producer = Producer::new(Arc::clone(&ring)).expect("a producer");
    let mut readers: Vec<Reader> = heads.iter().map(|head| Reader::new(&ring, *head)).collect();
    let mut lost = [0; 16];
    let mut stored = 0;
    for (step, which) in steps {
        let reader = &mut readers[which % heads.len()];
        let mut lose = |producer: &mut Producer, reason: Reason| {
            producer.lose(reason);
            lost[reason as usize] += 1;
        };
        match step {
            Step::Write(extra, times) => {
                for _ in 0..*times {
                    assert!(write(&mut producer, *extra));
                    stored += 1;
                }
            }
            Step::Spare(extra) => {
                let losses = to_carry(&producer);
                match producer.reserve_spare(carrying(*extra, &losses)) {
                    Some(record) => {
                        fill_with(record, *extra, &losses);
                        stored += 1;
                    }
                    None => lose(&mut producer, Reason::RingFull),
                }
            }
            Step::Lose(reason) => lose(&mut producer, *reason),
            Step::Copy(slots) => reader.copy(*slots),
            Step::Prepare => reader.prepare(),
            Step::Deliver => reader.deliver(),
            Step::Kill(written) => reader.kill(*written),
            Step::KillBetween => reader.kill_between(),
        }
    }
    for reader in &mut readers {
        reader.end();
        assert!(reader.read.windows(2).all(|pair| pair[0] < pair[1]), "once, in order");
        let read = reader.read.len() as u64;
        let mut expected = lost;
        expected[Reason::Overwritten as usize] = stored - read;
        assert_eq!(reader.told, expected, "each loss told once, for its own reason");
        assert_eq!(read + reader.told.iter().sum::<u64>(), ring.sequence(), "each number once");
        assert_eq!(ring.account(reader.head).overwritten, stored - read);
    }
    let first = &readers[0];
    assert_eq!(ring.lost(), first.told, "the numbers are those of the first head");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, ..ProptestConfig::default() })]

    #[test]
    fn each_number_is_delivered_or_told_once(steps in prop::collection::vec((step(), 0_usize..2), 0..120)) {
        run(&[Head::Shared], &steps);
    }

    #[test]
    fn each_of_two_heads_has_its_own_account(steps in prop::collection::vec((step(), 0_usize..2), 0..120)) {
        run(&[Head::Shared, Head::Local], &steps);
    }

    #[test]
    fn a_local_head_alone_counts_as_well(steps in prop::collection::vec((step(), 0_usize..2), 0..60)) {
        run(&[Head::Local], &steps);
    }
}

/// A record that carried losses and was overwritten is succeeded by one that carries them again.
#[test]
fn losses_of_an_overwritten_record_are_told_once() {
    let ring = Arc::new(RingFile::anonymous(&spec(Policy::OverwriteOldest)).expect("a ring"));
    let mut producer = Producer::new(Arc::clone(&ring)).expect("a producer");
    producer.lose(Reason::TooLarge);
    for _ in 0..1000 {
        assert!(write(&mut producer, 0));
    }
    let mut reader = Reader::new(&ring, Head::Shared);
    reader.end();
    assert_eq!(reader.read.len(), 256);
    assert_eq!((reader.told[Reason::TooLarge as usize], reader.told[Reason::Overwritten as usize]), (1, 744));
}

/// Where the accounts stand in the header, and that both copies fit.
#[test]
fn accounts_are_where_the_spec_says() {
    let places = [offset::TAG_ACCOUNT, offset::SHARED_ACCOUNT, offset::LOCAL_ACCOUNT, offset::ACCOUNT_LEN];
    assert_eq!(places, [1248, 1344, 1664, 320]);
    let folder = common::Folder::new("account");
    let path = folder.path().join("one.ring");
    let ring = Arc::new(RingFile::create_at(&path, &spec(Policy::OverwriteOldest)).expect("a ring"));
    let consumer = Consumer::new(Arc::clone(&ring), Head::Shared);
    let account = Account { last: 1, taken: 2, overwritten: 3, told: std::array::from_fn(|index| 4 + index as u64) };
    consumer.store_account(&account);
    let image = std::fs::read(&path).expect("the file");
    let words: Vec<u64> =
        image[1344..1664].chunks_exact(8).map(|at| u64::from_le_bytes(at.try_into().expect("8"))).collect();
    let mut expected = vec![1];
    expected.extend([0; 19]);
    expected.extend(1..20);
    expected.push(0);
    assert_eq!(words, expected);
    assert_eq!(ring.account(Head::Shared), account);
    assert_eq!(ring.account(Head::Local), Account::default());
}

/// No number in a header or a record makes an account panic.
#[test]
fn nonsense_is_bounded() {
    let mut account = Account { last: u64::MAX, taken: u64::MAX, overwritten: u64::MAX, told: [u64::MAX; 16] };
    assert_eq!(account.deliver(7, [(200, 1), (3, 9), (4, u64::MAX)].into_iter()), None);
    let mut account = Account::default();
    assert_eq!(account.deliver(u64::MAX, [(4, u64::MAX), (4, 1)].into_iter()).map(|told| told[4]), Some(u64::MAX));
    account.deliver_corrupt();
    assert_eq!(account.finish(0, &[u64::MAX; 16]).map(|told| told[4]), Some(0));
}
