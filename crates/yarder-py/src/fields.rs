//! `Fields`: encoded fields, immutable; what `bind` and `context` keep.

use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTypeMethods};
use yarder_core::record::value::tag;
use yarder_core::record::Value;

use crate::call::shrink::shrink;
use crate::call::text::to_str;
use crate::call::value::Gathering;
use crate::call::{ambient, leaving};

/// A section's length is 16 bits in the record; room is left for a facility before it.
const MOST: usize = 65_000;

/// Encoded fields, immutable. Cost: as a log call with the same fields.
#[pyclass(frozen, module = "yarder._core")]
pub(crate) struct Fields {
    section: Vec<u8>,
    flags: u16,
}

#[pymethods]
impl Fields {
    #[new]
    #[pyo3(signature = (mapping, base = None, /))]
    fn new(mapping: &Bound<'_, PyAny>, base: Option<&Bound<'_, Fields>>) -> PyResult<Fields> {
        ambient::use_it();
        Fields::build(mapping, base.map(|base| base.get()))
    }

    fn __len__(&self) -> usize {
        count(&self.section)
    }

    /// The fields as Python values, as a reader of the record would see them.
    pub(crate) fn as_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (key, value, _) in walk(&self.section) {
            dict.set_item(to_str(py, key), to_python(py, &value)?)?;
        }
        Ok(dict)
    }
}

impl Fields {
    /// The fields of `base` and then those of `mapping`, which win.
    pub(crate) fn build(mapping: &Bound<'_, PyAny>, base: Option<&Fields>) -> PyResult<Fields> {
        let _inside = leaving::enter();
        let mut gathering = Gathering::new(MOST);
        let items = mapping.call_method0("items")?;
        for item in items.try_iter()? {
            let (key, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item?.extract()?;
            gathering.key(&crate::call::text::shown(&key, &mut None));
            gathering.value(&value);
        }
        if let Some(stop) = gathering.stop.take() {
            return Err(stop);
        }
        let mut pieces = gathering.pieces();
        let mut flags = gathering.flags;
        // Later keys replace earlier ones, also those of `base`.
        // SAFETY: `gathering` keeps the bytes until the section is made.
        let keys: Vec<&[u8]> = pieces.chunks_exact(2).map(|pair| unsafe { pair[0].bytes() }).collect();
        let kept: Vec<&[u8]> = base.map_or_else(Vec::new, |base| {
            walk(&base.section).filter(|(key, ..)| !keys.contains(key)).map(|(.., whole)| whole).collect()
        });
        let kept_bytes: usize = kept.iter().map(|whole| whole.len()).sum();
        flags |= base.map_or(0, |base| base.flags);
        flags |= shrink(&mut pieces, 0, MOST.saturating_sub(2 + kept_bytes));
        let total = kept.len() + pieces.len() / 2;
        let mut section = Vec::new();
        if total > 0 {
            section.extend_from_slice(&(total as u16).to_le_bytes());
            kept.iter().for_each(|whole| section.extend_from_slice(whole));
            crate::call::commit::put_all(&mut section, &pieces);
        }
        Ok(Fields { section, flags })
    }

    /// The same without some keys.
    pub(crate) fn without(&self, names: &[Vec<u8>]) -> Fields {
        let kept: Vec<&[u8]> = walk(&self.section)
            .filter(|(key, ..)| !names.iter().any(|name| name == key))
            .map(|(.., whole)| whole)
            .collect();
        let mut section = Vec::new();
        if !kept.is_empty() {
            section.extend_from_slice(&(kept.len() as u16).to_le_bytes());
            kept.iter().for_each(|whole| section.extend_from_slice(whole));
        }
        Fields { section, flags: self.flags }
    }

    /// Count and fields, as a record holds them; empty when there are none.
    #[inline(always)]
    pub(crate) fn section(&self) -> &[u8] {
        &self.section
    }

    /// Record flags for what was cut.
    #[inline(always)]
    pub(crate) const fn flags(&self) -> u16 {
        self.flags
    }

    /// The fields in a Python object, if it is one of ours.
    ///
    /// # Safety
    /// The GIL is held; the object (null is none) lives as long as the reference is used.
    #[inline(always)]
    pub(crate) unsafe fn of<'a>(object: *mut PyObject) -> Option<&'a Fields> {
        static TYPE: crate::gil::GilCell<*mut ffi::PyTypeObject> = crate::gil::GilCell::new(std::ptr::null_mut());
        // SAFETY: the type is looked up once and never goes away; a frozen class gives shared references.
        unsafe {
            if (*TYPE.get()).is_null() {
                *TYPE.get() = Python::assume_attached().get_type::<Fields>().as_type_ptr();
            }
            if object.is_null() || ffi::Py_TYPE(object) != *TYPE.get() {
                return None;
            }
            let bound = Bound::from_borrowed_ptr(Python::assume_attached(), object);
            let fields: *const Fields = bound.cast_unchecked::<Fields>().get();
            Some(&*fields)
        }
    }
}

fn count(section: &[u8]) -> usize {
    section.first_chunk::<2>().map_or(0, |raw| usize::from(u16::from_le_bytes(*raw)))
}

/// The fields of a section that we encoded: key, value, and both as they stand.
fn walk(section: &[u8]) -> impl Iterator<Item = (&[u8], Value<'_>, &[u8])> {
    let mut rest = section.get(2..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (len, after) = rest.split_first_chunk::<2>()?;
        let len = usize::from(u16::from_le_bytes(*len));
        let key = after.get(..len)?;
        let (value, taken) = Value::decode(after.get(len..)?)?;
        let whole = rest.get(..2 + len + taken)?;
        rest = &rest[2 + len + taken..];
        Some((key, value, whole))
    })
}

