//! A real browser on the built page: one start for all scenarios, and the few things that a scenario does with it.
//!
//! Every helper returns a sentence on failure, so a scenario is a list of lines that end in `?`.

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};
use thirtyfour::common::log::LoggingPrefsLogLevel;
use thirtyfour::{By, ChromeCapabilities, ChromiumLikeCapabilities, WebDriver, WebElement};
use xtask::bundle::{self, Mode};
use xtask::cold;
use xtask::files::FileServer;
use xtask::process::{Guard, free_port, target_dir, wait_for_port};
use xtask::tools;

/// What a scenario and every helper ends with: success, or what went wrong in one sentence.
pub type Checked<T = ()> = Result<T, String>;

/// The page is served below this path, because it must work from any.
const SUB_PATH: &str = "/some/sub/path/";
/// How long the page may take to do anything that a scenario waits for.
const PATIENCE: Duration = Duration::from_secs(20);
/// The window of a scenario that asks for no other.
const WINDOW: (u32, u32) = (1280, 900);
const FLAGS: [&str; 9] = [
    "--headless=new",
    "--no-sandbox", // It has none to offer as root, and shows nothing but our own files.
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--hide-scrollbars", // A phone lays them over the page; here they would take 15 of its 360 pixels.
    "--force-device-scale-factor=1",
    "--window-size=1280,900",
];

/// The page in a browser window.
pub struct Page {
    driver: WebDriver,
    address: String,
    axe: String,
    profile: PathBuf,
    _chromedriver: Guard,
}

