//! yarder._core
