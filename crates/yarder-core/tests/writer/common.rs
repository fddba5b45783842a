//! The vocabulary of the writer's tests: a folder, an app in it, a child that is killed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use yarder_core::record::{RecordBuilder, Value};
use yarder_core::writer::{Service, ServiceOptions};
use yarder_ring::{Policy, Position, Pressure, Producer, RingFile, RingSpec, State, Yard};

/// Long enough for any machine; a test that needs it has failed.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// A folder that goes away with the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Folder {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("yarder-{name}-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a temporary folder");
        Folder(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// One destination of a plan.
pub(crate) fn file(path: &Path, more: &str) -> String {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    format!(r#"{{"name":"{name}","type":"file","path":"{}","format":"json"{more}}}"#, path.display())
}

pub(crate) fn plan(destinations: &[String]) -> String {
    format!(r#"{{"version":1,"app":"web","tz":"utc","destinations":[{}]}}"#, destinations.join(","))
}

/// A process's share of a yard: service, ring, producer.
pub(crate) struct App {
    pub(crate) service: Arc<Service>,
    pub(crate) ring: Arc<RingFile>,
    pub(crate) producer: Producer,
}

impl App {
    pub(crate) fn start(base: &Path, plan: &str) -> App {
        App::with(base, plan, 1024, Policy::Block)
    }

    pub(crate) fn with(base: &Path, plan: &str, slots: u32, policy: Policy) -> App {
        let yard = Arc::new(Yard::open_or_create(Some(&base.join("yard")), "web").expect("a yard"));
        let service = Service::start(Arc::clone(&yard), ServiceOptions::default());
        App::join(service, plan, slots, policy)
    }

    /// Another ring of the same process.
    pub(crate) fn join(service: Arc<Service>, plan: &str, slots: u32, policy: Policy) -> App {
        let yard = service.yard();
        let spec = RingSpec {
            main_slots: slots,
            policy,
            plan: yard.store_plan(plan).expect("a stored plan"),
            app: "web".into(),
            process: "test".into(),
            hostname: "host".into(),
            shared: true,
            ..RingSpec::default()
        };
        let ring = Arc::new(RingFile::create(yard, &spec).expect("a ring"));
        service.adopt(Arc::clone(&ring));
        let producer = Producer::new(Arc::clone(&ring)).expect("a producer");
        App { service, ring, producer }
    }

    /// Logs `number`; waits for room as long as it takes.
    pub(crate) fn log(&mut self, number: u64) {
        while !self.try_log(number, LONG) {}
    }

    /// Logs `number`; `false` when there is no room within `patience`.
    pub(crate) fn try_log(&mut self, number: u64, patience: Duration) -> bool {
        let builder = RecordBuilder::new(6, "web", "number %d");
        let bytes = builder.arg(Value::Int(number as i64)).field("n", Value::Int(number as i64)).build();
        self.put(bytes, patience)
    }

    pub(crate) fn put(&mut self, mut bytes: Vec<u8>, patience: Duration) -> bool {
        let slots = bytes.len().div_ceil(yarder_ring::SLOT) as u64;
        for _ in 0..3 {
            if let Some(mut reservation) = self.producer.reserve(bytes.len()) {
                bytes[8..16].copy_from_slice(&reservation.sequence().to_le_bytes());
                bytes[16..24].copy_from_slice(&reservation.stamp().to_le_bytes());
                reservation.put(&bytes);
                reservation.publish();
                return true;
            }
            match self.producer.pressure(bytes.len()) {
                Pressure::Room => {}
                Pressure::HalfFull => self.service.wake(),
                Pressure::Full | Pressure::Stalled => {
                    self.service.wake();
                    self.ring.wait_for_room(slots, patience);
                }
                other => panic!("no room and no hope: {other:?}"),
            }
        }
        false
    }

    pub(crate) fn position(&self) -> Position {
        self.producer.position()
    }

    pub(crate) fn flush(&self) -> bool {
        self.service.flush(&[(Arc::clone(&self.ring), self.position())], LONG)
    }

    /// The orderly end: everything written, the ring removed.
    pub(crate) fn end(self) -> bool {
        self.ring.set_state(State::Closed);
        self.service.stop(LONG)
    }
}

/// How often each number stands in the file; a torn or foreign line is a failure.
pub(crate) fn numbers(path: &Path) -> BTreeMap<u64, u32> {
    let text = fs::read_to_string(path).unwrap_or_default();
    assert!(text.is_empty() || text.ends_with('\n'), "the last line is torn: {:?}", text.lines().last());
    let mut found = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with('{')) {
        let value: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"));
        if let Some(number) = value["fields"]["n"].as_u64() {
            *found.entry(number).or_insert(0) += 1;
        }
    }
    found
}

/// What the file tells of losses, by reason.
pub(crate) fn told(path: &Path) -> BTreeMap<String, u64> {
    let mut told = BTreeMap::new();
    for line in fs::read_to_string(path).unwrap_or_default().lines() {
        let Ok(value) = serde_json::from_str::<serde_json::Value>(line) else { continue };
        if let (Some(reason), Some(count)) = (value["fields"]["reason"].as_str(), value["fields"]["count"].as_u64()) {
            *told.entry(reason.to_owned()).or_insert(0) += count;
        }
    }
    told
}

/// Logs `number` under `overwrite_oldest`, carrying the losses so far.
pub(crate) fn overwrite(producer: &mut Producer, number: u64) {
    for _ in 0..3 {
        let losses = producer.losses();
        let mut builder = RecordBuilder::new(6, "web", "text").field("n", Value::Int(number as i64));
        for (reason, count) in losses.iter().enumerate().filter(|(_, count)| **count > 0) {
            builder = builder.loss(reason as u8, *count);
        }
        let mut bytes = builder.build();
        if let Some(mut reservation) = producer.reserve(bytes.len()) {
            bytes[8..16].copy_from_slice(&reservation.sequence().to_le_bytes());
            bytes[16..24].copy_from_slice(&reservation.stamp().to_le_bytes());
            reservation.put(&bytes);
            if producer_carries(&losses) {
                reservation.carries_losses();
            }
            return reservation.publish();
        }
        if producer.pressure(bytes.len()) == Pressure::Full {
            let _ = producer.overwrite(bytes.len());
        }
    }
    panic!("no room under overwrite_oldest");
}

fn producer_carries(losses: &[u64]) -> bool {
    losses.iter().any(|count| *count > 0)
}

/// Each of `0..count` exactly once, nothing else.
#[allow(dead_code, reason = "the archive tests count over several files")]
pub(crate) fn assert_once(path: &Path, count: u64) {
    let found = numbers(path);
    let doubled: Vec<_> = found.iter().filter(|(_, times)| **times > 1).take(5).collect();
    assert!(doubled.is_empty(), "doubled: {doubled:?} of {}", found.len());
    let missing: Vec<_> = (0..count).filter(|number| !found.contains_key(number)).take(5).collect();
    assert!(missing.is_empty(), "missing: {missing:?}, found {} of {count}", found.len());
    assert_eq!(found.len() as u64, count);
}

pub(crate) fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let until = Instant::now() + LONG;
    while !done() {
        assert!(Instant::now() < until, "in vain: {what}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// Runs one test function of this binary as a process of its own.
pub(crate) fn child(test: &str, variables: &[(&str, &str)]) -> Child {
    child_under(&[], test, variables)
}

/// The same under a wrapper such as `unshare`.
pub(crate) fn child_under(wrapper: &[&str], test: &str, variables: &[(&str, &str)]) -> Child {
    let exe = std::env::current_exe().expect("this binary");
    let mut command = match wrapper {
        [] => Command::new(&exe),
        [first, rest @ ..] => {
            let mut command = Command::new(first);
            command.args(rest).arg(&exe);
            command
        }
    };
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env("YARDER_TEST_CHILD", "1");
    for (name, value) in variables {
        command.env(name, value);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("a child")
}

/// Whether this process was started by `child`.
pub(crate) fn is_child() -> bool {
    std::env::var_os("YARDER_TEST_CHILD").is_some()
}

pub(crate) fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}
