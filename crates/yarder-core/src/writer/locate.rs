//! What a predecessor left of a batch: in the file, under another name, or in a copy of it.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use xxhash_rust::xxh3::xxh3_64;
use yarder_ring::IntentFile;

use super::output::{Output, Progress};
use crate::archive::unpack;
use crate::plan::Codec;
use crate::segment::resume;
use crate::trace;

impl Output {
    /// Finds out how far a predecessor came with these bytes.
    pub(super) fn locate(&mut self, intent: &IntentFile) -> std::io::Result<()> {
        let Some(segment) = &mut self.segment else { return Ok(()) };
        let key = segment.key();
        if (key.dev, key.ino) != (intent.key.dev, intent.key.ino) && self.finish_elsewhere(intent)? {
            self.progress = Progress::Done;
            self.went_elsewhere = true;
            return Ok(());
        }
        let Some(segment) = &mut self.segment else { return Ok(()) };
        if resume::is_whole(segment.file(), intent)? {
            trace::event("writer", trace::INFO, || format!("{}: the batch was whole", segment.path().display()));
            self.progress = Progress::At(self.bytes.len());
            return Ok(());
        }
        if xxh3_64(&self.bytes) != intent.hash {
            // Not the bytes that were intended, so places say nothing; lines do.
            let missing = resume::missing(segment.file(), intent, &self.bytes)?;
            trace::event("writer", trace::WARNING, || {
                format!("{}: a batch is not the same again, {} bytes missing", segment.path().display(), missing.len())
            });
            self.replace(missing);
            self.progress = Progress::At(0);
            return Ok(());
        }
        let mut found = resume::find(segment.file(), intent, &self.bytes)?;
        let cut = found.done == 0 && resume::is_cut(segment.file(), intent)?;
        let live = segment.identity();
        if cut {
            found.done = self.look_in_copies(intent, live);
        }
        let Some(segment) = &mut self.segment else { return Ok(()) };
        trace::event("writer", trace::INFO, || {
            format!("{}: {} of {} bytes were there", segment.path().display(), found.done, self.bytes.len())
        });
        segment.set_torn(found.torn && found.done < self.bytes.len());
        self.progress = Progress::At(found.done);
        Ok(())
    }

    /// The file of the intent was renamed since: the batch is finished there, if it was begun there.
    fn finish_elsewhere(&mut self, intent: &IntentFile) -> std::io::Result<bool> {
        let Some(folder) = self.options.path.parent() else { return Ok(false) };
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let Ok(meta) = entry.metadata() else { continue };
            if !meta.is_file() || (meta.dev(), meta.ino()) != (intent.key.dev, intent.key.ino) {
                continue;
            }
            let mut file = OpenOptions::new().read(true).append(true).open(entry.path())?;
            if resume::is_whole(&file, intent)? {
                return Ok(true);
            }
            let found = resume::find(&file, intent, &self.bytes)?;
            if found.done == 0 || xxh3_64(&self.bytes) != intent.hash {
                return Ok(false);
            }
            file.write_all(&self.bytes[found.done..])?;
            return Ok(true);
        }
        Ok(false)
    }

    /// How much of the batch somebody took away in a copy before the file was cut.
    fn look_in_copies(&self, intent: &IntentFile, live: (u64, u64)) -> usize {
        let stem = self.options.path.file_stem().unwrap_or_default().as_bytes();
        let entries = self.options.path.parent().and_then(|folder| fs::read_dir(folder).ok());
        let copies = entries.into_iter().flatten().flatten().filter(|entry| {
            let meta = entry.metadata().ok().filter(|meta| meta.is_file() && (meta.dev(), meta.ino()) != live);
            meta.is_some() && entry.file_name().as_bytes().starts_with(stem)
        });
        let in_copy = |path: PathBuf| {
            let ending = path.extension().and_then(|ending| ending.to_str());
            let codec = Codec::ALL.into_iter().find(|codec| Some(codec.ending()) == ending);
            let text = unpack(codec, File::open(path)?)?;
            resume::in_copy(text, intent, &self.bytes)
        };
        copies.filter_map(|entry| in_copy(entry.path()).ok()).max().unwrap_or(0)
    }
}