/// Two sections as one; what does not fit 16 bits is left out at the end.
pub(crate) fn join(first: &[u8], second: &[u8]) -> Vec<u8> {
    if first.is_empty() || second.is_empty() || first.len() + second.len() > usize::from(u16::MAX) {
        return if second.is_empty() { first.to_vec() } else { second.to_vec() };
    }
    let total = (count(first) + count(second)) as u16;
    let mut joined = total.to_le_bytes().to_vec();
    joined.extend_from_slice(&first[2..]);
    joined.extend_from_slice(&second[2..]);
    joined
}

/// A value as Python sees it.
pub(crate) fn to_python<'py>(py: Python<'py>, value: &Value<'_>) -> PyResult<Bound<'py, PyAny>> {
    static LOADS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    Ok(match *value {
        Value::None => py.None().into_bound(py),
        Value::Bool(value) => pyo3::types::PyBool::new(py, value).to_owned().into_any(),
        Value::Int(value) => value.into_pyobject(py)?.into_any(),
        Value::Float(value) => pyo3::types::PyFloat::new(py, value).into_any(),
        Value::Bytes(bytes) => pyo3::types::PyBytes::new(py, bytes).into_any(),
        Value::BigInt(digits) => py.get_type::<pyo3::types::PyInt>().call1((to_str(py, digits),))?,
        Value::Json(json) => {
            let loads = LOADS.get_or_try_init(py, || Ok::<_, PyErr>(py.import("json")?.getattr("loads")?.unbind()))?;
            let text = to_str(py, json);
            loads.bind(py).call1((&text,)).unwrap_or(text)
        }
        Value::Str(text) | Value::Text(text) | Value::Local(text) => to_str(py, text),
    })
}

/// Whether a value is shown everywhere, and not on consoles alone.
pub(crate) const fn is_public(value: &Value<'_>) -> bool {
    !matches!(value, Value::Local(_))
}

const _: () = assert!(tag::LOCAL == 10, "a new kind of value needs a Python form in `to_python`");
