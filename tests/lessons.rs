//! Every lesson, as a learner would take it: both languages, every step, every question, everything that may be broken.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should fail where it stands")]

use std::{collections::BTreeSet, fmt::Write, fs, path::PathBuf, rc::Rc};

use warren_sim::{
    event::What,
    input::Input,
    lesson::Lesson,
    lessons::{EXAMPLES, Entry, all, lesson, titles},
    process::ProcessState,
    script::Command,
    session::{MAX_STEPS_OF_COMMAND, Session},
};

/// Programs that are meant to die of an error in their lesson's own run.
const MEANT_TO_FAIL: &[(&str, &[&str])] = &[("restart", &["worker", "careless"]), ("redis-pool", &["web_5", "now_3"])];
/// All texts are part of the page, so they share its budget.
const MAX_BYTES: usize = 125 * 1024;
/// A chapter that is watched at the speed of the virtual clock should not try anyone's patience.
const MAX_CHAPTER_MS: u64 = 13_000;

fn read(id: &str, text: &str) -> Lesson {
    Lesson::parse(text).unwrap_or_else(|fault| panic!("{id}: {fault}"))
}

/// What must be equal in all languages, printed.
fn bones(lesson: &Lesson) -> String {
    let mut text = format!("{} {} {}\n{:?}\n", lesson.id, lesson.seed, lesson.latency_ms, lesson.setup);
    writeln!(text, "{} {}", lesson.console, lesson.minutes).unwrap();
    for chapter in &lesson.chapters {
        writeln!(text, "{:?}", chapter.script).unwrap();
        for choice in chapter.question.iter().flat_map(|question| &question.choices) {
            writeln!(text, "{:?}", choice.condition).unwrap();
        }
        for (input, _) in &chapter.breaks {
            writeln!(text, "{input}").unwrap();
        }
    }
    text
}

/// The lessons at their first moment, in English.
fn sessions() -> impl Iterator<Item = (&'static str, Session)> {
    all().map(|(Entry { id, .. }, [english, _])| {
        let lesson = read(id, english);
        let seed = lesson.seed;
        (*id, Session::new(Rc::new(lesson), seed))
    })
}

#[test]
fn both_languages_tell_the_same_run() {
    for (Entry { id, titles }, [english, chinese]) in all() {
        let (en, zh) = (read(id, english), read(id, chinese));
        assert_eq!(en.id, *id);
        assert_eq!([&*en.title, &*zh.title], *titles, "{id}: the list names it otherwise");
        assert_eq!(bones(&en), bones(&zh), "{id}: the languages differ");
        let known = Rc::new(en.clone());
        let told = Rc::new(zh.clone());
        assert_eq!(
            Session::new(known, en.seed).timeline().length(),
            Session::new(told, zh.seed).timeline().length(),
            "{id}"
        );
        assert_ne!(en.chapters[0].title, zh.chapters[0].title, "{id}: one of the languages is missing");
        assert_eq!(lesson(id, "zh"), Some(zh));
        assert_eq!(lesson(id, "en"), Some(en));
    }
    assert_eq!(lesson("nothing", "en"), None);
    let listed: Vec<String> = titles("zh").into_iter().map(|(_, title)| title).collect();
    assert_eq!(listed[1], "工作队列");
    assert!(listed.iter().all(|title| !title.is_empty()));
    let bytes: usize = all().map(|(_, [english, chinese])| english.len() + chinese.len()).sum();
    assert!(bytes <= MAX_BYTES, "the lessons take {bytes} bytes");
}

#[test]
fn every_lesson_has_chapters_questions_and_something_to_break() {
    for (Entry { id, .. }, [english, _]) in all().take(EXAMPLES) {
        let lesson = read(id, english);
        assert!((4..=8).contains(&lesson.chapters.len()), "{id}: {} chapters", lesson.chapters.len());
        assert!(lesson.chapters.iter().filter(|chapter| chapter.question.is_some()).count() >= 2, "{id}");
        for chapter in &lesson.chapters {
            let title = &chapter.title;
            assert!(!chapter.before.is_empty() && !chapter.after.is_empty(), "{id}, {title}: no prose");
            assert!(!chapter.script.is_empty(), "{id}, {title}: nothing happens");
            assert!(!chapter.breaks.is_empty(), "{id}, {title}: nothing to break");
        }
    }
}

