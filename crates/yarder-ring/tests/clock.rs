//! From stamps to wall-clock time.

use yarder_ring::{clock, counter, sys, Clock, ClockPair};

const HZ: f64 = 2e9;
const START: u64 = 1_700_000_000_000_000_000;

fn pair(counter: u64, realtime_ns: u64) -> ClockPair {
    ClockPair { counter, realtime_ns, boot: 1 }
}

/// Without other pairs the nominal speed holds, before and after.
#[test]
fn one_pair_is_enough() {
    let clock = Clock::new(pair(1_000_000, START), HZ, &[]);
    assert_eq!(clock.to_ns(1_000_000), START);
    assert_eq!(clock.to_ns(1_002_000), START + 1000);
    assert_eq!(clock.to_ns(998_000), START - 1000);
    let year = 2_000_000_000 * 86_400 * 365;
    assert_eq!(clock.to_ns(1_000_000 + year), START + year / 2);
}

/// Between two pairs time runs straight from one to the other, and after the last at the speed measured.
#[test]
fn pairs_correct_the_speed() {
    // The counter is 100 ppm slower than it says.
    let pairs = [pair(2_000_000_000, START + 1_000_100_000), pair(4_000_000_000, START + 2_000_200_000)];
    let clock = Clock::new(pair(0, START), HZ, &pairs);
    let near = |a: u64, b: u64| assert!(a.abs_diff(b) <= 2, "{a} {b}");
    near(clock.to_ns(1_000_000_000), START + 500_050_000);
    near(clock.to_ns(2_000_000_000), START + 1_000_100_000);
    near(clock.to_ns(3_000_000_000), START + 1_500_150_000);
    near(clock.to_ns(6_000_000_000), START + 3_000_300_000);
}

/// A clock that was set between two pairs does not bend the time between them; another boot's pairs are not used.
#[test]
fn a_step_of_the_clock_does_not_bend_time() {
    let day = 86_400_000_000_000;
    let clock = Clock::new(pair(0, START), HZ, &[pair(2_000_000_000, START + day)]);
    assert_eq!(clock.to_ns(1_999_999_998), START + 999_999_999);
    assert_eq!(clock.to_ns(2_000_000_000), START + day);
    let other = ClockPair { boot: 2, ..pair(1, 5) };
    let clock = Clock::new(pair(0, START), HZ, &[other, pair(0, 7)]);
    assert_eq!(clock.to_ns(2), START + 1);
}

/// A counter that is the wall clock needs no conversion, and no speed makes the conversion panic.
#[test]
fn strange_speeds_are_survived() {
    for hz in [0.0, -1.0, f64::NAN, f64::INFINITY, 1.0, 1e300] {
        assert_eq!(Clock::new(pair(5, START), hz, &[pair(9, 9)]).to_ns(77), 77);
    }
    for hz in [1e6, 1e12] {
        let clock = Clock::new(pair(u64::MAX / 2, u64::MAX), hz, &[pair(u64::MAX, 0)]);
        for stamp in [0, 1, u64::MAX / 2, u64::MAX - 1, u64::MAX] {
            let _ = clock.to_ns(stamp);
        }
    }
}

/// This machine's counter agrees with its wall clock.
#[test]
fn this_machines_counter_keeps_time() {
    let own = clock::pair();
    let clock = Clock::new(own, clock::counter_hz(), &[]);
    let (before, stamp, after) = (sys::realtime_ns(), counter(), sys::realtime_ns());
    let told = clock.to_ns(stamp);
    // A second of slack: the clock may be set while the test runs, but not by hours.
    assert!(told + 1_000_000_000 > before && told < after + 1_000_000_000, "{before} {told} {after}");
    assert!(counter() <= counter());
}
