//! Slots by the address of their logger: mostly one look.

use std::collections::HashSet;

use pyo3::ffi::PyObject;

use super::slot::Slot;
use crate::gil::GilCell;

#[derive(Clone, Copy)]
struct Entry {
    /// Address of the logger; 0 in an empty place.
    key: usize,
    slot: *mut Slot,
}

const EMPTY: Entry = Entry { key: 0, slot: std::ptr::null_mut() };

struct Table {
    /// Where the entries are; one empty one at first.
    entries: *const Entry,
    mask: usize,
    used: usize,
    store: Vec<Entry>,
    /// Addresses of loggers, managers and handlers that some decision depends on.
    watched: Option<HashSet<usize>>,
}

struct Nothing([Entry; 1]);
// SAFETY: never written.
unsafe impl Sync for Nothing {}
static NOTHING: Nothing = Nothing([EMPTY]);

static TABLE: GilCell<Table> =
    GilCell::new(Table { entries: NOTHING.0.as_ptr(), mask: 0, used: 0, store: Vec::new(), watched: None });

#[inline(always)]
const fn place(key: usize) -> usize {
    key >> 4 ^ key >> 12
}

#[inline(always)]
unsafe fn find(key: usize) -> *mut Slot {
    // SAFETY: the GIL guards the table; an empty place ends every search.
    unsafe {
        let table = &*TABLE.get();
        let mut at = place(key) & table.mask;
        loop {
            let entry = &*table.entries.add(at);
            if entry.key == key || entry.key == 0 {
                return entry.slot;
            }
            at = (at + 1) & table.mask;
        }
    }
}

/// The slot of a logger, if it still holds; else null.
///
/// # Safety
/// The GIL is held. The slot is valid until Python code runs.
#[inline(always)]
pub(super) unsafe fn fresh(owner: *mut PyObject) -> *mut Slot {
    // SAFETY: as the caller promises.
    unsafe {
        let slot = find(owner as usize);
        if !slot.is_null() && !(*slot).holds(owner) {
            return std::ptr::null_mut();
        }
        slot
    }
}

/// Keeps a slot in place of the one before. Null: dropping that one ended this one too.
pub(super) unsafe fn put(owner: *mut PyObject, slot: Box<Slot>) -> *mut Slot {
    let key = owner as usize;
    // SAFETY: the GIL guards the table; nothing of CPython is called while it is changed.
    unsafe {
        let table = &mut *TABLE.get();
        let new = Entry { key, slot: Box::into_raw(slot) };
        let old = table.store.iter_mut().find(|entry| entry.key == key).map(|entry| std::mem::replace(entry, new));
        if old.is_none() {
            if (table.used + 1) * 4 > table.store.len() {
                let room = (table.store.len() * 2).max(256);
                rebuild(table, room, |_| true);
            }
            insert(&mut table.store, new);
            table.used += 1;
        }
        drop(old.map(|entry| Box::from_raw(entry.slot)));
        find(key)
    }
}

fn insert(store: &mut [Entry], entry: Entry) {
    let mask = store.len() - 1;
    let mut at = place(entry.key) & mask;
    while store[at].key != 0 {
        at = (at + 1) & mask;
    }
    store[at] = entry;
}

fn rebuild(table: &mut Table, room: usize, keeps: impl Fn(&Entry) -> bool) {
    let mut store = vec![EMPTY; room];
    table.used = 0;
    for entry in table.store.iter().filter(|entry| entry.key != 0 && keeps(entry)) {
        insert(&mut store, *entry);
        table.used += 1;
    }
    table.store = store;
    (table.entries, table.mask) = (table.store.as_ptr(), room - 1);
}

/// From now on a change of this object ends all decisions.
pub(super) fn watch(object: *mut PyObject) {
    // SAFETY: called with the GIL held.
    unsafe { (*TABLE.get()).watched.get_or_insert_with(HashSet::new).insert(object as usize) };
}

/// Attributes that were set or deleted so far, of whatever object.
pub(super) fn changes() -> u64 {
    // SAFETY: called with the GIL held.
    unsafe { *CHANGES.get() }
}

static CHANGES: GilCell<u64> = GilCell::new(0);

/// An attribute of `object` was set or deleted.
pub(super) fn changed(object: *mut PyObject) {
    // SAFETY: called with the GIL held.
    let watched = unsafe {
        *CHANGES.get() += 1;
        (*TABLE.get()).watched.as_ref()
    };
    if watched.is_some_and(|watched| watched.contains(&(object as usize))) {
        clear();
    }
}

/// Ends all decisions.
pub(super) fn clear() {
    // SAFETY: called with the GIL held; slots are dropped when the table is as it shall be, for that may run Python.
    unsafe {
        *CHANGES.get() += 1;
        let table = &mut *TABLE.get();
        let old = std::mem::take(&mut table.store);
        (table.entries, table.mask, table.used, table.watched) = (NOTHING.0.as_ptr(), 0, 0, None);
        for entry in old.into_iter().filter(|entry| entry.key != 0) {
            drop(Box::from_raw(entry.slot));
        }
    }
}

/// The logger behind this weak reference is gone.
pub(super) fn remove(weak: *mut PyObject) {
    // SAFETY: as `clear`.
    unsafe {
        let table = &mut *TABLE.get();
        let found = table.store.iter().find(|entry| entry.key != 0 && (*entry.slot).weak == weak).copied();
        if let Some(gone) = found {
            let room = table.store.len();
            rebuild(table, room, |entry| entry.key != gone.key);
            drop(Box::from_raw(gone.slot));
        }
    }
}