#[test]
fn every_example_shows_something_and_can_be_broken() {
    for (Entry { id, .. }, [english, _]) in all().skip(EXAMPLES) {
        let lesson = read(id, english);
        assert!((1..=3).contains(&lesson.chapters.len()), "{id}: {} chapters", lesson.chapters.len());
        assert!(lesson.chapters.iter().any(|chapter| !chapter.breaks.is_empty()), "{id}: nothing to break");
        for chapter in &lesson.chapters {
            let prose = !chapter.before.is_empty() && !chapter.after.is_empty();
            assert!(prose && !chapter.script.is_empty(), "{id}, {}: no prose, or nothing happens", chapter.title);
        }
    }
    assert!(all().count() >= EXAMPLES + 10);
}

#[test]
fn every_command_of_a_script_reaches_what_it_runs_for() {
    for (id, session) in sessions() {
        let lesson = session.lesson().clone();
        let progress = session.timeline().branch().progress().to_vec();
        let mut before = 0;
        for (index, command) in lesson.plan().enumerate() {
            let done = |step: &&(u32, _)| progress_done(step) as usize > index;
            let (step, _) =
                progress.iter().find(done).unwrap_or_else(|| panic!("{id}: {command:?} was not carried out"));
            assert!(step - before < MAX_STEPS_OF_COMMAND, "{id}: {command:?} ran into its bound");
            before = *step;
            let world = session.timeline().world_at(*step);
            match command {
                Command::RunUntil(condition) => assert!(condition.holds(&world), "{id}: {command:?} does not hold"),
                Command::RunIdle => assert_eq!(world.next_due(), None, "{id}: it is not idle at step {step}"),
                Command::Do(_) | Command::Step(_) => {}
            }
        }
        for chapter in 0..lesson.chapters.len() {
            let (start, end) = session.span(chapter);
            let branch = session.timeline().branch();
            let took = branch.time_ms(end) - branch.time_ms(start);
            assert!(took <= MAX_CHAPTER_MS, "{id}, chapter {}: {took} ms", chapter + 1);
        }
    }
}

fn progress_done(entry: &(u32, warren_sim::timeline::Progress)) -> u32 {
    entry.1.done
}

#[test]
fn every_question_has_one_right_answer() {
    for (id, session) in sessions() {
        for (index, chapter) in session.lesson().chapters.iter().enumerate() {
            let verdicts = session.verdicts(index);
            assert_eq!(verdicts.is_empty(), chapter.question.is_none());
            let right = verdicts.iter().filter(|right| **right).count();
            assert!(verdicts.is_empty() || right == 1, "{id}, {}: {verdicts:?}", chapter.title);
        }
    }
}

#[test]
fn another_seed_tells_the_same_story() {
    for (id, session) in sessions() {
        let chapters = session.lesson().chapters.len();
        for seed in [0, 77, u64::MAX] {
            let other = Session::new(session.lesson().clone(), seed);
            for chapter in 0..chapters {
                assert_eq!(other.verdicts(chapter), session.verdicts(chapter), "{id}, seed {seed}, {chapter}");
            }
        }
    }
}

/// Seen with pika 1.4 and RabbitMQ 3.10: who is busy learns of it from the next write, who waits reads the broker's last word.
#[test]
fn a_lost_connection_is_noticed_when_the_program_reads_or_writes() {
    let (_, mut session) = sessions().find(|(id, _)| *id == "restart").unwrap();
    let printed = |session: &Session| {
        let worker = session.world().process(&"worker".into()).unwrap();
        worker.output.iter().map(|line| line.text().to_string()).collect::<Vec<_>>()
    };
    session.seek(session.span(2).1);
    let lines = printed(&session);
    assert_eq!(lines[..2], [" [x] Received 3", " [x] Done"]);
    assert!(lines[2].contains("StreamLostError"), "{lines:?}");

    session.seek_end();
    session.run("broker stop\nrun idle").unwrap();
    let lines = printed(&session);
    assert!(lines[2].contains("ConnectionClosedByBroker: (320, \"CONNECTION_FORCED"), "{lines:?}");
}

