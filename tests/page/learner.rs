//! What a learner does, in the built page: open a lesson, play, step, go back, scrub, type, break things, share.

use serde_json::{Value, json};
use thirtyfour::Key;
use warren_sim::link::Link;

use super::browser::{Checked, Page};

/// What `window.warren` answers to an expression.
async fn warren(page: &Page, expression: &str) -> Checked<Value> {
    page.js(&format!("return window.warren.{expression}"), vec![]).await
}

/// Opens the page and a lesson in it.
async fn lesson(page: &Page, id: &str) -> Checked {
    page.open("").await?;
    page.js("window.warren.load(arguments[0])", vec![json!(id)]).await?;
    page.until("window.warren.position() === 0", "the lesson stands at its first moment").await
}

pub async fn plays_pauses_steps_and_goes_back(page: &Page) -> Checked {
    lesson(page, "hello-world").await?;
    let start = warren(page, "hash()").await?;
    page.click(".transport .play").await?;
    page.until("window.warren.position() > 3", "time runs").await?;
    page.click(".transport .play").await?;
    let paused = warren(page, "position()").await?;
    page.click(".transport .step").await?;
    page.until(&format!("window.warren.position() > {paused}"), "a step was made").await?;
    let moved = warren(page, "hash()").await?;
    let here = warren(page, "position()").await?;
    page.click(".transport .back").await?;
    page.until(&format!("window.warren.position() === {here} - 1"), "it went back").await?;
    page.js("window.warren.step(1)", vec![]).await?;
    assert_eq!(warren(page, "hash()").await?, moved, "back and forward again is the same world");
    page.js("window.warren.seek(0)", vec![]).await?;
    assert_eq!(warren(page, "hash()").await?, start);
    Ok(())
}

pub async fn scrubs_by_keyboard_and_by_the_slider(page: &Page) -> Checked {
    lesson(page, "work-queue").await?;
    page.js("document.activeElement.blur()", vec![]).await?;
    page.keys(Key::Right).await?;
    page.until("window.warren.position() === 1", "the arrow key steps").await?;
    page.keys(Key::Left).await?;
    page.until("window.warren.position() === 0", "the arrow key steps back").await?;
    let length = warren(page, "length()").await?.as_u64().unwrap_or(0);
    assert!(length > 50, "the whole lesson lies on the timeline: {length} steps");
    let slide = "const slider = document.querySelector('.scrub input');
        slider.value = arguments[0];
        slider.dispatchEvent(new Event('input', { bubbles: true }))";
    for step in [length, length / 2, 3] {
        page.js(slide, vec![json!(step.to_string())]).await?;
        page.until(&format!("window.warren.position() === {step}"), "the slider goes there").await?;
    }
    assert!(page.text(".step-chip").await?.contains(&length.to_string()));
    Ok(())
}

/// Chooses the fastest speed, sees the open chapter happen and gives what the page says of the answer.
async fn verdict(page: &Page) -> Checked<String> {
    page.click(".lesson-go .primary").await?;
    page.until("document.querySelector('.choice.true') !== null", "the run has answered").await?;
    page.text(".verdict").await
}

pub async fn grades_the_answer_by_the_run(page: &Page) -> Checked {
    lesson(page, "work-queue").await?;
    let fast = "const speed = document.querySelector('.speed');
        speed.selectedIndex = speed.options.length - 1;
        speed.dispatchEvent(new Event('change', { bubbles: true }))";
    page.js(fast, vec![]).await?;
    page.click(".chapters .dot:nth-child(2)").await?;
    page.click(".question .choice:nth-of-type(2) input").await?;
    assert_eq!(verdict(page).await?, "The run agrees with you.");
    page.click(".chapters .dot:nth-child(2)").await?;
    page.click(".question .choice:nth-of-type(1) input").await?;
    assert_eq!(verdict(page).await?, "The run says otherwise. What happened: 2 and 4");
    page.until("document.querySelector('.choice.false.chosen') !== null", "the wrong choice is marked").await?;
    page.click(".segments .segment:nth-child(2)").await?;
    page.until("document.querySelector('.verdict').innerText.includes('运行结果并非如此')", "it is said in Chinese")
        .await?;
    // What the learner changes, the run judges: without worker_2 no choice is true any more.
    page.click(".chapters .dot:nth-child(2)").await?;
    page.js("window.warren.run('kill worker_2')", vec![]).await?;
    page.click(".lesson-go .primary").await?;
    page.until("document.querySelector('.verdict').innerText.includes('没有一个选项')", "no choice fits").await
}

pub async fn types_redis_commands_and_takes_them_back(page: &Page) -> Checked {
    lesson(page, "redis-strings").await?;
    page.click("#tab-console").await?;
    page.click(".console input").await?;
    page.keys("SET own foo\n").await?;
    page.until("window.warren.snapshot().keys.some(key => key.key === 'own')", "the key is set").await?;
    page.keys("SETBIT own 7 1\nGET own\n").await?;
    page.until("document.querySelector('.console').innerText.includes('\"goo\"')", "the console prints").await?;
    assert_eq!(warren(page, "redis('GET own')").await?, "\"goo\"");
    page.click(".transport .back").await?;
    page.click(".transport .back").await?;
    page.click(".transport .back").await?;
    page.until("window.warren.snapshot().keys.find(key => key.key === 'own').value === 'foo'", "the bit is taken back")
        .await?;
    for (line, printed) in [
        ("NOSUCH a b", "(error) ERR unknown command 'NOSUCH', with args beginning with: 'a' 'b' "),
        ("GET", "(error) ERR wrong number of arguments for 'get' command"),
        ("GET \"open", "Invalid argument(s)"),
        ("SET k <script>alert(1)</script>", "OK"),
    ] {
        assert_eq!(page.js("return window.warren.redis(arguments[0])", vec![json!(line)]).await?, printed, "{line}");
    }
    page.click("#tab-keys").await?;
    page.until("document.querySelector('.tab-body').innerText.includes('<script>')", "script is plain text").await
}

