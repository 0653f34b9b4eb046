//! The built page in a real Chromium. `cargo xtask test page` builds what this looks at.
//!
//! To add a scenario: write one `async fn name(page: &Page) -> Checked` and add its name to [`SCENARIOS`]. It starts as a new
//! visitor, and a console error fails it whatever else it looks at. All share one browser, which is why this file has a `main`
//! of its own: nothing else would close the browser after the last one.

#[allow(dead_code, reason = "a harness offers what a scenario may want, whether or not one does today")]
#[path = "page/browser.rs"]
mod browser;
#[path = "page/learner.rs"]
mod learner;
#[path = "page/measure.rs"]
mod measure;

use browser::{Checked, Page};
use learner::*;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::process::ExitCode;
use std::time::Instant;

type Scenario = for<'a> fn(&'a Page) -> Pin<Box<dyn Future<Output = Checked> + 'a>>;

macro_rules! scenarios {
    ($($name:ident),* $(,)?) => { &[$((stringify!($name), |page| Box::pin($name(page)))),*] };
}

const SCENARIOS: &[(&str, Scenario)] = scenarios! {
    opens_from_a_sub_path_with_no_fault_for_axe,
    is_as_wide_as_the_phone,
    runs_no_script_that_was_slipped_in,
    the_first_picture_needs_one_file_and_what_is_done_waits,
    the_first_lesson_is_played_without_the_rest,
    lua_is_loaded_when_a_script_runs,
    plays_pauses_steps_and_goes_back,
    scrubs_by_keyboard_and_by_the_slider,
    grades_the_answer_by_the_run,
    types_redis_commands_and_takes_them_back,
    kills_a_consumer_and_restarts_the_broker,
    a_link_shows_the_same_hash_elsewhere,
    bad_links_and_bad_lines_are_told_and_change_nothing,
    every_lesson_in_both_languages_has_no_fault_for_axe,
    looks_right_at_every_width_and_in_every_tab,
};

async fn opens_from_a_sub_path_with_no_fault_for_axe(page: &Page) -> Checked {
    page.open("").await?;
    assert_eq!(page.js("return document.title", vec![]).await?, "Warren");
    for dark in [false, true] {
        page.media(dark, false).await?;
        assert_eq!(page.axe().await?, [""; 0], "dark: {dark}");
    }
    Ok(())
}

async fn is_as_wide_as_the_phone(page: &Page) -> Checked {
    page.open("").await?;
    page.screenshot("start", 360, 740, false).await?;
    assert_eq!(page.js("return innerWidth", vec![]).await?, 360);
    assert_eq!(page.js("return document.documentElement.scrollWidth", vec![]).await?, 360, "nothing sticks out");
    page.screenshot("start", 1440, 900, true).await
}

async fn runs_no_script_that_was_slipped_in(page: &Page) -> Checked {
    page.open("").await?;
    let slip_in = "const script = document.createElement('script');
        script.textContent = 'window.slippedIn = true';
        document.head.append(script);
        return window.slippedIn === true";
    assert_eq!(page.js(slip_in, vec![]).await?, false);
    // Read here, and so not held against this scenario: the policy says what it refused, and that alone.
    let errors = page.console_errors().await?;
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains("Content Security Policy"), "{errors:?}");
    Ok(())
}

/// What is held against the budgets must be all that is needed; and what is loaded later must do what it did before.
async fn the_first_lesson_is_played_without_the_rest(page: &Page) -> Checked {
    page.open("").await?;
    let loads =
        "return performance.getEntriesByType('resource').filter(entry => entry.name.endsWith('_rest.wasm')).length";
    // Clicked by script: a finger would fetch the rest beforehand.
    for button in [".play", ".step", ".back", ".end", ".back"] {
        page.js("document.querySelector(arguments[0]).click()", vec![button.into()]).await?;
    }
    page.until("document.querySelector('.step-chip').textContent.match(/\\d+/)[0] > 50", "the lesson is near its end")
        .await?;
    assert_eq!(page.js(loads, vec![]).await?, 0);
    assert_eq!(page.js("return warren.redis('SET a b') + warren.redis('GET a')", vec![]).await?, "OK\"b\"");
    assert_eq!(page.js(loads, vec![]).await?, 1);
    Ok(())
}

