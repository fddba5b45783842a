//! `percent::render` against a table that CPython wrote (`golden/percent.py`).

use yarder_core::format::percent::{self, Mismatch};
use yarder_core::record::Value;

/// Undoes the table's escapes; a lone surrogate becomes its three bytes.
fn unescape(cell: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = cell;
    while let Some(at) = rest.find('\\') {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('\\') {
            out.push(b'\\');
            rest = after;
        } else {
            let code = u32::from_str_radix(&rest[1..5], 16).expect("four hex digits");
            match char::from_u32(code) {
                Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                None => out.extend_from_slice(&[0xED, 0x80 | (code >> 6 & 0x3F) as u8, 0x80 | (code & 0x3F) as u8]),
            }
            rest = &rest[5..];
        }
    }
    out.extend_from_slice(rest.as_bytes());
    out
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
}

/// An argument that owns its bytes.
enum Owned {
    Simple(Value<'static>),
    Str(Vec<u8>),
    Bytes(Vec<u8>),
    BigInt(Vec<u8>),
}

impl Owned {
    fn parse(cell: &str) -> Owned {
        let (kind, text) = cell.split_at(1);
        match kind {
            "N" => Owned::Simple(Value::None),
            "T" => Owned::Simple(Value::Bool(true)),
            "F" => Owned::Simple(Value::Bool(false)),
            "i" => Owned::Simple(Value::Int(text.parse().expect("an i64"))),
            "f" => {
                let bits = u64::from_str_radix(text, 16).expect("sixteen hex digits");
                Owned::Simple(Value::Float(f64::from_bits(bits)))
            }
            "I" => Owned::BigInt(text.into()),
            "b" => Owned::Bytes(hex(text)),
            "s" => Owned::Str(unescape(text)),
            _ => panic!("no such type: {cell}"),
        }
    }

    fn value(&self) -> Value<'_> {
        match self {
            Owned::Simple(value) => *value,
            Owned::Str(text) => Value::Str(text),
            Owned::Bytes(bytes) => Value::Bytes(bytes),
            Owned::BigInt(digits) => Value::BigInt(digits),
        }
    }
}

fn render(template: &[u8], args: &[Value<'_>]) -> Result<Vec<u8>, Mismatch> {
    let mut out = b"kept".to_vec();
    let result = percent::render(template, &mut args.iter().copied(), &mut out);
    assert!(out.starts_with(b"kept"), "what stood there before stays");
    if result.is_err() {
        assert_eq!(b"kept", &out[..], "a mismatch leaves nothing behind");
    }
    result.map(|()| out.split_off(4))
}

/// Every row of the table comes out as CPython made it, text or exception.
#[test]
fn equals_cpython() {
    let table = include_str!("golden/percent.tsv");
    let mut wrong = Vec::new();
    let mut rows = 0;
    for row in table.lines() {
        let mut cells = row.split('\t');
        let (template, expected) = (unescape(cells.next().expect("template")), cells.next().expect("result"));
        let owned: Vec<Owned> = cells.map(Owned::parse).collect();
        let args: Vec<Value<'_>> = owned.iter().map(Owned::value).collect();
        let actual = match render(&template, &args) {
            Ok(text) => [&b"="[..], &text].concat(),
            Err(mismatch) => format!("!{mismatch}").into_bytes(),
        };
        if actual != unescape(expected) {
            wrong.push(format!("{row}\n   got {:?}", String::from_utf8_lossy(&actual)));
        }
        rows += 1;
    }
    assert!(rows > 5000, "the table is there: {rows}");
    assert!(wrong.is_empty(), "{} of {rows} rows differ:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
}

/// A template that asks for a gigabyte of padding is refused, whether at once or in many pieces.
#[test]
fn padding_is_bounded() {
    let refused = |template: &str, args: &[Value<'_>]| {
        let error = render(template.as_bytes(), args).expect_err("too long");
        assert_eq!("ValueError: result too long", error.to_string());
    };
    refused("%1000000000d", &[Value::Int(1)]);
    refused("%.1000000000f", &[Value::Float(1.0)]);
    refused("%*s", &[Value::Int(i64::MAX), Value::Str(b"x")]);
    refused(&"%100000d".repeat(20), &[Value::Int(1); 20]);
    assert_eq!(1_000_000, render(b"%1000000d", &[Value::Int(1)]).expect("fits").len());
}

/// Values CPython never has here (text of other objects, JSON, broken integers) print as text and break nothing.
#[test]
fn foreign_values_print_as_text() {
    let args = [Value::Text(b"<obj>"), Value::Json(b"{\"a\":1}"), Value::BigInt(b"12x")];
    assert_eq!(b"<obj> {\"a\":1} 12x".to_vec(), render(b"%s %r %s", &args).expect("text"));
    assert!(render(b"%d", &[Value::BigInt(b"12x")]).is_err());
    assert!(render(b"%x", &[Value::BigInt(b"")]).is_err());
    assert!(render(b"%f", &[Value::BigInt(b"nan")]).is_err());
    let long = vec![b'7'; 200_000];
    assert!(render(b"%x", &[Value::BigInt(&long)]).is_err());
}

/// The interpreter's version decides which of the newest characters `repr` shows.
#[test]
fn repr_follows_the_interpreter() {
    // U+1FAE8 came with Unicode 15.0, U+2FFC with 15.1.
    let text = "\u{1FAE8}\u{2FFC}";
    let shown = || String::from_utf8(render(b"%r", &[Value::Str(text.as_bytes())]).expect("repr")).expect("utf-8");
    percent::set_python(11);
    assert_eq!("'\\U0001fae8\\u2ffc'", shown());
    percent::set_python(12);
    assert_eq!("'\u{1FAE8}\\u2ffc'", shown());
    percent::set_python(13);
    assert_eq!("'\u{1FAE8}\u{2FFC}'", shown());
}
