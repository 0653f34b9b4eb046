//! The command `warren`.

use std::process::ExitCode;
use warren_cli::{options, server};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let result = options::parse(&words).and_then(|command| match command {
        options::Command::Print(text) => {
            print!("{text}");
            Ok(())
        }
        options::Command::Server(options) => server::run(&options),
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("warren: {problem}");
            ExitCode::FAILURE
        }
    }
}