impl Page {
    /// Serves `dist/`, starts chromedriver and opens one browser window.
    pub async fn start() -> Checked<Page> {
        let measured = env::var_os(cold::CALLED).is_some();
        let dist = bundle::folder(if measured { Mode::Measured } else { Mode::Release });
        if !dist.join("index.html").is_file() {
            return Err("There is no dist/index.html to test. What helps: cargo xtask build".into());
        }
        let server = FileServer::bind(0, &dist, SUB_PATH).map_err(|problem| problem.to_string())?;
        let address = server.address();
        thread::spawn(move || server.answer());

        let browser = tools::browser().map_err(|problem| problem.to_string())?;
        let axe = tools::axe_source().map_err(|problem| problem.to_string())?;
        let port = free_port().map_err(|problem| problem.to_string())?;
        let mut command = Command::new(&browser.driver);
        command.arg(format!("--port={port}")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let chromedriver = Guard(command.spawn().map_err(|error| format!("chromedriver cannot be started: {error}"))?);
        if !wait_for_port(port, PATIENCE) {
            return Err(format!("chromedriver does not answer on port {port}"));
        }
        let profile = target_dir().join("scratch").join(format!("browser-{}", std::process::id()));
        let mut wanted = ChromeCapabilities::new();
        let prepare = |wanted: &mut ChromeCapabilities| {
            for flag in FLAGS {
                wanted.add_arg(flag)?;
            }
            wanted.add_arg(&format!("--user-data-dir={}", profile.display()))?;
            wanted.set_binary(&browser.chromium.to_string_lossy())?;
            wanted.set_browser_log_level(LoggingPrefsLogLevel::All)
        };
        prepare(&mut wanted).map_err(|error| format!("the browser's settings were refused: {error}"))?;
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), wanted).await;
        let driver = driver.map_err(|error| format!("{} did not start: {error}", browser.chromium.display()))?;
        Ok(Page { driver, address, axe, profile, _chromedriver: chromedriver })
    }

    /// Closes the browser and removes what it wrote.
    pub async fn quit(self) -> Checked {
        let result = self.driver.quit().await.map_err(|error| format!("the browser did not quit: {error}"));
        let _ = fs::remove_dir_all(&self.profile);
        result
    }

    /// A new visitor: nothing stored, nothing logged, the usual window, light, moving.
    pub async fn fresh(&self) -> Checked {
        self.goto("about:blank").await?;
        self.cdp("Storage.clearDataForOrigin", json!({ "origin": self.origin(), "storageTypes": "all" })).await?;
        self.viewport(WINDOW.0, WINDOW.1).await?;
        self.media(false, false).await?;
        self.log().await.map(drop)
    }

    /// Opens the page (`path` is what follows its address, such as `#hello-world`) and waits until it has started.
    pub async fn open(&self, path: &str) -> Checked {
        // From a page to itself with another fragment the browser would not load anything.
        self.goto("about:blank").await?;
        self.goto(&format!("{}{path}", self.address)).await?;
        self.until("!document.getElementById('loading')", "the page has started").await?;
        self.until("document.querySelector('.transport[aria-busy=false]')", "the world has begun").await
    }

    /// Opens the page as [`Page::open`] does, while the browser refuses files whose addresses fit this pattern. None is refused afterwards.
    pub async fn open_without(&self, pattern: &str) -> Checked {
        self.goto("about:blank").await?;
        self.cdp("Network.enable", json!({})).await?;
        self.cdp("Network.setBlockedURLs", json!({ "urls": [pattern] })).await?;
        self.goto(&self.address).await?;
        self.until("!document.getElementById('loading')", "the page has started").await?;
        self.until("document.querySelector('.notice.bad')", "it is told that something is missing").await?;
        self.cdp("Network.setBlockedURLs", json!({ "urls": [] })).await?;
        self.cdp("Network.disable", json!({})).await.map(drop)
    }

    /// Waits until a JavaScript expression is true; `what` completes "it never came to pass that ...".
    pub async fn until(&self, expression: &str, what: &str) -> Checked {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if self.js(&format!("return Boolean({expression})"), vec![]).await? == Value::Bool(true) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Err(format!("it never came to pass that {what} ({expression}); the page shows: {}", self.text("body").await?))
    }

    /// Runs the body of a JavaScript function with `arguments`; a promise that it returns is awaited.
    pub async fn js(&self, script: &str, arguments: Vec<Value>) -> Checked<Value> {
        let result = self.driver.execute(script, arguments).await;
        let first = script.lines().next().unwrap_or_default();
        result.map(|value| value.json().clone()).map_err(|error| format!("`{first:.100}` failed: {error}"))
    }

    /// Clicks the first element that the selector finds, as a mouse would.
    pub async fn click(&self, css: &str) -> Checked {
        let element = self.find(css).await?;
        element.click().await.map_err(|error| format!("{css} cannot be clicked: {error}"))
    }

    /// The visible text of the first element that the selector finds.
    pub async fn text(&self, css: &str) -> Checked<String> {
        let element = self.find(css).await?;
        element.text().await.map_err(|error| format!("{css} has no text: {error}"))
    }

    /// Types into whatever has the focus; `thirtyfour::Key` names the keys without a letter.
    pub async fn keys(&self, keys: impl Into<thirtyfour::TypingData>) -> Checked {
        let typed = self.driver.action_chain().send_keys(keys).perform().await;
        typed.map_err(|error| format!("the keys were refused: {error}"))
    }

    /// Makes the page exactly this wide and high, in CSS pixels, however small.
    pub async fn viewport(&self, width: u32, height: u32) -> Checked {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.cdp("Emulation.setDeviceMetricsOverride", size).await.map(drop)
    }

    /// Pretends that the visitor prefers dark colours and less motion.
    pub async fn media(&self, dark: bool, reduced_motion: bool) -> Checked {
        let features = json!({ "features": [
            { "name": "prefers-color-scheme", "value": if dark { "dark" } else { "light" } },
            { "name": "prefers-reduced-motion", "value": if reduced_motion { "reduce" } else { "no-preference" } },
        ] });
        self.cdp("Emulation.setEmulatedMedia", features).await.map(drop)
    }

    /// Writes what the window shows at this size to `target/screenshots/NAME-WIDTH-light.png` (or `-dark`).
    pub async fn screenshot(&self, name: &str, width: u32, height: u32, dark: bool) -> Checked {
        self.viewport(width, height).await?;
        self.media(dark, false).await?;
        // Two frames: one to lay out at the new size, one to draw what follows from that.
        let frames = "return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))";
        self.js(frames, vec![]).await?;
        self.picture(&format!("{name}-{width}-{}", if dark { "dark" } else { "light" })).await
    }

    /// Writes what the window shows now to `target/screenshots/NAME.png`.
    pub async fn picture(&self, name: &str) -> Checked {
        let folder = target_dir().join("screenshots");
        fs::create_dir_all(&folder).map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
        let file = folder.join(format!("{name}.png"));
        let saved = self.driver.screenshot(Path::new(&file)).await;
        saved.map_err(|error| format!("{} was not written: {error}", file.display()))
    }

    /// What axe-core finds wrong with the page as it is now, one line each; empty when all is well.
    pub async fn axe(&self) -> Checked<Vec<String>> {
        // The script comes by the driver, past the page's Content-Security-Policy, which would not let it in.
        let found = "return axe.run(document, { resultTypes: ['violations'] }).then(result => result.violations.map(
            rule => `${rule.impact} ${rule.id}: ${rule.help} (${rule.nodes.map(node => node.target.join(' ')).join(', ')})`))";
        let lines = self.js(&format!("{};\n{found}", self.axe), vec![]).await?;
        serde_json::from_value(lines).map_err(|error| format!("axe-core answered with something else: {error}"))
    }

    /// The errors that the browser's console has received since this was last asked: exceptions, refused files, policy.
    pub async fn console_errors(&self) -> Checked<Vec<String>> {
        let entries = self.log().await?;
        Ok(entries.into_iter().filter(|(level, _)| level == "SEVERE").map(|(_, message)| message).collect())
    }

    async fn log(&self) -> Checked<Vec<(String, String)>> {
        let entries =
            self.driver.browser_log().await.map_err(|error| format!("the console cannot be read: {error}"))?;
        Ok(entries.into_iter().map(|entry| (entry.level, entry.message)).collect())
    }

    async fn find(&self, css: &str) -> Checked<WebElement> {
        self.driver.find(By::Css(css)).await.map_err(|_| format!("there is no element {css}"))
    }

    async fn goto(&self, address: &str) -> Checked {
        self.driver.goto(address).await.map_err(|error| format!("{address} cannot be opened: {error}"))
    }

    /// Tells the browser something that WebDriver has no words for.
    pub async fn cdp(&self, name: &str, arguments: Value) -> Checked<Value> {
        let answer = self.driver.cdp().send_raw(name, arguments).await;
        answer.map_err(|error| format!("the browser refused {name}: {error}"))
    }

    fn origin(&self) -> &str {
        self.address.strip_suffix(SUB_PATH).unwrap_or(&self.address)
    }
}

/// The words on the command line that are not options: only scenarios whose names contain one of them are run.
pub fn filters() -> Vec<String> {
    env::args().skip(1).filter(|word| !word.starts_with('-')).collect()
}
