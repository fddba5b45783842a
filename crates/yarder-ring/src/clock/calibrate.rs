//! How fast the counter runs: asked from the CPU or the hypervisor, measured only where neither knows.

use std::sync::OnceLock;

#[cfg(target_arch = "x86_64")]
use crate::sys;

/// Ticks a second of the raw counter; 0.0 where there is none that can be trusted.
pub(super) fn hz() -> f64 {
    static HZ: OnceLock<f64> = OnceLock::new();
    *HZ.get_or_init(find)
}

#[cfg(target_arch = "x86_64")]
fn find() -> f64 {
    if !invariant() {
        return 0.0;
    }
    // What the CPU, the hypervisor or the kernel says is exact to some ppm, a measurement of 0.2 ms to some 300. So
    // the former is taken where the latter does not contradict it (a hypervisor may scale the counter and not say so).
    let measured = measure(200_000);
    let told = [from_cpu(), from_hypervisor(), from_kernel()].into_iter().flatten();
    for hz in told {
        if (hz / measured - 1.0).abs() < 0.002 {
            return hz;
        }
    }
    measure(1_000_000)
}

#[cfg(target_arch = "x86_64")]
fn cpuid(leaf: u32) -> core::arch::x86_64::CpuidResult {
    // Safe to call on x86-64 in newer compilers, unsafe in older ones.
    #[allow(unused_unsafe)]
    // SAFETY: the instruction exists on every x86-64 CPU.
    unsafe {
        core::arch::x86_64::__cpuid(leaf)
    }
}

#[cfg(target_arch = "x86_64")]
fn invariant() -> bool {
    if cpuid(0x8000_0000).eax < 0x8000_0007 || cpuid(0x8000_0007).edx & (1 << 8) == 0 {
        return false;
    }
    // The kernel demotes a counter that it saw misbehave, whatever the CPU promises.
    let path = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    std::fs::read_to_string(path)
        .map_or(true, |name| matches!(name.trim(), "tsc" | "kvm-clock" | "hyperv_clocksource_tsc_page" | "xen"))
}

#[cfg(target_arch = "x86_64")]
fn from_cpu() -> Option<f64> {
    if cpuid(0).eax < 0x15 {
        return None;
    }
    let leaf = cpuid(0x15);
    let known = leaf.eax != 0 && leaf.ebx != 0 && leaf.ecx != 0;
    known.then(|| f64::from(leaf.ecx) * f64::from(leaf.ebx) / f64::from(leaf.eax))
}

#[cfg(target_arch = "x86_64")]
fn from_hypervisor() -> Option<f64> {
    if cpuid(1).ecx & (1 << 31) == 0 {
        return None;
    }
    if cpuid(0x4000_0000).eax < 0x4000_0010 {
        return None;
    }
    let khz = cpuid(0x4000_0010).eax;
    (khz != 0).then(|| f64::from(khz) * 1000.0)
}

/// The kernel's own figure: where it knows the counter's frequency, bogomips is twice that in MHz, to 2 ppm. Only the
/// beginning of the file is read: the whole one takes milliseconds on a large machine.
#[cfg(target_arch = "x86_64")]
fn from_kernel() -> Option<f64> {
    use std::io::Read;
    let mut text = [0_u8; 4096];
    let len = std::fs::File::open("/proc/cpuinfo").ok()?.read(&mut text).ok()?;
    let text = String::from_utf8_lossy(&text[..len]);
    let (_, rest) = text.split_once("bogomips")?;
    let value: f64 = rest.split_once(':')?.1.lines().next()?.trim().parse().ok()?;
    Some(value * 500_000.0)
}

/// Counts for `span_ns` against CLOCK_MONOTONIC_RAW. Spins: a sleep would be longer and no better. Each end is the
/// tightest of a few looks, so that being preempted inside one does not count.
#[cfg(target_arch = "x86_64")]
fn measure(span_ns: u64) -> f64 {
    let look = || {
        let mut best = (u64::MAX, 0, 0);
        for _ in 0..16 {
            let before = super::raw();
            let ns = sys::clock_ns(libc::CLOCK_MONOTONIC_RAW);
            let width = super::raw().wrapping_sub(before);
            if width < best.0 {
                best = (width, before.wrapping_add(width / 2), ns);
            }
        }
        (best.1, best.2)
    };
    let (first, start) = look();
    while sys::clock_ns(libc::CLOCK_MONOTONIC_RAW).saturating_sub(start) < span_ns {
        std::hint::spin_loop();
    }
    let (last, now) = look();
    last.wrapping_sub(first) as f64 * 1e9 / now.saturating_sub(start).max(1) as f64
}

#[cfg(target_arch = "aarch64")]
fn find() -> f64 {
    let hz: u64;
    // SAFETY: reads the frequency of the virtual counter, which Linux lets user space read.
    unsafe { core::arch::asm!("mrs {}, cntfrq_el0", out(reg) hz, options(nomem, nostack)) };
    hz as f64
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn find() -> f64 {
    0.0
}
