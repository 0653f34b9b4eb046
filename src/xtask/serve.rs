//! `cargo xtask serve`: the page, built and opened.

use crate::bundle::{self, Mode};
use crate::files::FileServer;
use crate::problem::{Outcome, Problem};
use crate::process::find_on_path;
use std::process::{Command, Stdio};

const DEFAULT_PORT: u16 = 8080;

/// Builds the page, serves it on 127.0.0.1 and opens the browser. Ends only with the process.
pub fn serve(words: &[String]) -> Outcome {
    let mut port = DEFAULT_PORT;
    let (mut open, mut mode) = (true, Mode::Release);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--no-open" => open = false,
            "--dev" => mode = Mode::Dev,
            "--port" => {
                port = words.next().and_then(|word| word.parse().ok()).ok_or_else(|| {
                    Problem::new("--port wants a number from 0 to 65535.").remedy("cargo xtask serve --port 8081")
                })?;
            }
            _ => {
                return Err(Problem::new(format!("serve does not know {word}."))
                    .remedy("cargo xtask serve [--port N] [--no-open] [--dev]"));
            }
        }
    }
    // The port is looked at before the build, which takes long, and taken again after it.
    drop(FileServer::bind(port, &bundle::folder(mode), "/")?);
    let dist = bundle::build(mode)?;
    let server = FileServer::bind(port, &dist, "/")?;
    println!("Warren is at {} (Ctrl-C ends it).", server.address());
    if open {
        open_browser(&server.address());
    }
    server.answer();
    Ok(())
}

fn open_browser(address: &str) {
    let opener = ["xdg-open", "open", "explorer"].iter().find_map(|name| find_on_path(name));
    let opened = opener.is_some_and(|program| {
        let mut command = Command::new(program);
        command.arg(address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().is_ok()
    });
    if !opened {
        println!("No program here opens a browser: please open that address yourself.");
    }
}
