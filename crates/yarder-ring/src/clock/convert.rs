//! From a stamp to nanoseconds since 1970, by the pairs around it.

/// The counter and CLOCK_REALTIME at one moment of one boot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockPair {
    /// `counter()`.
    pub counter: u64,
    /// Nanoseconds since 1970.
    pub realtime_ns: u64,
    /// Which boot's counter (`boot_tag`).
    pub boot: u64,
}

/// The stamps of one ring, converted. Equal pairs give equal times, in this process and in a successor.
#[derive(Clone, Debug)]
pub struct Clock {
    segments: Vec<Segment>,
}

#[derive(Clone, Copy, Debug)]
struct Segment {
    from: u64,
    base_ns: u64,
    /// Nanoseconds a tick, times 2^32.
    rate: u64,
}

const UNIT: f64 = 4_294_967_296.0;

impl Clock {
    /// `own` and `hz` stand in the ring's header, `pairs` in the control page (oldest first). Pairs of another boot,
    /// from before the ring, or out of order are left out: they say nothing about its stamps.
    #[must_use]
    pub fn new(own: ClockPair, hz: f64, pairs: &[ClockPair]) -> Clock {
        // Zero: the counter is the wall clock. Anything beyond 1 MHz..1 THz is not a counter we know.
        if !(1e6..=1e12).contains(&hz) {
            return Clock { segments: Vec::new() };
        }
        let mut points = vec![own];
        for pair in pairs.iter().filter(|pair| pair.boot == own.boot) {
            if pair.counter > points[points.len() - 1].counter {
                points.push(*pair);
            }
        }
        let nominal = 1e9 / hz;
        let mut segments: Vec<Segment> = Vec::with_capacity(points.len());
        for (index, point) in points.iter().enumerate() {
            // Between two pairs by their own slope; after the last by the slope before it, which is a measurement of
            // the counter's true speed. A slope that is off by 1 % is a clock that was set: the nominal speed holds.
            let slope = match points.get(index + 1) {
                Some(next) => slope(point, next),
                None if index > 0 => long_slope(&points),
                None => None,
            };
            let per_tick = slope.filter(|slope| (slope / nominal - 1.0).abs() < 0.01).unwrap_or(nominal);
            segments.push(Segment { from: point.counter, base_ns: point.realtime_ns, rate: (per_tick * UNIT) as u64 });
        }
        Clock { segments }
    }

    /// Nanoseconds since 1970 of a stamp.
    #[inline]
    #[must_use]
    pub fn to_ns(&self, counter: u64) -> u64 {
        let Some(last) = self.segments.last() else { return counter };
        if counter >= last.from {
            return last.at(counter);
        }
        self.earlier(counter)
    }

    #[cold]
    fn earlier(&self, counter: u64) -> u64 {
        let index = self.segments.partition_point(|segment| segment.from <= counter);
        self.segments[index.saturating_sub(1)].at(counter)
    }
}

impl Segment {
    #[inline(always)]
    fn at(&self, counter: u64) -> u64 {
        if counter >= self.from {
            let ns = (u128::from(counter - self.from) * u128::from(self.rate)) >> 32;
            self.base_ns.wrapping_add(ns as u64)
        } else {
            let ns = (u128::from(self.from - counter) * u128::from(self.rate)) >> 32;
            self.base_ns.saturating_sub(ns as u64)
        }
    }
}

fn slope(a: &ClockPair, b: &ClockPair) -> Option<f64> {
    let ns = b.realtime_ns.checked_sub(a.realtime_ns)?;
    Some(ns as f64 / (b.counter - a.counter) as f64)
}

/// The slope over as many of the last pairs as needed to make the error of one pair (some 50 ns) small.
fn long_slope(points: &[ClockPair]) -> Option<f64> {
    const ENOUGH_NS: u64 = 100_000_000;
    let last = points.last()?;
    let first = points.iter().rev().find(|pair| last.realtime_ns.saturating_sub(pair.realtime_ns) >= ENOUGH_NS)?;
    slope(first, last)
}