/// Lua is a part of its own: whoever writes no script does not wait for it.
async fn lua_is_loaded_when_a_script_runs(page: &Page) -> Checked {
    page.open("").await?;
    let loads =
        "return performance.getEntriesByType('resource').filter(entry => entry.name.endsWith('_scripts.wasm')).length";
    assert_eq!(page.js("return warren.redis('SET a b') + warren.hash().length", vec![]).await?, "OK16");
    assert_eq!(page.js(loads, vec![]).await?, 0);
    assert_eq!(
        page.js("return warren.redis(`EVAL \"return {1, ARGV[1]}\" 0 x`)", vec![]).await?,
        "1) (integer) 1\n2) \"x\""
    );
    assert_eq!(page.js(loads, vec![]).await?, 1);
    assert_eq!(page.js("warren.back(1); return warren.redis(`EVAL \"return 2\" 0`)", vec![]).await?, "(integer) 2");
    Ok(())
}

/// The first picture stands without what plays the lesson; what is done meanwhile waits, and a part that did not come can be asked for again.
async fn the_first_picture_needs_one_file_and_what_is_done_waits(page: &Page) -> Checked {
    page.open_without("*_play.wasm").await?;
    page.screenshot("alone", 1440, 900, false).await?;
    assert!(page.text(".lesson h2").await?.len() > 5);
    assert!(page.text(".notice").await?.contains("could not be loaded"));
    page.js("document.querySelector('.step').click()", vec![]).await?;
    page.until("document.querySelector('.transport[aria-busy=false]')", "acting asks for the part again").await?;
    page.until("document.querySelector('.step-chip').textContent.includes('step 1 of')", "what was done is done")
        .await?;
    page.open_without("*_play.wasm").await?;
    page.click(".notice button").await?;
    page.until("document.querySelector('.transport[aria-busy=false]')", "the part has come").await?;
    page.until("!document.querySelector('.notice')", "nothing more is told").await?;
    // Read here, and so not held against this scenario: the browser tells of the file that was refused, and the page too.
    let errors = page.console_errors().await?;
    assert!(errors.iter().all(|error| error.contains("_play.wasm") || error.contains("Failed to fetch")), "{errors:?}");
    Ok(())
}

fn main() -> ExitCode {
    let filters = browser::filters();
    let chosen = |name: &str| filters.is_empty() || filters.iter().any(|filter| name.contains(filter.as_str()));
    let (run, left): (Vec<_>, Vec<_>) = SCENARIOS.iter().partition(|(name, _)| chosen(name));
    println!("\nrunning {} tests", run.len());
    let started = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime for one thread");
    let page = match runtime.block_on(Page::start()) {
        Ok(page) => page,
        Err(problem) => {
            eprintln!("The page could not be tested: {problem}");
            return ExitCode::FAILURE;
        }
    };
    if let Some(file) = std::env::var_os(xtask::cold::CALLED) {
        let measured = runtime.block_on(measure::measures(&page, file.as_ref()));
        let quit = runtime.block_on(page.quit());
        return match measured.and(quit) {
            Ok(()) => ExitCode::SUCCESS,
            Err(problem) => {
                eprintln!("The page could not be measured: {problem}");
                ExitCode::FAILURE
            }
        };
    }
    let mut failed = Vec::new();
    for (name, scenario) in &run {
        // An assertion that fails must neither keep the others from running nor leave the browser open.
        let result = catch_unwind(AssertUnwindSafe(|| runtime.block_on(visit(&page, *scenario))));
        let result = result.unwrap_or_else(|_| Err("an assertion failed, see above".into()));
        println!("test {name} ... {}", if result.is_ok() { "ok" } else { "FAILED" });
        if let Err(problem) = result {
            println!("    {problem}");
            let _ = runtime.block_on(page.picture(&format!("failed-{name}")));
            failed.push(*name);
        }
    }
    if let Err(problem) = runtime.block_on(page.quit()) {
        println!("{problem}");
    }
    println!(
        "\ntest result: {}. {} passed; {} failed; 0 ignored; 0 measured; {} filtered out; finished in {:.2}s\n",
        if failed.is_empty() { "ok" } else { "FAILED" },
        run.len() - failed.len(),
        failed.len(),
        left.len(),
        started.elapsed().as_secs_f64()
    );
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn visit(page: &Page, scenario: Scenario) -> Checked {
    page.fresh().await?;
    scenario(page).await?;
    let errors = page.console_errors().await?;
    if errors.is_empty() { Ok(()) } else { Err(format!("the console has errors: {}", errors.join(" | "))) }
}