pub async fn kills_a_consumer_and_restarts_the_broker(page: &Page) -> Checked {
    lesson(page, "work-queue").await?;
    page.js("window.warren.run('run until working worker_1 1')", vec![]).await?;
    let before = warren(page, "hash()").await?;
    let alive = "window.warren.snapshot().processes.find(process => process.name === 'worker_1').alive";
    page.click(".toolbar-row .button:nth-child(4)").await?;
    page.click(".menu .button.danger").await?;
    page.until(&format!("!({alive})"), "worker_1 is dead").await?;
    page.click(".transport .back").await?;
    page.until(alive, "going back takes it back").await?;
    assert_eq!(warren(page, "hash()").await?, before);
    page.js("window.warren.run('broker kill')", vec![]).await?;
    page.until("!window.warren.snapshot().broker_running", "the broker is down").await?;
    page.js("window.warren.run('broker start')", vec![]).await?;
    page.until("window.warren.snapshot().broker_running", "the broker is up again").await?;
    let queues = page.js("return window.warren.snapshot().queues.length", vec![]).await?;
    assert_eq!(queues, 0, "task_queue was not durable");
    Ok(())
}

pub async fn a_link_shows_the_same_hash_elsewhere(page: &Page) -> Checked {
    lesson(page, "fanout").await?;
    page.js("window.warren.run('step 30\\namqp you basic.publish exchange=logs body=\"by hand 手\"\\nstep 4')", vec![])
        .await?;
    let link = warren(page, "link()").await?.as_str().unwrap_or_default().to_string();
    let hash = warren(page, "hash()").await?;
    let fragment = link.split_once('#').map(|(_, fragment)| fragment.to_string()).unwrap_or_default();
    page.fresh().await?;
    page.open(&format!("#{fragment}")).await?;
    page.until("window.warren.position() > 0", "the link opens its moment").await?;
    assert_eq!(warren(page, "hash()").await?, hash);
    Ok(())
}

pub async fn bad_links_and_bad_lines_are_told_and_change_nothing(page: &Page) -> Checked {
    lesson(page, "direct").await?;
    page.js("window.warren.step(20)", vec![]).await?;
    let hash = warren(page, "hash()").await?;
    let good = warren(page, "link()").await?.as_str().unwrap_or_default().to_string();
    let fragment = good.split_once('#').map(|(_, fragment)| fragment.to_string()).unwrap_or_default();
    let cut = &fragment[..fragment.len() - 5];
    let unknown = Link { lesson: "no-such-lesson".into(), language: "en".into(), ..Link::default() };
    let unknown = unknown.print().map_err(|error| format!("{error:?}"))?;
    for bad in [cut, "v=7&lesson=direct", "v=1&lesson=direct", &unknown] {
        page.js("location.hash = arguments[0]", vec![json!(bad)]).await?;
        page.until("document.querySelector('.notice.bad') !== null", "the page says what is wrong").await?;
        page.click(".notice button").await?;
        page.until("document.querySelector('.notice') === null", "the notice is put away").await?;
        assert_eq!(warren(page, "hash()").await?, hash, "{bad}");
    }
    let thrown =
        "try { window.warren[arguments[0]](arguments[1]); return 'nothing'; } catch (error) { return error.message }";
    for (function, argument, part) in [
        ("load", "no-such-lesson", "there is no lesson 'no-such-lesson'"),
        ("run", "kill", "line 1, column 1: expected: kill NAME"),
        ("run", "step 1\nstart x sned", "there is no program 'sned'"),
        ("step", "three", "n: expected a whole number"),
    ] {
        let message = page.js(thrown, vec![json!(function), json!(argument)]).await?;
        assert!(message.as_str().is_some_and(|text| text.contains(part)), "{function} {argument:?}: {message}");
        assert_eq!(warren(page, "hash()").await?, hash, "{function} {argument:?}");
    }
    Ok(())
}

pub async fn every_lesson_in_both_languages_has_no_fault_for_axe(page: &Page) -> Checked {
    page.open("").await?;
    let lessons = warren(page, "lessons()").await?;
    for id in lessons.as_array().into_iter().flatten().filter_map(|lesson| lesson["id"].as_str()) {
        page.js("window.warren.load(arguments[0]); window.warren.step(40)", vec![json!(id)]).await?;
        for language in [1, 2] {
            page.click(&format!(".segments .segment:nth-child({language})")).await?;
            assert_eq!(page.axe().await?, [""; 0], "{id}, language {language}");
        }
    }
    Ok(())
}

pub async fn looks_right_at_every_width_and_in_every_tab(page: &Page) -> Checked {
    lesson(page, "work-queue").await?;
    page.js("window.warren.run('run until working worker_1 3')", vec![]).await?;
    for (width, height) in [(360, 740), (768, 1024), (1440, 900)] {
        for dark in [false, true] {
            page.screenshot("work-queue", width, height, dark).await?;
            let wide = page.js("return document.documentElement.scrollWidth", vec![]).await?;
            assert_eq!(wide, width, "nothing sticks out at {width}");
            page.media(dark, false).await?;
            assert_eq!(page.axe().await?, [""; 0], "{width}, dark: {dark}");
        }
    }
    page.media(false, false).await?;
    for tab in ["queues", "events", "console", "keys"] {
        page.click(&format!("#tab-{tab}")).await?;
        assert_eq!(page.axe().await?, [""; 0], "{tab}");
        page.screenshot(&format!("tab-{tab}"), 1440, 900, tab == "events").await?;
    }
    Ok(())
}