/// pika leaves `start_consuming` when the broker cancels its last consumer, and the program comes to its end.
#[test]
fn a_consumer_whose_queue_is_deleted_ends_without_an_error() {
    let (_, mut session) = sessions().find(|(id, _)| *id == "restart").unwrap();
    session.seek_end();
    session.run("amqp me queue.delete queue=task_queue\nrun idle").unwrap();
    let worker = session.world().process(&"worker".into()).unwrap();
    assert_eq!(worker.state, ProcessState::Ended { error: None });
}

#[test]
fn the_right_answer_does_not_always_stand_first() {
    let mut places = BTreeSet::new();
    for (_, session) in sessions() {
        for chapter in 0..session.lesson().chapters.len() {
            places.extend(session.verdicts(chapter).iter().position(|right| *right));
        }
    }
    assert!(places.is_superset(&BTreeSet::from([0, 1, 2])), "{places:?}");
}

#[test]
fn everything_that_may_be_broken_can_be() {
    for (id, session) in sessions() {
        for (index, chapter) in session.lesson().chapters.iter().enumerate() {
            for (line, _) in &chapter.breaks {
                let input = Input::parse(line).unwrap_or_else(|fault| panic!("{id}: {line}: {fault}"));
                let mut broken = session.clone();
                broken.seek(session.span(index).1);
                let here = broken.timeline().position();
                assert!(broken.submit(input.clone()));
                assert_eq!(broken.timeline().position(), here + 1);
                for event in broken.timeline().events(here + 1, here + 1) {
                    assert!(!matches!(event.what, What::NotDone { .. }), "{id}: {input}: {:?}", event.what);
                }
                // Whatever was broken, the rest of the lesson still plays, and the world keeps its promises.
                while broken.forward() && broken.timeline().position() < here + 2_000 {
                    broken.world().check().unwrap_or_else(|broken| panic!("{id}: after {input}: {broken}"));
                }
            }
        }
    }
}

#[test]
fn every_step_keeps_its_promises_and_only_those_die_who_should() {
    for (id, mut session) in sessions() {
        let mut failed = BTreeSet::new();
        session.world().check().unwrap();
        while session.timeline().position() < session.timeline().length() {
            assert!(session.forward());
            let step = session.timeline().position();
            session.world().check().unwrap_or_else(|broken| panic!("{id}, step {step}: {broken}"));
            for event in session.timeline().events(step, step) {
                assert!(!matches!(event.what, What::NotDone { .. }), "{id}, step {step}: {:?}", event.what);
            }
            for process in session.world().processes() {
                if let ProcessState::Ended { error: Some(_) } = process.state {
                    failed.insert(process.name.text().to_string());
                }
            }
        }
        let meant = MEANT_TO_FAIL.iter().find(|(lesson, _)| *lesson == id).map_or(&[][..], |(_, names)| names);
        assert_eq!(failed, meant.iter().map(|name| name.to_string()).collect(), "{id}");
    }
}

#[test]
fn any_moment_sought_is_the_moment_lived() {
    for (id, mut session) in sessions() {
        let mut lived = vec![session.hash()];
        while session.timeline().position() < session.timeline().length() {
            session.forward();
            lived.push(session.hash());
        }
        for n in (0..lived.len()).rev() {
            session.seek(n as u32);
            assert_eq!(session.hash(), lived[n], "{id}, back at step {n}");
        }
        for n in (0..lived.len()).map(|n| n * 7919 % lived.len()) {
            session.seek(n as u32);
            assert_eq!(session.hash(), lived[n], "{id}, at step {n}");
        }
    }
}

/// The page's own tests compare with the same table, so that native and WebAssembly are known to agree.
#[test]
fn the_last_hash_of_each_lesson_is_known() {
    let mut table = String::new();
    for (id, mut session) in sessions() {
        session.seek_end();
        writeln!(table, "{id} {} {} {}", session.seed(), session.timeline().length(), session.hash()).unwrap();
    }
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/lesson_hashes.txt");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &table).unwrap();
    }
    let known = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(table, known, "if the change is meant: UPDATE_EXPECT=1 cargo test -p warren-sim --test lessons");
}
