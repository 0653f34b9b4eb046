//! Packages of Debian and its relatives, installed only when we are allowed to.

use crate::problem::{Outcome, Problem};
use crate::process::{find_on_path, is_root, run};
use std::process::Command;

/// Whether `install` has a chance: apt-get exists and we are root.
pub fn can_install() -> bool {
    find_on_path("apt-get").is_some() && is_root()
}

/// Installs `packages`; `need` completes "… is needed" in the message when that is not possible.
pub fn install(packages: &[&str], need: &str) -> Outcome {
    let list = packages.join(" ");
    if find_on_path("apt-get").is_none() {
        return Err(Problem::new(format!("{need} is needed, is not on PATH, and there is no apt-get here."))
            .remedy(format!("install it with your own package manager (in Debian it is: {list})")));
    }
    if !is_root() {
        return Err(Problem::new(format!("{need} is needed, is not on PATH, and only root may install it."))
            .remedy(format!("sudo apt-get update && sudo apt-get install -y --no-install-recommends {list}")));
    }
    println!("Installing {list} with apt-get, because {need} is needed and not here yet.");
    let update = run(apt().args(["update", "-qq"]));
    let result = run(apt().args(["install", "-y", "-qq", "--no-install-recommends"]).args(packages));
    result.map_err(|problem| {
        let first = update.err().map(|problem| format!("{} ", problem.what)).unwrap_or_default();
        Problem::new(format!("{need} could not be installed. {first}{}", problem.what))
            .remedy(format!("look at apt-get's own lines above (often: no network), then: apt-get install -y {list}"))
    })
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    // RUNLEVEL=1 keeps sysv-rc's invoke-rc.d from starting the service that a server package brings along.
    command.env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1");
    command
}
